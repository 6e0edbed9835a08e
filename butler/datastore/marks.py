"""Whose a datastore's root is: its mark, and the check before anything is written or deleted."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from msgspec import DecodeError, Struct
from msgspec.json import decode

from butler.errors import DatastoreRootError
from butler.values import Mark

__all__ = ["LONGEST_MARK", "RootMark", "RootState", "check_mark", "encode_mark", "read_mark", "wrong_mark"]

LONGEST_MARK = 4096
"""Bytes; what is longer is no mark, and isn't read."""


class RootState(StrEnum):
    """Why there is no mark to be read."""

    ABSENT = "isn't there"
    EMPTY = "is empty, without a mark"
    UNMARKED = "bears no mark"
    OBSTRUCTED = "has something that isn't a regular file in the place of its mark"


class RootMark(ABC):
    """The mark of a root, which isn't one of its files."""

    @property
    @abstractmethod
    def root(self) -> str:
        """URI of the root."""

    @property
    def is_private(self) -> bool:
        """Whether nobody but this process ever reaches what is in the root: then its first user marks it."""
        return False

    @abstractmethod
    def read(self) -> bytes | RootState:
        """Read what the mark says, of which no more than `LONGEST_MARK` and a byte, or why there is none.

        Whatever is mounted in the root's place meanwhile, the answer is of one root.

        Raises
        ------
        DatastoreRootError
            If the root holds a repository or a PostgreSQL server's files: nobody may write there.
        """

    @abstractmethod
    def write(self, content: bytes, *, instead_of: bytes | None) -> None:
        """Set the mark, whole and durable, and make the root if it isn't there.

        Parameters
        ----------
        content : `bytes`
            What it is to say.
        instead_of : `bytes` or `None`
            What it says now; `None` if there is none.

        Raises
        ------
        DatastoreRootError
            If there is another one by now, which stays.
        """

    def refuse_shared(self) -> None:
        """Look through the whole root, and around it, for what isn't its datastore's.

        Raises
        ------
        DatastoreRootError
            If a repository, another datastore's root or a PostgreSQL
            server's files are in it, or it is in one of the latter two.
        """
        return  # of its kind nothing else can be in it


class _Written(Struct, frozen=True, forbid_unknown_fields=True):
    """A mark as it is written."""

    installation: UUID
    datastore: str
    mark: UUID


@lru_cache(maxsize=64)
def encode_mark(mark: Mark) -> bytes:
    """Give what a root's mark says."""
    return json.dumps(_plain(mark), indent=2).encode() + b"\n"


def read_mark(content: bytes) -> Mark | None:
    """Understand what a root's mark says; `None` if that is nothing that `encode_mark` gives."""
    try:
        said = decode(content, type=_Written)
    except (DecodeError, UnicodeDecodeError):
        return None
    return Mark(said.installation, said.datastore, said.mark)


def check_mark(mark: RootMark, expected: Mark) -> None:
    """Refuse a root that doesn't bear the mark that it should.

    Raises
    ------
    DatastoreRootError
        The message names the root, what was found there, and the remedy.
    PermissionDeniedError, StorageError
        If it can't be known.
    """
    content = encode_mark(expected)
    found = mark.read()
    if found == content:
        return
    if isinstance(found, RootState):
        if mark.is_private:
            mark.write(content, instead_of=None)
            return
    elif read_mark(found) == expected:  # in other words
        return
    raise wrong_mark(mark.root, found, expected)


def wrong_mark(root: str, found: bytes | RootState, expected: Mark) -> DatastoreRootError:
    """Give the error for a root that doesn't bear the mark that it should."""
    said: Mark | None = None
    hint = (
        f"If its files are there, and nobody else's: 'butler datastore mark {expected.datastore} --dry-run'"
        " says what there is, and without --dry-run it sets the mark anew."
    )
    if isinstance(found, RootState):
        problem = str(found)
        if found in {RootState.ABSENT, RootState.EMPTY}:
            hint = f"Mount it. {hint}"
    elif (said := read_mark(found)) is None:
        problem = f"has a mark that can't be read, {found[:40]!r}{' …' * (len(found) > 40)}"
    elif (said.installation, said.datastore) == (expected.installation, expected.datastore):
        problem = (
            f"bears the mark {said.id}, not {expected.id}: the database or the root is from another time"
        )
    else:
        problem = (
            f"bears mark {said.id} of datastore {said.datastore!r} of installation {said.installation};"
            f" this one is {expected.installation}"
        )
    return DatastoreRootError(
        f"nothing is done with datastore {expected.datastore!r}: its root {root} {problem}",
        hint=hint,
        details={
            "datastore": expected.datastore,
            "root": root,
            "expected": _plain(expected),
            "found": found.name.lower() if isinstance(found, RootState) else _plain(said),
        },
    )


def _plain(mark: Mark | None) -> dict[str, str] | None:
    if mark is None:
        return None
    return {"installation": str(mark.installation), "datastore": mark.datastore, "mark": str(mark.id)}
