"""Datasets that are unstored, removed and restored, and their files."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from butler import Butler, CollectionType, DataId, DatasetRef, DatasetType
from butler.errors import (
    ArtifactMissingError,
    CollectionNotFoundError,
    DatabaseUnavailableError,
    DatasetExistsError,
    DatasetNotFoundError,
    NotSupportedError,
    PermissionDeniedError,
)
from butler.maintenance.trash import BATCH
from butler.values import new_dataset_id

NOW = timedelta(0)


@pytest.fixture
def butler(butler: Butler) -> Butler:
    butler.registry.definitions.register_camera(
        {"camera": "Cam", "sensors": [{"sensor": n} for n in range(5)]}
    )
    butler.registry.definitions.register_dataset_type(DatasetType("stats", "Dict", ("sensor",)))
    butler.registry.collections.register("best", CollectionType.TAGGED)
    return butler


@pytest.fixture
def owner(butler: Butler, repo: Path) -> Any:
    with Butler(repo, role="owner") as owner:
        yield owner


def put(butler: Butler, sensor: int = 1, run: str | None = None) -> DatasetRef:
    return butler.put({"sensor": sensor}, "stats", camera="Cam", sensor=sensor, run=run)


def files(repo: Path) -> list[Path]:
    return sorted(path for path in repo.rglob("*stats*") if path.is_file())


def agrees(butler: Butler) -> bool:
    return list(butler.verify()) == []


def test_a_file_without_an_id_in_its_name_goes_only_if_it_is_what_was_registered(
    butler: Butler, owner: Butler, repo: Path
) -> None:
    """Else whoever says that he has it would have another's file deleted."""
    notes = repo / "data" / "notes.txt"
    notes.write_text("another's")
    ref = put(butler)
    assert ref.artifacts
    said = replace(ref, id=new_dataset_id(), data_id=DataId(camera="Cam", sensor=2))
    claim = replace(said, artifacts=(replace(ref.artifacts[0], path="notes.txt"),))
    butler.registry.puts.put(ref.run, [claim])
    butler.remove([claim])
    ((path, reason),) = owner.removal.empty_trash(older_than=NOW).failures
    assert path == "notes.txt"
    assert "is not the file that was registered: its size differs" in reason
    assert notes.read_text() == "another's"
    notes.unlink()
    assert owner.removal.empty_trash(older_than=NOW).artifacts == 1


def test_a_removed_dataset_is_gone_and_its_file_is_in_the_trash(butler: Butler, repo: Path) -> None:
    ref = put(butler)
    (outcome,) = butler.remove([ref], reason="cloudy")
    assert (outcome.outcome, outcome.datasets, outcome.files, outcome.dataset_ids) == (
        "removed",
        1,
        1,
        (ref.id,),
    )
    assert outcome.bytes == files(repo)[0].stat().st_size
    assert not butler.exists("stats", camera="Cam", sensor=1)
    with pytest.raises(DatasetNotFoundError):
        butler.get("stats", camera="Cam", sensor=1)
    assert agrees(butler)


def test_the_name_of_a_removed_dataset_can_be_put_again(butler: Butler) -> None:
    first = put(butler)
    butler.remove([first])
    second = put(butler)
    assert butler.get(second) == {"sensor": 1}
    assert second.id != first.id
    with pytest.raises(DatasetExistsError, match=str(second.id)):
        butler.removal.restore([first])


def test_an_unstored_dataset_says_who_took_its_bytes_and_how_to_have_them_back(butler: Butler) -> None:
    ref = put(butler)
    butler.unstore([ref], reason="disk full")
    assert butler.find("stats", camera="Cam", sensor=1) == ref
    with pytest.raises(
        ArtifactMissingError, match=r"unstored at 20.*Z by butler_writer: disk full"
    ) as caught:
        butler.get("stats", camera="Cam", sensor=1)
    assert "restore" in str(caught.value.hint)
    assert butler.removal.restore([ref.id]) == 1
    assert butler.get("stats", camera="Cam", sensor=1) == {"sensor": 1}
    assert agrees(butler)


def test_emptying_the_trash_deletes_the_files(butler: Butler, owner: Butler, repo: Path) -> None:
    gone, kept = put(butler, 1), put(butler, 2)
    butler.unstore([gone])
    size = files(repo)[0].stat().st_size
    assert butler.removal.empty_trash().artifacts == 0, "it isn't old enough"
    with pytest.raises(PermissionDeniedError, match="only the owner"):
        butler.removal.empty_trash(older_than=NOW)
    emptied = owner.removal.empty_trash(older_than=NOW)
    assert (emptied.artifacts, emptied.bytes, emptied.failures) == (1, size, ())
    assert len(files(repo)) == 1
    assert butler.get(kept) == {"sensor": 2}
    with pytest.raises(ArtifactMissingError, match="unstored") as caught:
        butler.get("stats", camera="Cam", sensor=1)
    assert "make it again" in str(caught.value.hint)
    with pytest.raises(ArtifactMissingError, match="deleted"):
        butler.removal.restore([gone])
    assert agrees(butler)


def test_a_trash_of_more_than_one_batch_is_emptied(
    butler: Butler, owner: Butler, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("butler.maintenance.trash.BATCH", 2)
    assert BATCH > 2
    butler.remove([put(butler, n) for n in range(5)])
    progress: list[int] = []
    assert (
        owner.removal.empty_trash(older_than=NOW, on_progress=lambda done, _: progress.append(done)).artifacts
        == 5
    )
    assert progress == [2, 4, 5]
    assert files(repo) == []


def test_a_file_that_can_t_be_deleted_is_named_and_tried_again(
    butler: Butler, owner: Butler, repo: Path
) -> None:
    butler.remove([put(butler, 1), put(butler, 2)])
    stuck = files(repo)[0]
    stuck.unlink()
    stuck.mkdir()  # what no unlink removes, whoever tries
    emptied = owner.removal.empty_trash(older_than=NOW)
    assert emptied.artifacts == 1
    ((path, reason),) = emptied.failures
    assert stuck.name in path
    assert reason
    stuck.rmdir()
    assert owner.removal.empty_trash(older_than=NOW).artifacts == 1
    assert agrees(butler)


def test_of_two_that_empty_the_trash_a_slow_one_deletes_no_file_that_was_registered_anew(
    butler: Butler, owner: Butler, repo: Path, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slow one has claimed a file that any dataset may have, and stops before it deletes it."""
    first, second = put(butler, 1), put(butler, 2)
    assert first.artifacts
    file = files(repo)[0].with_name("shared")
    with database.connect("superuser").cursor() as cursor:
        (path,) = {artifact.path for artifact in first.artifacts}
        shared = str(Path(path).with_name("shared"))
        cursor.execute(
            "UPDATE butler_internal.artifact SET path = %s WHERE dataset_id = %s", (shared, str(first.id))
        )
    files(repo)[[first.id.hex in f.name for f in files(repo)].index(True)].rename(file)
    butler.remove([first])
    artifacts = tuple(replace(artifact, path=shared) for artifact in first.artifacts)
    again = replace(first, id=new_dataset_id(), artifacts=artifacts)
    remove = owner.datastore.members["main"].remove
    seen: list[object] = []

    def slowly(doomed: Any) -> None:
        with Butler(repo, role="owner") as other:
            seen.append(other.removal.empty_trash(older_than=NOW).artifacts)
        with pytest.raises(DatasetExistsError, match="is being deleted") as caught:
            butler.registry.puts.put(again.run, [again])
        seen.append("Try again" in str(caught.value.hint))
        remove(doomed)

    monkeypatch.setattr(owner.datastore.members["main"], "remove", slowly)
    assert owner.removal.empty_trash(older_than=NOW).artifacts == 1
    assert seen == [0, True]
    assert not file.exists()
    file.write_bytes(files(repo)[0].read_bytes())
    assert butler.registry.puts.put(again.run, [again]) == 1
    assert owner.removal.empty_trash(older_than=NOW).artifacts == 0
    assert file.exists()
    assert butler.exists(second)


def test_one_that_lost_its_connection_deletes_nothing_more(
    butler: Butler, owner: Butler, repo: Path, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    butler.remove([put(butler, n) for n in range(3)])
    superuser = database.connect("superuser")
    remove = owner.datastore.members["main"].remove
    monkeypatch.setattr("butler.registry.postgres.held_trash._SURE_FOR", 0)

    def cut_after(doomed: Any) -> None:
        remove(doomed)
        with superuser.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'butler_owner' AND state = 'idle in transaction'"
            )

    monkeypatch.setattr(owner.datastore.members["main"], "remove", cut_after)
    with pytest.raises(DatabaseUnavailableError):
        owner.removal.empty_trash(older_than=NOW)
    assert len(files(repo)) == 2
    monkeypatch.undo()
    assert owner.removal.empty_trash(older_than=NOW).artifacts == 3
    assert files(repo) == []
    assert agrees(butler)


def test_a_file_that_is_gone_already_is_no_failure(butler: Butler, owner: Butler, repo: Path) -> None:
    butler.remove([put(butler)])
    files(repo)[0].unlink()
    emptied = owner.removal.empty_trash(older_than=NOW)
    assert (emptied.artifacts, emptied.failures) == (1, ())


def test_a_file_ingested_in_place_stays(butler: Butler, owner: Butler, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text('{"a": 1}')
    (ref,) = butler.ingest([(file, {"camera": "Cam", "sensor": 3})], "stats", mode="in-place")
    butler.remove([ref])
    emptied = owner.removal.empty_trash(older_than=NOW)
    assert (emptied.artifacts, emptied.bytes) == (1, 0)
    assert file.exists()


def test_a_file_of_the_datastore_can_t_be_ingested_in_place(butler: Butler, repo: Path) -> None:
    put(butler)
    with pytest.raises(NotSupportedError, match="lies in datastore"):
        butler.ingest([(files(repo)[0], {"camera": "Cam", "sensor": 3})], "stats", mode="in-place")


def test_removing_a_run_is_one_statement_and_takes_its_datasets(
    butler: Butler, statements: list[str]
) -> None:
    refs = [put(butler, n) for n in range(3)]
    statements.clear()
    outcomes = butler.removal.remove_collection("u/me/first", datasets=True)
    assert len(statements) == 1
    assert [o.outcome for o in outcomes] == ["removed", "collection removed"]
    assert outcomes[0].datasets == 4, "three, and the run's environment"
    assert {ref.id for ref in refs} < set(outcomes[0].dataset_ids)
    with pytest.raises(CollectionNotFoundError):
        butler.get("stats", camera="Cam", sensor=1)
    assert put(butler, 1), "the run's name can be used again"


@pytest.mark.parametrize("verb", ["unstore", "remove"])
def test_a_plan_names_what_is_kept_and_is_one_statement(
    butler: Butler, verb: str, statements: list[str]
) -> None:
    one, other = put(butler, 1), put(butler, 2)
    butler.associate("best", [one])
    statements.clear()
    planned = getattr(butler, verb)([one, other], dry_run=True)
    assert len(statements) == 1
    assert [(o.outcome, o.reason, o.dataset_ids) for o in planned] == [
        (f"{verb}d".replace("eed", "ed"), "", (other.id,)),
        ("kept", "in best", (one.id,)),
    ]
    assert [str(o) for o in planned] == [
        f"{planned[0].outcome}: 1 dataset, 1 file, {planned[0].bytes} bytes",
        f"kept: 1 dataset, 1 file, {planned[1].bytes} bytes, in best",
    ]
    assert butler.get(one) == {"sensor": 1}
    assert butler.get(other) == {"sensor": 2}
    assert getattr(butler, verb)([one, other]) == planned
