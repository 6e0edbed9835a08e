"""Finding what differs between registry and datastore, and repairing it without losing a byte."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg2
import pytest
from marking import age_marks
from typer.testing import CliRunner

from butler import Artifact, Butler, DatasetRef, DatasetType
from butler.cli.application import application
from butler.datastore import open_datastore
from butler.datastore.paths import local_file
from butler.errors import (
    ArtifactMissingError,
    ChecksumError,
    DatasetNotFoundError,
    DatastoreRootError,
    PermissionDeniedError,
    StorageError,
)
from butler.maintenance.findings import Fault, Finding
from butler.registry.postgres.engine import one_transaction
from butler.roots import add_datastore
from butler.schema.install import create_layer
from butler.testing.datastore import assert_same_exposure, example_exposure
from butler.values import ArtifactFault, DataId, new_dataset_id

NOW = timedelta(0)
LONG = timedelta(days=8)
"""Longer than the grace period."""

DATA_ID = "abcdefgh"


@pytest.fixture
def butler(butler: Butler, owner: psycopg2.extensions.connection) -> Butler:
    age_marks(owner)
    butler.registry.definitions.register_dataset_type(DatasetType("stats", "Dict", ("label",)))
    butler.registry.definitions.register_units("label", [{"label": name} for name in DATA_ID])
    return butler


@pytest.fixture
def refs(butler: Butler) -> list[DatasetRef]:
    return butler.put_many([({"mean": n}, {"label": name}) for n, name in enumerate("abcd")], "stats")


@pytest.fixture
def layer(butler: Butler, database: Any, repo: Path) -> Iterator[Butler]:
    with one_transaction(database.dsn("owner")) as connection:
        create_layer(connection, "mydb_me", "butler")
    with Butler(repo, run="u/me/mine", registry="mydb_me") as layer:
        yield layer


def file_of(butler: Butler, ref: DatasetRef) -> Path:
    return Path(butler.uri(ref).removeprefix("file://"))


def overwrite(file: Path, content: bytes) -> None:
    """Change a file although it is read-only, as a failing disk does."""
    file.chmod(0o644)
    file.write_bytes(content)


def kinds(butler: Butler, **options: Any) -> list[str]:
    return sorted(finding.fault for finding in butler.verify(**options))


def artifact_of(ref: DatasetRef) -> Artifact:
    (artifact,) = ref.artifacts or ()
    return artifact


def repaired(butler: Butler, **options: Any) -> Counter[str]:
    """Repair all that is found, however young; give how many steps of each kind were done."""
    options = {"older_than": NOW, **options}
    steps = list(butler.maintenance.repair(list(butler.verify(older_than=options["older_than"])), **options))
    assert all(step.repaired for step in steps), [str(step) for step in steps]
    return Counter(step.action for step in steps)


def loose(butler: Butler, label: str, obj: Any = None, *, made: timedelta = NOW) -> DatasetRef:
    """Write what a writer has written that died before it put it, so long ago."""
    dataset_id = UUID(int=new_dataset_id().int - (int(made / timedelta(milliseconds=1)) << 80))
    run = butler.run or ""
    identity = {
        "id": str(dataset_id),
        "dataset_type": "stats",
        "run": run,
        "data_id": {"label": label},
        "inputs": [],
    }
    artifacts = butler.datastore.put(obj or {}, dataset_id, f"{run}/stats_{label}", "Dict", "stats", identity)
    of_type = DatasetType("stats", "Dict", ("label",))
    return DatasetRef(dataset_id, of_type, DataId(label=label), run, artifacts)


# What is found ----------------------------------------------------------------


def test_one_deleted_one_altered_and_one_that_nobody_has_are_three_faults(
    butler: Butler, refs: list[DatasetRef]
) -> None:
    gone, altered, *_ = refs
    file_of(butler, gone).unlink()
    content = file_of(butler, altered).read_bytes()
    overwrite(file_of(butler, altered), content[:-2] + b" \n")
    orphan = file_of(butler, refs[2]).with_name("nobody.json")
    orphan.write_text("mine: 1")
    assert {
        (finding.fault, finding.dataset_id, finding.uri) for finding in butler.verify(older_than=NOW)
    } == {
        ("missing", str(gone.id), butler.uri(gone)),
        ("sha256", str(altered.id), butler.uri(altered)),
        ("orphan", "", orphan.as_uri()),
    }
    assert kinds(butler, checksum=False, older_than=NOW) == ["missing", "orphan"]


def test_a_name_that_carries_another_dataset_s_id_is_no_cover(butler: Butler, refs: list[DatasetRef]) -> None:
    file = file_of(butler, refs[0])
    copy = file.with_name(f"copy_{file.name}")
    copy.write_bytes(file.read_bytes())
    assert [finding.uri for finding in butler.verify(older_than=NOW)] == [copy.as_uri()]


def test_a_file_whose_name_carries_no_id_is_no_orphan_if_a_dataset_has_it(
    butler: Butler, refs: list[DatasetRef], owner: psycopg2.extensions.connection
) -> None:
    file = file_of(butler, refs[0])
    file.rename(file.with_name("plain.json"))
    with owner.cursor() as cursor:
        cursor.execute(
            "UPDATE butler_internal.artifact SET path = regexp_replace(path, '[^/]*$', 'plain.json')"
            " WHERE dataset_id = %s",
            (str(refs[0].id),),
        )
    assert list(butler.verify()) == []


def test_a_dataset_that_lost_its_rows_and_a_file_of_an_unstored_one_are_named(
    butler: Butler, refs: list[DatasetRef], owner: psycopg2.extensions.connection
) -> None:
    with owner.cursor() as cursor:
        cursor.execute("DELETE FROM butler_internal.artifact WHERE dataset_id = %s", (str(refs[0].id),))
        cursor.execute(
            "UPDATE butler_internal.dataset SET state = 'unstored', changed = now() WHERE dataset_id = %s",
            (str(refs[1].id),),
        )
    assert {(finding.fault, finding.dataset_id) for finding in butler.verify(older_than=NOW)} == {
        ("no artifact", str(refs[0].id)),
        ("stale", str(refs[1].id)),
        ("orphan", ""),
    }


def test_what_is_in_the_trash_is_no_fault_before_nor_after_it_is_emptied(
    butler: Butler, refs: list[DatasetRef], repo: Path
) -> None:
    butler.unstore(refs[:1])
    butler.remove(refs[1:2])
    assert list(butler.verify()) == []
    with Butler(repo, role="owner") as owner:
        assert owner.removal.empty_trash(older_than=NOW).artifacts == 2
    assert list(butler.verify()) == []


def test_what_is_young_is_in_flight_for_as_long_as_one_says(butler: Butler) -> None:
    loose(butler, "a", made=timedelta(hours=2))
    butler.datastore.put({}, uuid4(), "u/me/x", "Dict", "stats", {})
    assert kinds(butler) == ["in flight", "in flight"]
    assert kinds(butler, older_than=timedelta(hours=1)) == ["in flight", "orphan"]
    assert kinds(butler, older_than=NOW) == ["orphan", "orphan"]


def test_what_layers_have_is_compared_from_their_base(butler: Butler, layer: Butler) -> None:
    ref = layer.put({"mean": 1}, "stats", label="a")
    file_of(layer, ref).unlink()
    (finding,) = butler.verify()
    assert (finding.fault, finding.dataset_id, finding.registry) == ("missing", str(ref.id), "mydb_me")
    assert repaired(butler) == {"mark lost": 1}
    assert list(butler.verify()) == list(layer.verify()) == []
    with pytest.raises(ArtifactMissingError, match="known to be lost"):
        layer.get("stats", label="a")


# In parts ---------------------------------------------------------------------


def test_an_incremental_one_goes_on_where_the_last_one_stopped(
    butler: Butler, refs: list[DatasetRef], monkeypatch: pytest.MonkeyPatch
) -> None:
    for ref in refs:
        file_of(butler, ref).unlink()
    monkeypatch.setattr("butler.maintenance.verify._CHECKPOINT", 1)
    first = butler.verify(incremental=True)
    seen = [next(first).dataset_id, next(first).dataset_id]
    del first
    second = butler.verify(incremental=True)
    seen_after = [finding.dataset_id for finding in second]
    assert second.complete
    assert seen[0] not in seen_after
    assert {*seen, *seen_after} == {str(ref.id) for ref in refs}
    assert len(list(butler.verify(incremental=True))) == len(refs), "it begins anew"


def test_one_that_is_closed_half_way_waits_for_no_thread(
    butler: Butler, refs: list[DatasetRef], monkeypatch: pytest.MonkeyPatch
) -> None:
    end, first = threading.Event(), str(min(ref.id for ref in refs))
    ended: list[bool] = []

    def check(artifact: Artifact, *, checksum: bool) -> str:
        if UUID(first).hex not in artifact.path:
            ended.append(end.wait(60))
        return "missing"

    monkeypatch.setattr(butler.datastore.members["main"], "check", check)
    monkeypatch.setattr("butler.maintenance.verify.THREADS", 1)
    findings = butler.verify(older_than=NOW)
    assert next(findings).dataset_id == first
    findings.close()
    end.set()
    assert ended == []
    assert list(findings) == []


def test_a_time_limit_stops_it_and_what_was_compared_is_on_record(
    butler: Butler, refs: list[DatasetRef]
) -> None:
    stopped = butler.verify(incremental=True, time_limit=timedelta(0))
    assert list(stopped) == []
    assert not stopped.complete
    assert stopped.checked == 1
    going_on = butler.verify(incremental=True)
    assert list(going_on) == []
    assert going_on.complete
    assert going_on.checked == len(refs)  # the run's description is the fifth artifact
    assert butler.registry.maintenance.progress("main").completed is not None  # type: ignore[union-attr]


def test_a_reader_compares_and_repairs_nothing(butler: Butler, refs: list[DatasetRef], repo: Path) -> None:
    file_of(butler, refs[0]).unlink()
    with Butler(repo, role="reader") as reader:
        findings = list(reader.verify())
        assert [finding.fault for finding in findings] == ["missing"]
        with pytest.raises(PermissionDeniedError):
            next(reader.verify(incremental=True))
        (step,) = reader.maintenance.repair(findings)
        assert step.outcome.startswith("failed: role butler_reader may only read")
        with pytest.raises(PermissionDeniedError):
            list(reader.maintenance.reap())
    assert kinds(butler) == ["missing"]


# Lost, and found --------------------------------------------------------------


@pytest.mark.parametrize(
    ("damage", "error", "said"),
    [
        (lambda file: file.unlink(), ArtifactMissingError, "it is gone"),
        (lambda file: overwrite(file, b"mean: 7\n"), ChecksumError, "its bytes have changed"),
    ],
)
def test_what_is_lost_is_said_to_be_until_it_is_whole_again(
    butler: Butler,
    refs: list[DatasetRef],
    owner: psycopg2.extensions.connection,
    damage: Any,
    error: type[Exception],
    said: str,
) -> None:
    file = file_of(butler, refs[0])
    good = file.read_bytes()
    damage(file)
    assert repaired(butler) == {"mark lost": 1}
    verification = butler.verify()
    assert list(verification) == []
    assert verification.lost == 1
    (row,) = butler.registry.query("SELECT dataset_id, fault, found_by FROM lost_artifact")
    assert (UUID(str(row.dataset_id)), row.found_by) == (refs[0].id, "butler_writer")
    with pytest.raises(error, match=f"known to be lost: {said}"):
        butler.get("stats", label="a")
    file.parent.mkdir(exist_ok=True)
    if file.exists():
        file.unlink()
    file.write_bytes(good)
    assert butler.get("stats", label="a") == {"mean": 0}, "bytes that are whole are read"
    assert kinds(butler) == ["found"]
    assert repaired(butler) == {"mark found": 1}
    verification = butler.verify()
    assert (list(verification), verification.lost) == ([], 0)
    assert list(butler.registry.query("SELECT FROM lost_artifact")) == []


def test_what_has_other_bytes_is_never_marked_found(butler: Butler, refs: list[DatasetRef]) -> None:
    assert refs[0].artifacts
    (artifact,) = refs[0].artifacts
    registry, name = butler.registry, butler.datastore.name
    assert registry.maintenance.mark_lost(name, [(refs[0].id, "", ArtifactFault.MISSING)]) == 1
    assert registry.maintenance.mark_lost(name, [(refs[0].id, "", ArtifactFault.MISSING)]) == 0
    assert refs[1].artifacts
    (other,) = refs[1].artifacts
    assert registry.maintenance.mark_found(name, [(refs[0].id, other)]) == 0
    assert registry.maintenance.mark_found(name, [(refs[0].id, artifact)]) == 1


def test_another_datastore_s_copy_is_read_where_one_is_lost(
    butler: Butler, refs: list[DatasetRef], owner: psycopg2.extensions.connection, repo: Path
) -> None:
    copy = open_datastore({"type": "posix", "root": "copy"}, repo, "copy")
    add_datastore(butler.registry, copy)
    assert refs[0].artifacts
    (artifact,) = refs[0].artifacts
    target = repo / "copy" / artifact.path
    target.parent.mkdir(parents=True)
    target.write_bytes(file_of(butler, refs[0]).read_bytes())
    with owner.cursor() as cursor:
        cursor.execute(
            "INSERT INTO butler_internal.artifact (dataset_id, datastore_id, component, path, formatter, size, sha256)"
            " SELECT dataset_id, (SELECT datastore_id FROM butler_internal.datastore WHERE datastore = 'copy'),"
            " component, path, formatter, size, sha256 FROM butler_internal.artifact WHERE dataset_id = %s",
            (str(refs[0].id),),
        )
    file_of(butler, refs[0]).unlink()
    repaired(butler)
    with Butler(repo, datastore=copy, collections="u/me/first") as other:
        assert other.get("stats", label="a") == {"mean": 0}
        assert list(other.verify()) == []


def test_all_is_recorded_as_lost_where_a_root_with_its_mark_has_nothing_else(
    butler: Butler, refs: list[DatasetRef]
) -> None:
    root = Path(butler.datastore.root.removeprefix("file://"))
    shutil.rmtree(root / "u")
    steps = list(butler.maintenance.repair(list(butler.verify()), older_than=NOW))
    assert {(step.action, step.outcome) for step in steps} == {("mark lost", "done")}


# Puts that died ---------------------------------------------------------------


def test_what_a_dead_writer_left_is_in_flight_while_it_is_young_and_then_reaped(butler: Butler) -> None:
    young, old = loose(butler, "a"), loose(butler, "b", made=LONG)
    assert kinds(butler) == ["in flight", "orphan"]
    (planned,) = butler.maintenance.reap(dry_run=True)
    assert kinds(butler) == ["in flight", "orphan"]
    (file,) = butler.maintenance.reap()
    assert file == planned
    assert (file.dataset_id, file.run, file.failure) == (old.id, butler.run, "")
    assert file.made <= datetime.now(UTC) - LONG
    assert file.uri == butler.datastore.uri(artifact_of(old))
    assert list(butler.datastore.inventory.paths()) == [artifact_of(young).path]
    assert list(butler.maintenance.reap()) == []


def test_what_is_registered_is_never_reaped_whatever_its_age(
    butler: Butler, layer: Butler, refs: list[DatasetRef]
) -> None:
    for at_work in (butler, layer):
        old = loose(at_work, "h", made=LONG)
        at_work.registry.puts.open_run(old.run)
        at_work.collections.hold(old.run, until=datetime.now(UTC) + timedelta(hours=1))
        at_work.registry.puts.put(old.run, [old])
        at_work.collections.release(old.run)
        for other in (butler, layer):
            assert list(other.maintenance.reap()) == []
        assert at_work.get("stats", label="h") == {}
    assert list(butler.verify()) == []


@pytest.mark.parametrize("held", ["u/me/first", "u/me/import"])
def test_nothing_is_reaped_while_a_run_is_held_whatever_a_file_says_of_its_own(
    butler: Butler, held: str
) -> None:
    """It says from where it comes, and may be on its way into another run."""
    old = loose(butler, "a", made=LONG)
    butler.registry.puts.open_run(held)
    butler.collections.hold(held, until=datetime.now(UTC) + timedelta(hours=1))
    assert list(butler.maintenance.reap(dry_run=True)) == []
    assert list(butler.maintenance.reap()) == []
    assert list(butler.datastore.inventory.paths()) == [artifact_of(old).path]
    butler.collections.release(held)
    assert [file.dataset_id for file in butler.maintenance.reap()] == [old.id]


def test_files_that_a_dropped_layer_leaves_on_purpose_are_not_reaped_but_adopted(
    butler: Butler, layer: Butler, repo: Path
) -> None:
    old = loose(layer, "h", {"mean": 7}, made=LONG)
    layer.registry.puts.open_run(old.run)
    layer.collections.hold(old.run, until=datetime.now(UTC) + timedelta(hours=1))
    layer.registry.puts.put(old.run, [old])
    layer.close()
    words = ["-r", str(repo), "layer", "drop", layer.registry.name, "--yes", "--keep-files"]
    assert CliRunner().invoke(application, words).exit_code == 0
    assert list(butler.maintenance.reap()) == []
    assert repaired(butler) == {"adopt": 1}
    assert butler.get("stats", label="h", collections=old.run) == {"mean": 7}


def test_what_is_older_than_the_root_s_mark_is_left_to_adoption(
    butler: Butler, owner: psycopg2.extensions.connection
) -> None:
    """A database that was restored to an older time has forgotten what lies there."""
    loose(butler, "a", {"mean": 5}, made=LONG)
    with owner.cursor() as cursor:
        cursor.execute("UPDATE butler_internal.datastore SET marked = clock_timestamp() - interval '1 day'")
    assert list(butler.maintenance.reap(dry_run=True)) == list(butler.maintenance.reap()) == []
    assert repaired(butler) == {"adopt": 1}
    assert butler.get("stats", label="a") == {"mean": 5}


def test_half_a_file_is_reaped_when_it_is_old(butler: Butler) -> None:
    old = loose(butler, "a", made=LONG)
    file = local_file(butler.datastore.uri(artifact_of(old)))
    overwrite(file, file.read_bytes()[:20])
    (reaped,) = butler.maintenance.reap()
    assert (reaped.dataset_id, reaped.run) == (old.id, None)
    assert not file.exists()


def test_what_no_writer_of_datasets_has_named_is_not_reaped(
    butler: Butler, refs: list[DatasetRef], monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = file_of(butler, refs[0]).with_name("notes.txt")
    notes.write_text("mine")
    monkeypatch.setattr(butler.datastore.inventory, "modified", lambda path: datetime.now(UTC) - LONG)
    assert list(butler.maintenance.reap()) == []
    assert notes.exists()


def test_files_that_cannot_be_read_or_deleted_are_told_and_tried_again(
    butler: Butler, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreadable, stuck, fine = (loose(butler, label, made=LONG) for label in "abc")
    inventory = butler.datastore.inventory
    identify, discard = inventory.identify, inventory.discard

    def cannot_read(path: str) -> Any:
        if unreadable.id.hex in path:
            raise StorageError("Input/output error")
        return identify(path)

    def cannot_delete(paths: list[str]) -> None:
        if stuck.id.hex in paths[0]:
            raise OSError(5, "Input/output error")
        discard(paths)

    monkeypatch.setattr(inventory, "identify", cannot_read)
    monkeypatch.setattr(inventory, "discard", cannot_delete)
    assert {file.dataset_id: bool(file.failure) for file in butler.maintenance.reap()} == {
        unreadable.id: True,
        stuck.id: True,
        fine.id: False,
    }
    monkeypatch.undo()
    assert {file.dataset_id for file in butler.maintenance.reap()} == {unreadable.id, stuck.id}
    assert list(butler.datastore.inventory.paths()) == []


@pytest.mark.parametrize("run", ["u/a\0b", "u/\ud800"])
def test_a_file_that_claims_a_run_that_none_can_be_goes_as_any_other(butler: Butler, run: str) -> None:
    """What it says is shown, and nobody is asked about it."""
    fine, evil = loose(butler, "a", made=LONG), loose(butler, "b", made=LONG)
    file = local_file(butler.datastore.uri(artifact_of(evil)))
    said = file.read_text().replace(json.dumps(evil.run), json.dumps(run))
    assert json.dumps(run) in said
    overwrite(file, said.encode())
    reaped = {one.dataset_id: (one.run, one.failure) for one in butler.maintenance.reap()}
    assert reaped == {fine.id: (fine.run, ""), evil.id: (run, "")}
    assert list(butler.datastore.inventory.paths()) == []


def test_a_computer_whose_clock_is_days_ahead_deletes_nothing_that_is_being_written(
    butler: Butler, refs: list[DatasetRef], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ahead(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + LONG

    file = file_of(butler, refs[0]).with_name(f".{'0' * 16}-{'0' * 8}.partial")
    file.write_bytes(b"half")
    monkeypatch.setattr("butler.maintenance.age.datetime", Ahead)
    assert list(butler.maintenance.reap()) == []
    assert kinds(butler) == ["in flight"]
    found = list(butler.verify(older_than=NOW))
    assert [one.fault for one in found] == ["temporary"]
    steps = butler.maintenance.repair(found, older_than=timedelta(days=1))
    assert [step.action for step in steps] == ["leave"]
    assert file.exists()


@pytest.mark.parametrize("age", [timedelta.max, timedelta(days=800_000)])
def test_nothing_is_older_than_time_itself(butler: Butler, age: timedelta) -> None:
    loose(butler, "a", made=LONG)
    assert kinds(butler, older_than=age) == ["in flight"]


def test_a_put_that_is_at_work_is_not_repaired(butler: Butler) -> None:
    loose(butler, "a")
    (step,) = butler.maintenance.repair(list(butler.verify()), delete_orphans=True)
    assert (step.action, step.outcome) == ("leave", "left")
    assert repaired(butler) == {"adopt": 1}
    assert list(butler.verify()) == []


def test_a_writer_whose_files_were_adopted_meanwhile_puts_them_all_the_same(butler: Butler) -> None:
    ref = loose(butler, "a")
    assert repaired(butler) == {"adopt": 1}
    assert butler.registry.puts.put(ref.run, [ref]) == 0


def test_temporary_files_are_deleted_when_they_are_old(butler: Butler, refs: list[DatasetRef]) -> None:
    file = file_of(butler, refs[0]).with_name(f".{'0' * 16}-{'0' * 8}.partial")
    file.write_text("half")
    assert kinds(butler) == ["in flight"]
    (step,) = butler.maintenance.repair(list(butler.verify()))
    assert step.action == "leave"
    assert repaired(butler) == {"delete": 1}
    assert not file.exists()


# Files that nobody has --------------------------------------------------------


def test_a_file_that_says_what_it_is_becomes_the_dataset_it_says(butler: Butler) -> None:
    ref = loose(butler, "a", {"mean": 5}, made=LONG)
    assert repaired(butler, older_than=timedelta(days=1)) == {"adopt": 1}
    assert butler.get("stats", label="a") == {"mean": 5}
    assert butler.find("stats", label="a").id == ref.id
    assert list(butler.verify()) == []


@pytest.mark.parametrize("delete_orphans", [False, True])
def test_a_file_is_left_if_its_labels_are_taken(butler: Butler, delete_orphans: bool) -> None:
    loose(butler, "a", {"mean": 5}, made=LONG)
    ref = butler.put({"mean": 1}, "stats", label="a")
    findings = list(butler.verify())
    (step,) = butler.maintenance.repair(findings, older_than=NOW, delete_orphans=delete_orphans)
    assert (step.action, str(ref.id) in step.reason) == ("leave", True)
    assert [finding.fault for finding in butler.verify()] == ["orphan"]


@pytest.fixture
def apart(butler: Butler, repo: Path) -> Iterator[Butler]:
    """A Butler that writes each component of an Exposure to a file of its own."""
    butler.registry.definitions.register_dataset_type(DatasetType("calexp", "Exposure", ("label",)))
    config = {"root": "data", "disassemble": ["Exposure"]}
    with Butler(repo, run="u/me/first", datastore=open_datastore(config, repo)) as apart:
        yield apart


def lose_rows(owner: psycopg2.extensions.connection, ref: DatasetRef) -> None:
    with owner.cursor() as cursor:
        for table in ("artifact", "dataset"):
            cursor.execute(f"DELETE FROM butler_internal.{table} WHERE dataset_id = %s", (str(ref.id),))


def test_the_parts_of_a_dataset_become_it_again(apart: Butler, owner: psycopg2.extensions.connection) -> None:
    exposure = example_exposure()
    ref = apart.put(exposure, "calexp", label="a")
    kept = apart.put(exposure, "calexp", label="b")
    lose_rows(owner, ref)
    assert ref.artifacts
    parts = sorted(artifact.component for artifact in ref.artifacts)
    assert len(parts) > 3
    assert repaired(apart) == {"adopt": len(parts)}
    found = apart.find("calexp", label="a")
    assert found is not None
    assert found.artifacts
    assert (found.id, set(found.artifacts)) == (ref.id, set(ref.artifacts))
    assert_same_exposure(apart.get("calexp", label="a"), exposure)
    assert list(apart.verify()) == []
    assert apart.exists(kept)


def test_parts_are_left_if_one_is_missing_or_says_otherwise(
    apart: Butler, owner: psycopg2.extensions.connection
) -> None:
    ref = apart.put(example_exposure(), "calexp", label="a")
    lose_rows(owner, ref)
    assert ref.artifacts
    files = {a.component: local_file(apart.datastore.root) / a.path for a in ref.artifacts}
    mask = files["mask"].read_bytes()
    files["mask"].unlink()
    steps = list(apart.maintenance.repair(list(apart.verify(older_than=NOW)), older_than=NOW))
    assert {(step.action, step.reason) for step in steps} == {
        ("leave", "it is a part of a dataset that lacks mask")
    }
    files["mask"].write_bytes(mask.replace(b'"label": "a"', b'"label": "b"'))
    steps = list(apart.maintenance.repair(list(apart.verify(older_than=NOW)), older_than=NOW))
    assert {(step.action, step.reason) for step in steps} == {
        ("leave", "the files of its dataset don't agree")
    }


def test_for_the_owners_of_all_files_that_are_to_go_the_registry_is_asked_twice(
    butler: Butler, refs: list[DatasetRef], statements: Any
) -> None:
    """When the plan is made, and when it is carried out."""
    for n in range(30):
        file_of(butler, refs[0]).with_name(f"orphan-{n}.json").write_text("mine: 1")
    findings = list(butler.verify(older_than=NOW))
    statements.clear()
    steps = list(butler.maintenance.repair(findings, delete_orphans=True, older_than=NOW))
    assert Counter((step.action, step.outcome) for step in steps) == {("delete", "done"): 30}
    assert sum("claims_of_files" in sql for sql in statements) == 2
    assert list(butler.verify(older_than=NOW)) == []


def test_a_file_under_another_name_than_its_own_is_not_adopted(
    butler: Butler, refs: list[DatasetRef]
) -> None:
    file = file_of(butler, refs[0])
    file.with_name(file.name.replace(refs[0].id.hex, uuid4().hex)).write_bytes(file.read_bytes())
    (step,) = butler.maintenance.repair(list(butler.verify(older_than=NOW)), older_than=NOW)
    assert (step.action, "isn't that of dataset" in step.reason) == ("leave", True)


def test_a_file_that_got_an_owner_since_the_plan_is_kept(
    butler: Butler, owner: psycopg2.extensions.connection, refs: list[DatasetRef]
) -> None:
    orphan = file_of(butler, refs[0]).with_name("plain.json")
    orphan.write_text("mean: 1")
    findings = list(butler.verify(older_than=NOW))
    with owner.cursor() as cursor:
        cursor.execute(
            "UPDATE butler_internal.artifact SET path = regexp_replace(path, '[^/]*$', 'plain.json')"
            " WHERE dataset_id = %s",
            (str(refs[0].id),),
        )
    (step,) = butler.maintenance.repair(findings, delete_orphans=True, older_than=NOW)
    assert step.outcome == "left"
    assert step.reason == "a dataset has a file of this name"
    assert orphan.exists()


@pytest.mark.parametrize("spelling", ["link", "link/u"])
def test_nobody_makes_a_repair_delete_another_s_files(
    butler: Butler, refs: list[DatasetRef], repo: Path, layer: Butler, spelling: str
) -> None:
    """A writer registers our folder, or a part of it, by a link to it, as a datastore of theirs."""
    layer.put({"mean": 1}, "stats", label="g")
    (repo / "link").symlink_to(repo / "data")
    theirs = open_datastore({"type": "posix", "root": spelling}, repo, "theirs")
    before = sorted(butler.datastore.inventory.paths())
    with pytest.raises(DatastoreRootError, match=r"root of a datastore|a datastore's root"):
        add_datastore(butler.registry, theirs)
    butler.registry.definitions.register_datastore("theirs", theirs.root)
    orphans = [
        Finding(Fault.ORPHAN, "", theirs.root + path, datastore="theirs", path=path) for path in before
    ]
    with Butler(repo, datastore=theirs) as attacker:
        for act in (
            attacker.verify().__next__,
            lambda: attacker.maintenance.repair(orphans, delete_orphans=True, older_than=NOW),
            lambda: list(attacker.maintenance.reap()),
            attacker.removal.empty_trash,
        ):
            with pytest.raises(DatastoreRootError, match="'theirs'"):
                act()
    assert sorted(butler.datastore.inventory.paths()) == before
    assert list(butler.verify()) == []


def test_a_plan_does_nothing(butler: Butler, refs: list[DatasetRef]) -> None:
    file_of(butler, refs[0]).unlink()
    file_of(butler, refs[1]).with_name("nobody.json").write_text("x: 1")
    loose(butler, "e", made=LONG)
    before = [str(finding) for finding in butler.verify(older_than=NOW)]
    steps = list(
        butler.maintenance.repair(
            list(butler.verify(older_than=NOW)), delete_orphans=True, older_than=NOW, dry_run=True
        )
    )
    assert sorted(step.action for step in steps) == ["adopt", "delete", "mark lost"]
    assert [str(finding) for finding in butler.verify(older_than=NOW)] == before


# What is derived --------------------------------------------------------------


@pytest.fixture
def sky(butler: Butler) -> Butler:
    """Two sensors of a visit, each on a patch of one tract."""
    registry = butler.registry
    registry.definitions.register_camera(
        {
            "camera": "Cam",
            "sensors": [{"sensor": n, "sensor_name": f"S{n}"} for n in (1, 2)],
            "filters": [{"physical_filter": "r1", "abstract_filter": "r"}],
        }
    )
    registry.definitions.register_units(
        "visit",
        [
            {
                "camera": "Cam",
                "visit": 1,
                "visit_name": "one",
                "physical_filter": "r1",
                "obs_begin_tai": "2026-01-01T00:00:00",
                "obs_end_tai": "2026-01-01T00:01:00",
            }
        ],
    )
    boxes = [[(ra, 0.0), (ra + 1, 0.0), (ra + 1, 1.0), (ra, 1.0)] for ra in (10.0, 11.5)]
    registry.definitions.register_units(
        "observed_sensor",
        [{"camera": "Cam", "visit": 1, "sensor": n, "region": box} for n, box in enumerate(boxes, 1)],
    )
    registry.definitions.register_skymap(
        {
            "skymap": "sky",
            "tracts": [
                {
                    "tract": 0,
                    "region": [(9.0, -1.0), (13.0, -1.0), (13.0, 2.0), (9.0, 2.0)],
                    "patches": [{"patch": n, "region": box} for n, box in enumerate(boxes)],
                }
            ],
        }
    )
    return butler


def test_overlaps_and_regions_that_drifted_are_named_and_computed_anew(
    sky: Butler, owner: psycopg2.extensions.connection
) -> None:
    assert list(sky.verify()) == []
    pairs = sorted(map(tuple, sky.registry.query("SELECT sensor, patch FROM sensor_patch_join")))
    assert pairs == [(1, 0), (2, 1)]
    with owner.cursor() as cursor:
        cursor.execute(
            "UPDATE butler_internal.sensor_patch_overlap AS o SET patch_id = (SELECT min(patch_id) FROM butler_internal.patch)"
            " WHERE patch_id = (SELECT max(patch_id) FROM butler_internal.patch)"
        )
        cursor.execute("ALTER TABLE butler_internal.visit DISABLE TRIGGER USER")
        cursor.execute("UPDATE butler_internal.visit SET region = butler.sky_circle(0, 0, 1)")
    findings = list(sky.verify())
    assert [(finding.fault, finding.uri, finding.detail) for finding in findings] == [
        ("overlap", "camera=Cam visit=1 sensor=2", "1 patches are missing, 1 too many"),
        ("overlap", "camera=Cam visit=1", "0 patches are missing, 1 too many"),
        ("region", "camera=Cam visit=1", "it isn't the hull of its sensors"),
    ]
    assert repaired(sky) == {"recompute": 3}
    assert list(sky.verify()) == []
    assert sorted(map(tuple, sky.registry.query("SELECT sensor, patch FROM sensor_patch_join"))) == pairs


@pytest.mark.parametrize(
    ("damage", "detail"),
    [
        ("DELETE FROM butler_internal.visit_tract_overlap", "1 tracts are missing, 0 too many"),
        (
            "INSERT INTO butler_internal.tract (skymap, tract) VALUES ('sky', 1);"
            "INSERT INTO butler_internal.visit_tract_overlap VALUES ('Cam', 1, 'sky', 1)",
            "0 tracts are missing, 1 too many",
        ),
        ("UPDATE butler_internal.visit_tract_overlap SET visit = 2", "1 tracts are missing, 0 too many"),
        ("DELETE FROM butler_internal.visit_patch_overlap", "2 patches are missing, 0 too many"),
        (
            "INSERT INTO butler_internal.visit_patch_overlap VALUES ('Cam', 1, 'sky', 0, 7)",
            "0 patches are missing, 1 too many",
        ),
        (
            "UPDATE butler_internal.visit_patch_overlap SET patch = 7 WHERE patch = 0;"
            "DELETE FROM butler_internal.visit_tract_overlap",
            "1 tracts are missing, 0 too many; 1 patches are missing, 1 too many",
        ),
    ],
)
def test_tracts_and_patches_of_visits_that_drifted_are_named_and_computed_anew(
    sky: Butler, owner: psycopg2.extensions.connection, damage: str, detail: str
) -> None:
    sky.registry.definitions.register_units("visit", [{"camera": "Cam", "visit": 2, "visit_name": "two"}])
    with owner.cursor() as cursor:
        cursor.execute(damage)
    findings = list(sky.verify())
    assert {
        (finding.fault, finding.detail) for finding in findings if finding.uri == "camera=Cam visit=1"
    } == {("overlap", detail)}
    assert repaired(sky) == {"recompute": len(findings)}
    assert list(sky.verify()) == []
    assert list(map(tuple, sky.registry.query("SELECT visit, tract FROM visit_tract_join"))) == [(1, 0)]
    patches = map(tuple, sky.registry.query("SELECT visit, patch FROM visit_patch_join"))
    assert sorted(patches) == [(1, 0), (1, 1)]


def test_a_sensor_s_overlap_that_is_computed_anew_takes_its_visit_s_tracts_and_patches_with_it(
    sky: Butler, owner: psycopg2.extensions.connection
) -> None:
    with owner.cursor() as cursor:
        cursor.execute("DELETE FROM butler_internal.sensor_patch_overlap")
        cursor.execute("DELETE FROM butler_internal.visit_tract_overlap")
        cursor.execute("DELETE FROM butler_internal.visit_patch_overlap")
    assert [finding.uri for finding in sky.verify()] == [
        "camera=Cam visit=1 sensor=1",
        "camera=Cam visit=1 sensor=2",
    ]
    assert repaired(sky) == {"recompute": 2}
    assert list(sky.verify()) == []


# Backups ----------------------------------------------------------------------


def dump(dsn: str, file: Path) -> None:
    subprocess.run(
        ["pg_dump", "--data-only", "--format=custom", f"--file={file}", "--schema=butler_internal", dsn],
        check=True,
    )


def load(superuser: psycopg2.extensions.connection, dsn: str, file: Path) -> None:
    """Bring the tables back to what they were, whatever triggers keep."""
    with superuser.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "SELECT string_agg(oid::regclass::text, ',') FROM pg_class WHERE relkind = 'r' AND relnamespace = 'butler_internal'::regnamespace"
        )
        (tables,) = cursor.fetchone() or ("",)
        cursor.execute(f"TRUNCATE {tables}")
    subprocess.run(
        ["pg_restore", "--data-only", "--disable-triggers", "--exit-on-error", f"--dbname={dsn}", file],
        check=True,
    )


def test_after_a_restore_to_an_older_time_what_came_later_is_registered_again(
    butler: Butler,
    refs: list[DatasetRef],
    database: Any,
    owner: psycopg2.extensions.connection,
    tmp_path: Path,
) -> None:
    dump(database.dsn("superuser"), tmp_path / "dump")
    later = butler.put({"mean": 9}, "stats", label="e")
    other = butler.put({"mean": 8}, "stats", label="f", run="u/me/later")
    file_of(butler, refs[0]).unlink()
    load(database.connect("superuser"), database.dsn("superuser"), tmp_path / "dump")
    with pytest.raises(DatasetNotFoundError):
        butler.get("stats", label="e")
    assert kinds(butler, older_than=NOW) == ["missing", "orphan", "orphan", "orphan"]
    assert repaired(butler) == {"adopt": 3, "mark lost": 1}
    assert list(butler.verify(older_than=NOW)) == []
    assert butler.find("stats", label="e").id == later.id
    assert butler.get("stats", label="f", collections="u/me/later") == {"mean": 8}
    assert butler.get(other) == {"mean": 8}
    butler.put({"mean": 7}, "stats", label="g", run="u/me/later")
    assert list(butler.verify(older_than=NOW)) == []


def test_after_older_bytes_were_restored_what_came_later_is_known_to_be_lost(
    butler: Butler, refs: list[DatasetRef]
) -> None:
    later = butler.put({"mean": 9}, "stats", label="e")
    file_of(butler, later).unlink()
    assert repaired(butler) == {"mark lost": 1}
    assert list(butler.verify()) == []
    assert datetime.now(UTC) - butler.registry.query("SELECT found FROM lost_artifact").scalar() < timedelta(
        hours=1
    )
    with pytest.raises(ArtifactMissingError, match="known to be lost"):
        butler.get("stats", label="e")
