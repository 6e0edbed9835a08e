"""Many datasets at once: each folder is flushed once, before the registry is told of any of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from flushing import Flushes

from butler import Butler, DatasetRef, DatasetType
from butler.errors import StorageError

LABELS = [f"n{number}" for number in range(20)]
MANY = [({"n": label}, {"label": label}) for label in LABELS]


@pytest.fixture
def butler(butler: Butler) -> Butler:
    definitions = butler.registry.definitions
    definitions.register_dataset_type(DatasetType("stats", "Dict", ("label",)))
    definitions.register_units("label", [{"label": label} for label in [*LABELS, "before"]])
    butler.put({}, "stats", label="before")  # so that no first use follows, and all folders are there
    return butler


@pytest.fixture
def root(butler: Butler) -> Path:
    return Path(butler.datastore.root.removeprefix("file://"))


@pytest.fixture
def flushes(butler: Butler, monkeypatch: pytest.MonkeyPatch) -> Flushes:
    watched = Flushes()
    watched.watch(monkeypatch)
    return watched


def known(butler: Butler) -> int:
    return int(butler.registry.query("SELECT count(*) FROM dataset WHERE dataset_type = 'stats'").scalar())


def test_a_put_of_many_flushes_their_folder_once_and_before_the_registry_is_told(
    butler: Butler, root: Path, flushes: Flushes
) -> None:
    known_then: list[int] = []

    def ask(flushed: Path) -> None:
        if flushed.is_dir():
            known_then.append(known(butler))

    flushes.before = ask
    butler.put_many(MANY, "stats")
    assert flushes.of_folders(root) == [root / "u/me/first/stats"]
    assert len(flushes.done) == 20 + 1
    assert known_then == [1]
    assert known(butler) == 1 + 20


def test_a_put_of_many_whose_folder_cannot_be_flushed_leaves_no_trace(
    butler: Butler, root: Path, flushes: Flushes
) -> None:
    before = set(butler.datastore.inventory.paths())
    flushes.failing.add(root / "u/me/first/stats")
    with pytest.raises(StorageError, match="Input/output error"):
        butler.put_many(MANY, "stats")
    assert set(butler.datastore.inventory.paths()) == before
    assert known(butler) == 1
    flushes.failing.clear()
    assert list(butler.verify()) == []
    assert len(butler.put_many(MANY, "stats")) == 20


def test_an_ingest_flushes_a_folder_once_and_of_one_that_cannot_be_no_trace_is_left(
    butler: Butler, root: Path, flushes: Flushes, tmp_path: Path
) -> None:
    files = []
    for label in LABELS:
        file = tmp_path / f"{label}.yaml"
        file.write_text(f"n: {label}\n")
        files.append((file, {"label": label}))
    before = set(butler.datastore.inventory.paths())
    flushes.failing.add(root / "u/me/first/stats")
    with pytest.raises(StorageError, match="Input/output error"):
        butler.ingest(files, "stats", mode="move")
    assert set(butler.datastore.inventory.paths()) == before
    assert all(file.exists() for file, _ in files)
    assert known(butler) == 1
    flushes.failing.clear()
    flushes.done.clear()
    butler.ingest(files, "stats", mode="copy")
    assert flushes.of_folders(root) == [root / "u/me/first/stats"]
    assert known(butler) == 1 + 20


def test_a_quantum_flushes_the_folder_of_its_outputs_once_before_its_end_is_told(
    butler: Butler, root: Path, flushes: Flushes
) -> None:
    status_then: list[object] = []

    def ask(flushed: Path) -> None:
        if flushed.is_dir():
            status_then.append(butler.registry.query("SELECT status FROM quantum").scalar())

    flushes.before = ask
    with butler.quantum("work", label="before") as quantum:
        for obj, data_id in MANY:
            quantum.put(obj, "stats", data_id)
            assert quantum.get("stats", data_id) == obj  # it is read before it is durable
        assert flushes.of_folders(root) == []
    assert flushes.of_folders(root) == [root / "u/me/first/stats"]
    assert status_then == ["running"]
    assert known(butler) == 1 + 20


@pytest.mark.parametrize("number", [1, 2])
def test_a_quantum_whose_outputs_cannot_be_made_durable_has_failed_and_keeps_what_it_was_to_keep(
    butler: Butler, root: Path, flushes: Flushes, number: int
) -> None:
    def work() -> None:
        with butler.quantum("work") as quantum:
            refs.extend(quantum.put_many(MANY[:number], "stats", keep=True))
            assert flushes.of_folders(root) == [root / "u/me/first/stats"]
            for obj, data_id in MANY[number:]:
                quantum.put(obj, "stats", data_id)
            flushes.failing.add(root / "u/me/first/stats")

    refs: list[DatasetRef] = []
    with pytest.raises(StorageError, match="Input/output error"):
        work()
    ((status, message),) = butler.registry.query("SELECT status, message FROM quantum")
    assert status == "failed"
    assert "Input/output error" in message
    assert known(butler) == 1 + number
    flushes.failing.clear()
    assert [butler.get(ref) for ref in refs] == [obj for obj, _ in MANY[:number]]
    assert list(butler.verify()) == []


@pytest.mark.parametrize("number", [1, 2])
def test_what_a_quantum_cannot_make_durable_at_once_it_does_not_keep(
    butler: Butler, root: Path, flushes: Flushes, number: int
) -> None:
    with butler.quantum("work") as quantum:
        flushes.failing.add(root / "u/me/first/stats")
        with pytest.raises(StorageError, match="Input/output error"):
            quantum.put_many(MANY[:number], "stats", keep=True)
        flushes.failing.clear()
        assert quantum.outputs == []
        quantum.put_many(MANY[:number], "stats", keep=True)
    assert known(butler) == 1 + number
    assert list(butler.verify()) == []
