"""Size and SHA-256 of files."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from butler.datastore.system_errors import refusal, typed
from butler.errors import ArtifactMissingError, FormatError

__all__ = [
    "Fingerprint",
    "Reading",
    "changed_since",
    "copy_file",
    "file_status",
    "fingerprint",
    "read_through",
    "regular_file",
]

_CHUNK = 1 << 20
_BEGINNING = 512
_SMALL = 1 << 16
"""Bytes that are hashed in one go: making the buffer for more takes longer than that."""


class Fingerprint(NamedTuple):
    """What tells one file's bytes from another's."""

    size: int
    sha256: bytes


class Reading(NamedTuple):
    """What reading a file through once tells of it."""

    fingerprint: Fingerprint
    beginning: bytes
    """At least its first 512 bytes."""


def fingerprint(file: Path) -> Fingerprint:
    """Read a file through once."""
    return read_through(file).fingerprint


def read_through(file: Path | str) -> Reading:
    """Read a file through once, and keep how it begins."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        try:
            size = os.fstat(descriptor).st_size
            start = os.read(descriptor, size + 1 if size <= _SMALL else _BEGINNING)
            if len(start) == size:
                return Reading(Fingerprint(size, hashlib.sha256(start).digest()), start)
            # A large one, or one whose size says nothing.
            with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as stream:
                stream.seek(0)
                digest = hashlib.file_digest(stream, "sha256")
                return Reading(Fingerprint(stream.tell(), digest.digest()), start)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise refusal(error, file) from error


def copy_file(source: Path, target: Path) -> Fingerprint:
    """Copy a file's bytes, not its mode or times, hashing on the way."""
    digest = hashlib.sha256()
    size = 0
    with target.open("xb") as writing:
        for chunk in _chunks(source):
            writing.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return Fingerprint(size, digest.digest())


def _chunks(file: Path) -> Iterator[bytes]:
    with typed(file), file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def file_status(file: Path | str) -> os.stat_result:
    """Look at a file that is to be ingested, without opening it.

    Raises
    ------
    ArtifactMissingError
        If there is none.
    FormatError
        If it is a folder, a device or a pipe.
    """
    try:
        found = os.stat(file)
    except OSError as error:
        raise refusal(error, file) from error
    except ValueError as error:  # a name that no file can have
        raise ArtifactMissingError(
            f"there is no file {str(file)!r}", hint="Check the path.", details={"file": str(file)}
        ) from error
    if not stat.S_ISREG(found.st_mode):
        raise FormatError(
            f"{str(file)!r} isn't a regular file",
            hint="Ingest files one by one.",
            details={"file": str(file)},
        )
    return found


def regular_file(file: Path) -> os.stat_result:
    """Look at a file that is to be ingested, and see that it can be read.

    Raises
    ------
    ArtifactMissingError, FormatError
        As `file_status` does.
    PermissionDeniedError
        If it can't be read.
    """
    found = file_status(file)
    with typed(file):
        # Not by the mode: one that is gone by now has none, and there are more reasons than modes.
        os.close(os.open(file, os.O_RDONLY))
    return found


def changed_since(before: os.stat_result, file: Path | str) -> bool:
    """Whether a file was written to since it was looked at."""
    after = file_status(file)
    return (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
