"""Many processes at once, with one data ID or with as many as there are datasets."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from butler import Butler, DatasetType
from butler.errors import DatasetExistsError
from faults.worker import Workers

PROCESSES = 8


@dataclass(frozen=True)
class PutEach:
    """Put small dicts one by one, as a pipeline's task does."""

    repo: Path
    labels: tuple[str, ...]
    value: int

    def __call__(self) -> list[str]:
        with Butler(self.repo, run="u/me/many") as butler:
            return [str(butler.put({"n": self.value}, "stats", label=label).id) for label in self.labels]


@dataclass(frozen=True)
class IngestEach(PutEach):
    """Ingest a file of its own."""

    def __call__(self) -> list[str]:
        file = self.repo.with_name(f"{self.value}.json")
        file.write_text(f'{{"n": {self.value}}}')
        with Butler(self.repo, run="u/me/many") as butler:
            files = [(file, {"label": label}) for label in self.labels]
            return [str(ref.id) for ref in butler.ingest(files, "stats", mode="move")]


@pytest.fixture
def butler(butler: Butler, repo: Path, workers: Workers) -> Butler:
    butler.registry.definitions.register_dataset_type(DatasetType("stats", "Dict", ("label",)))
    butler.registry.definitions.register_units("label", [{"label": "first"}, {"label": "contested"}])
    workers.warm_up(PutEach(repo, ("first",), 0))
    return butler


@pytest.mark.parametrize("writers", [2, 50])
@pytest.mark.parametrize("way", [PutEach, IngestEach])
def test_of_many_writers_of_one_data_id_one_wins_and_the_others_leave_nothing(
    butler: Butler, repo: Path, workers: Workers, writers: int, way: Any
) -> None:
    before = len(list(butler.datastore.inventory.paths()))
    outcomes = workers.run_together([way(repo, ("contested",), number) for number in range(writers)])
    won = [number for number, outcome in enumerate(outcomes) if outcome.error is None]
    assert len(won) == 1
    lost = [outcome for outcome in outcomes if outcome.error]
    assert all(isinstance(outcome.error, DatasetExistsError) for outcome in lost), lost[0].trace
    assert len(list(butler.datastore.inventory.paths())) == before + 1
    assert butler.get("stats", label="contested", collections="u/me/many") == {"n": won[0]}
    assert list(butler.verify()) == []
    if way is IngestEach:
        there = {number for number in range(writers) if repo.with_name(f"{number}.json").exists()}
        assert there == set(range(writers)) - set(won), "the losers keep their files"


@pytest.mark.parametrize("puts", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_eight_processes_that_put_into_one_run_neither_fail_nor_deadlock(
    butler: Butler, repo: Path, workers: Workers, puts: int, database: Any
) -> None:
    butler.registry.definitions.register_units("label", [{"label": f"l{n}"} for n in range(PROCESSES * puts)])
    outcomes = workers.run_together(
        [
            PutEach(repo, tuple(f"l{n}" for n in range(process, PROCESSES * puts, PROCESSES)), process)
            for process in range(PROCESSES)
        ]
    )
    assert not any(outcome.trace for outcome in outcomes), outcomes[0].trace
    ids = Counter(dataset_id for outcome in outcomes for dataset_id in outcome.value)
    assert len(ids) == sum(ids.values()) == PROCESSES * puts
    there = butler.registry.query("SELECT count(*) FROM dataset WHERE label LIKE 'l%'").scalar()
    assert there == PROCESSES * puts
    assert list(butler.verify()) == []
    with database.connect("superuser").cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        assert cursor.fetchone() == (0,)
