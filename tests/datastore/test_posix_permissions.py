"""Group, mode and owner of files and folders, with real OS users."""

from __future__ import annotations

import errno
import grp
import os
import shutil
import stat
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from butler.datastore import Datastore, open_datastore
from butler.errors import ConfigError, PermissionDeniedError
from butler.values import Artifact, IngestMode

HINT = "run/calexp/calexp_1"
ALICE, BOB, STRANGER = 50_001, 50_002, 50_003
"""Numbers that no account has: the kernel knows users by number alone."""
OBSERVERS = 50_010

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become other OS users")


def mode(path: Path) -> str:
    return f"{stat.S_IMODE(path.lstat().st_mode):04o}"


def put(datastore: Datastore) -> Artifact:
    (artifact,) = datastore.put(b"bytes", uuid4(), HINT, "Bytes", "calexp", {})
    return artifact


def ingest(datastore: Datastore, file: Path, how: IngestMode) -> Artifact:
    (artifact,) = datastore.intake.ingest(file, uuid4(), HINT, "Bytes", "raw", how)
    return artifact


def file_of(datastore: Datastore, artifact: Artifact) -> Path:
    return Path(datastore.uri(artifact).removeprefix("file://"))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every OS user can enter; pytest's own are root's alone."""
    folder = Path(tempfile.mkdtemp(prefix="butler-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def as_user(uid: int, step: Callable[[], object], *, groups: tuple[int, ...] = ()) -> None:
    """Run a step as another OS user, in a process of its own; what it raises fails the test."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups(list(groups))
            os.setgid(uid)
            os.setuid(uid)
            step()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def make_folder(path: Path, *, owner: int, group: int, bits: int) -> Path:
    path.mkdir()
    os.chown(path, owner, group)
    path.chmod(bits)
    return path


# Modes ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mask", "file_mode", "folder_mode"), [(0o022, "0444", "0755"), (0o077, "0400", "0700")]
)
def test_without_configuration_the_umask_says_who_reads(
    tmp_path: Path, umask: Callable[[int], int], mask: int, file_mode: str, folder_mode: IngestMode
) -> None:
    umask(mask)
    datastore = open_datastore({}, tmp_path)
    stored = file_of(datastore, put(datastore))
    assert mode(stored) == file_mode
    assert [mode(folder) for folder in (stored.parent, tmp_path / "data")] == [folder_mode] * 2


@pytest.mark.parametrize(
    ("configured", "file_mode", "folder_mode"),
    [("0640", "0440", "0750"), ("0660", "0440", "0770"), ("664", "0444", "0775"), ("0600", "0400", "0700")],
)
def test_a_mode_holds_whatever_the_umask(
    tmp_path: Path, umask: Callable[[int], int], configured: str, file_mode: str, folder_mode: IngestMode
) -> None:
    umask(0o077)
    datastore = open_datastore({"mode": configured}, tmp_path)
    stored = file_of(datastore, put(datastore))
    assert mode(stored) == file_mode
    assert [mode(folder) for folder in (stored.parent, tmp_path / "data")] == [folder_mode] * 2
    assert datastore.get((put(datastore),), "Bytes") == b"bytes"


def test_folders_above_the_root_are_not_the_datastore_s(tmp_path: Path, umask: Callable[[int], int]) -> None:
    umask(0o022)
    put(open_datastore({"root": "above/data", "mode": "0600"}, tmp_path))
    assert mode(tmp_path / "above") == "0755"
    assert mode(tmp_path / "above/data") == "0700"


@needs_root
def test_its_own_writer_can_t_write_to_an_artifact_but_can_remove_it(open_folder: Path) -> None:
    root = make_folder(open_folder / "data", owner=ALICE, group=ALICE, bits=0o755)
    datastore = open_datastore({"root": str(root)}, open_folder)
    put(datastore)

    def step() -> None:
        artifact = put(datastore)
        with pytest.raises(PermissionError):
            file_of(datastore, artifact).open("r+b")
        assert datastore.check(artifact) is None
        datastore.remove([artifact])

    os.chown(root / "run", ALICE, ALICE)
    os.chown(root / "run/calexp", ALICE, ALICE)
    as_user(ALICE, step)


@pytest.mark.parametrize("how", [IngestMode.IN_PLACE, IngestMode.HARDLINK, IngestMode.SYMLINK])
def test_a_file_that_somebody_else_may_use_is_left_as_it_is(tmp_path: Path, how: IngestMode) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"bytes")
    source.chmod(0o664)
    datastore = open_datastore({"mode": "0600"}, tmp_path)
    artifact = ingest(datastore, source, how)
    assert mode(source) == "0664"
    assert datastore.check(artifact) is None


def test_a_moved_file_is_protected_once_the_source_s_name_is_gone(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"bytes")
    source.chmod(0o664)
    datastore = open_datastore({"mode": "0640"}, tmp_path)
    artifact = ingest(datastore, source, IngestMode.MOVE)
    assert mode(source) == "0664", "the move can still be given up"
    datastore.intake.finish_move(source, [artifact])
    assert mode(file_of(datastore, artifact)) == "0440"


def test_a_move_that_died_between_its_two_last_steps_is_finished_by_another(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"bytes")
    datastore = open_datastore({"mode": "0640"}, tmp_path)
    artifact = ingest(datastore, source, IngestMode.MOVE)
    source.unlink()
    datastore.intake.finish_move(source, [artifact])
    assert mode(file_of(datastore, artifact)) == "0440"


@needs_root
def test_another_s_file_is_moved_by_a_copy_as_nobody_else_can_protect_it(open_folder: Path) -> None:
    inbox = make_folder(open_folder / "inbox", owner=ALICE, group=ALICE, bits=0o755)
    source = inbox / "source"
    source.write_bytes(b"bytes")
    os.chown(source, BOB, BOB)
    datastore = open_datastore(
        {"root": str(make_folder(open_folder / "data", owner=ALICE, group=ALICE, bits=0o755))}, open_folder
    )

    def step() -> None:
        artifact = ingest(datastore, source, IngestMode.MOVE)
        datastore.intake.finish_move(source, [artifact])
        assert file_of(datastore, artifact).stat().st_uid == ALICE

    as_user(ALICE, step)
    assert not source.exists()


# Groups --------------------------------------------------------------------


@needs_root
def test_two_users_of_a_group_share_a_datastore_that_others_do_not_see(open_folder: Path) -> None:
    root = make_folder(open_folder / "data", owner=ALICE, group=OBSERVERS, bits=0o2770)
    datastore = open_datastore({"root": str(root), "group": OBSERVERS, "mode": "0660"}, open_folder)
    for user in (ALICE, BOB):
        as_user(user, lambda: put(datastore), groups=(OBSERVERS,))
    for path in datastore.inventory.paths():
        stored = root / path
        assert (mode(stored), stored.stat().st_gid) == ("0440", OBSERVERS)
        assert (mode(stored.parent), stored.parent.stat().st_gid) == ("2770", OBSERVERS)
    assert {(root / path).stat().st_uid for path in datastore.inventory.paths()} == {ALICE, BOB}

    def look() -> None:
        with pytest.raises(PermissionError):
            list(datastore.inventory.paths())

    as_user(STRANGER, look)


@needs_root
def test_a_user_who_is_not_in_the_group_is_told_so_and_leaves_nothing(open_folder: Path) -> None:
    root = make_folder(open_folder / "data", owner=STRANGER, group=STRANGER, bits=0o755)
    datastore = open_datastore({"root": str(root), "group": OBSERVERS}, open_folder)

    def step() -> None:
        with pytest.raises(PermissionDeniedError, match=f"group {OBSERVERS}"):
            put(datastore)

    as_user(STRANGER, step)
    assert list(datastore.inventory.paths()) == []


@needs_root
def test_a_group_is_named_as_the_computer_names_it(tmp_path: Path) -> None:
    group = next(entry for entry in grp.getgrall() if entry.gr_gid != 0)
    datastore = open_datastore({"group": group.gr_name}, tmp_path)
    stored = file_of(datastore, put(datastore))
    assert stored.stat().st_gid == stored.parent.stat().st_gid == group.gr_gid
    assert stored.parent.stat().st_mode & stat.S_ISGID


def test_where_the_group_is_unknown_one_reads_and_does_not_write(tmp_path: Path) -> None:
    artifact = put(open_datastore({}, tmp_path))
    datastore = open_datastore({"group": "no-such-group"}, tmp_path)
    assert datastore.get((artifact,), "Bytes") == b"bytes"
    with pytest.raises(ConfigError, match=r"there is no group 'no-such-group'"):
        put(datastore)
    assert list(datastore.inventory.paths()) == [artifact.path]
    assert "no-such-group" in " ".join(datastore.warnings())


# The root ------------------------------------------------------------------


def test_a_root_that_anybody_may_write_to_is_not_written_to(tmp_path: Path) -> None:
    datastore = open_datastore({}, tmp_path)
    artifact = put(datastore)
    (tmp_path / "data").chmod(0o777)
    source = tmp_path / "source"
    source.write_bytes(b"bytes")
    with pytest.raises(PermissionDeniedError, match=r"mode 0777(?s:.*)chmod o-w"):
        put(datastore)
    with pytest.raises(PermissionDeniedError, match="open to all"):
        ingest(datastore, source, IngestMode.HARDLINK)
    assert datastore.get((artifact,), "Bytes") == b"bytes"
    assert list(datastore.inventory.paths()) == [artifact.path]
    (tmp_path / "data").chmod(0o1777)
    put(datastore)
    assert "chmod o-w" in " ".join(datastore.warnings()), "nobody takes a name away, anybody adds one"


@needs_root
def test_a_root_of_another_user_is_doubted_unless_the_configured_group_shares_it(open_folder: Path) -> None:
    root = make_folder(open_folder / "data", owner=BOB, group=OBSERVERS, bits=0o2775)
    plain = open_datastore({"root": str(root)}, open_folder)
    shared = open_datastore({"root": str(root), "group": OBSERVERS}, open_folder)

    def step() -> None:
        (doubt,) = plain.warnings()
        assert f"of id {BOB}" in doubt
        assert list(shared.warnings()) == []

    as_user(ALICE, step, groups=(OBSERVERS,))
    as_user(BOB, lambda: _no_doubts(plain))
    assert list(open_datastore({"root": str(open_folder / "new")}, open_folder).warnings()) == []


def _no_doubts(datastore: Datastore) -> None:
    assert list(datastore.warnings()) == []


def test_a_disk_that_refuses_a_mode_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datastore = open_datastore({}, tmp_path)

    def refuse(path: object, *_mode: object, **_how: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))

    with monkeypatch.context() as patched:
        patched.setattr(os, "chmod", refuse)
        with pytest.raises(PermissionDeniedError):
            put(datastore)
    assert list(datastore.inventory.paths()) == []
