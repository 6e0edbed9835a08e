"""The mark of a folder: what is taken for one, and that it is set whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from butler.datastore.marks import LONGEST_MARK, RootState, check_mark, encode_mark, read_mark
from butler.datastore.storage import PosixStorage
from butler.errors import DatastoreRootError, InvalidNameError, PermissionDeniedError
from butler.values import Mark

NAME = ".butler-datastore.json"
OURS = Mark(UUID(int=1), "main", UUID(int=2))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root that bears its mark, with a file in it."""
    storage = PosixStorage(tmp_path / "data")
    storage.mark.write(encode_mark(OURS), instead_of=None)
    with storage.create("a/b") as draft:
        draft.write_bytes(b"content")
    return tmp_path / "data"


def check(root: Path) -> None:
    check_mark(PosixStorage(root).mark, OURS)


def test_a_marked_root_passes_and_the_mark_is_none_of_its_files(root: Path) -> None:
    check(root)
    storage = PosixStorage(root)
    assert list(storage.paths()) == ["a/b"]
    for act in (storage.delete, storage.exists, storage.modified, storage.seal):
        with pytest.raises(InvalidNameError, match="leads out"):
            act(NAME)
    check(root)


def test_it_may_be_spelled_otherwise(root: Path) -> None:
    content = encode_mark(OURS).replace(b"\n", b"").replace(b"main", b"ma\\u0069n")
    (root / NAME).unlink()
    (root / NAME).write_bytes(content)
    check(root)


def test_a_link_to_the_root_is_the_root(root: Path) -> None:
    (root.parent / "link").symlink_to(root)
    check(root.parent / "link")


def file(content: bytes) -> Callable[[Path], object]:
    return lambda mark: mark.write_bytes(content)


def linked(mark: Path) -> None:
    other = mark.parent.with_name("other")
    other.write_bytes(encode_mark(OURS))
    mark.symlink_to(other)


def bound(mark: Path) -> None:
    os.chdir(mark.parent)  # a socket's name is short
    socket.socket(socket.AF_UNIX).bind(mark.name)


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "none": (lambda mark: None, "bears no mark"),
    "half of it": (file(encode_mark(OURS)[:60]), "has a mark that can't be read"),
    "nothing in it": (file(b""), "has a mark that can't be read, b''"),
    "a megabyte": (file(b" " * 2**20 + encode_mark(OURS)), "has a mark that can't be read, b'    "),
    "NUL": (file(b"\0" * 10), "has a mark that can't be read"),
    "bytes that are no text": (file(b"\xff\xfe"), "has a mark that can't be read"),
    "another key": (file(encode_mark(OURS).replace(b"{", b'{"more": 1,')), "has a mark that can't be read"),
    "a list": (file(b"[]"), "has a mark that can't be read"),
    "a folder": (Path.mkdir, "isn't a regular file"),
    "a link": (linked, "isn't a regular file"),
    "a pipe": (os.mkfifo, "can't be read, b''"),
    "a socket": (bound, "isn't a regular file"),
    "another datastore's": (
        file(encode_mark(Mark(OURS.installation, "archive", UUID(int=3)))),
        "of datastore 'archive' of installation 00000000-0000-0000-0000-000000000001; this one is",
    ),
    "another installation's": (
        file(encode_mark(Mark(UUID(int=9), "main", OURS.id))),
        "of datastore 'main' of installation 00000000-0000-0000-0000-000000000009; this one is",
    ),
    "an earlier one": (
        file(encode_mark(Mark(OURS.installation, "main", UUID(int=4)))),
        "bears the mark 00000000-0000-0000-0000-000000000004, not 00000000-0000-0000-0000-000000000002",
    ),
    "a name that commands a terminal": (
        file(encode_mark(Mark(OURS.installation, "a\n\x1b[2J", UUID(int=3)))),
        r"of datastore 'a\n\x1b[2J' of",
    ),
}


@pytest.mark.parametrize("spoil", SPOILT)
def test_whatever_else_has_the_mark_s_name_is_refused_at_once_and_named(
    root: Path, monkeypatch: pytest.MonkeyPatch, spoil: str
) -> None:
    monkeypatch.chdir(root)
    make, message = SPOILT[spoil]
    (root / NAME).unlink()
    make(root / NAME)
    with pytest.raises(DatastoreRootError) as caught:
        check(root)
    assert message in caught.value.message
    assert f"datastore 'main': its root file://{root}/ " in caught.value.message
    assert "butler datastore mark main --dry-run" in str(caught.value.hint)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 1000


def test_a_root_that_isn_t_there_and_one_that_is_empty_are_told_apart(root: Path) -> None:
    root.rename(root.with_name("unmounted"))
    with pytest.raises(DatastoreRootError, match="isn't there"):
        check(root)
    assert not root.exists()
    root.mkdir()
    with pytest.raises(DatastoreRootError, match="is empty") as caught:
        check(root)
    assert str(caught.value.hint).startswith("Mount it.")
    assert list(root.iterdir()) == []


def test_a_mark_that_may_not_be_read_is_no_missing_mark(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system refuses it to another user; root, as whom tests may run, reads everything."""
    opened = os.open

    def refuse_the_mark(path: Any, *arguments: Any, **options: Any) -> int:
        if path == NAME:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return opened(path, *arguments, **options)

    monkeypatch.setattr(os, "open", refuse_the_mark)
    with pytest.raises(PermissionDeniedError):
        check(root)


# What isn't the datastore's --------------------------------------------------


@pytest.mark.parametrize("name", ["PG_VERSION", "butler.yaml"])
def test_a_root_that_holds_a_server_or_a_repository_is_refused_whatever_its_mark_says(
    root: Path, name: str
) -> None:
    (root / name).touch()
    with pytest.raises(DatastoreRootError, match=name):
        check(root)
    with pytest.raises(DatastoreRootError, match=name):
        PosixStorage(root).mark.refuse_shared()


@pytest.mark.parametrize("name", ["PG_VERSION", "butler.yaml", NAME])
def test_what_lies_deep_in_a_root_and_is_another_s_is_refused_and_never_listed(root: Path, name: str) -> None:
    deep = root / "a/deep/folder"
    deep.mkdir(parents=True)
    (deep / name).touch()
    (deep / "file").touch()
    storage = PosixStorage(root)
    with pytest.raises(DatastoreRootError, match="a/deep/folder"):
        storage.mark.refuse_shared()
    found: list[str] = []
    with pytest.raises(DatastoreRootError, match="a/deep/folder"):
        found.extend(storage.paths())
    assert found == ["a/b"]


@pytest.mark.parametrize("name", ["PG_VERSION", NAME])
def test_a_root_that_lies_in_another_s_is_refused_also_behind_a_link(tmp_path: Path, name: str) -> None:
    (tmp_path / "theirs/deep/data").mkdir(parents=True)
    (tmp_path / "theirs" / name).touch()
    (tmp_path / "link").symlink_to(tmp_path / "theirs/deep/data")
    for root in (tmp_path / "theirs/deep/data", tmp_path / "link"):
        with pytest.raises(DatastoreRootError, match="theirs'"):
            PosixStorage(root).mark.refuse_shared()


# Setting it --------------------------------------------------------------------


def test_it_replaces_what_it_was_told_of_and_nothing_else(root: Path) -> None:
    mark = PosixStorage(root).mark
    new = encode_mark(Mark(OURS.installation, "main", uuid4()))
    for wrong in (None, b"", new):
        with pytest.raises(DatastoreRootError, match="another mark by now"):
            mark.write(new, instead_of=wrong)
        check(root)
    mark.write(new, instead_of=encode_mark(OURS))
    assert mark.read() == new
    assert sorted(os.listdir(root)) == [NAME, "a"]
    (root / NAME).unlink()
    with pytest.raises(DatastoreRootError, match="another mark by now"):
        mark.write(new, instead_of=new)
    assert mark.read() is RootState.UNMARKED


def test_everybody_may_read_it_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        PosixStorage(tmp_path / "data").mark.write(b"{}", instead_of=None)
    finally:
        os.umask(before)
    assert (tmp_path / "data" / NAME).stat().st_mode & 0o777 == 0o444


KILLED = """
import os, signal, sys
from pathlib import Path
from typing import Any
from butler.datastore.storage import PosixStorage

root, number, before, after = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
mark = PosixStorage(Path(root)).mark
done = 0
for name in ("open", "fsync", "fchmod", "rename", "link", "unlink", "close", "mkdir"):
    def at(*args, call=getattr(os, name), **options):
        global done
        done += 1
        if done == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **options)
    setattr(os, name, at)
mark.write(after.encode(), instead_of=before.encode() or None)
"""


@pytest.mark.parametrize("before", ["", "old"])
def test_whoever_is_killed_at_any_call_leaves_the_old_mark_or_the_new_one(
    tmp_path: Path, before: str
) -> None:
    root = tmp_path / "data"
    seen = set()
    for number in range(1, 100):
        shutil.rmtree(root, ignore_errors=True)
        if before:
            PosixStorage(root).mark.write(before.encode(), instead_of=None)
        ran = subprocess.run([sys.executable, "-c", KILLED, root, str(number), before, "new"], check=False)
        storage = PosixStorage(root)
        found = storage.mark.read()
        seen.add(found)
        assert found in ({b"old", b"new"} if before else {RootState.ABSENT, *RootState, b"new"})
        assert all(map(storage.is_temporary, storage.paths())), "what is left is known for what it is"
        if ran.returncode == 0:
            break
        assert ran.returncode == -signal.SIGKILL
        if found != b"new":
            storage.mark.write(b"new", instead_of=before.encode() or None)
            assert storage.mark.read() == b"new"
    assert ran.returncode == 0
    assert found == b"new"
    assert len(seen) > 1


def test_a_mark_comes_back_as_it_was_and_fits_whatever_the_name() -> None:
    mark = Mark(uuid4(), "🔭" * 300, uuid4())
    assert read_mark(encode_mark(mark)) == mark
    assert len(encode_mark(mark)) < LONGEST_MARK
