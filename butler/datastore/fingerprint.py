"""Size and SHA-256 of files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from butler.datastore.special_files import refuse_special
from butler.datastore.system_errors import refusal, typed
from butler.errors import ArtifactMissingError, ButlerError, FormatError

__all__ = [
    "Fingerprint",
    "Reading",
    "changed_since",
    "copy_file",
    "file_status",
    "fingerprint",
    "fingerprint_of",
    "read_chunks",
    "read_through",
    "regular_file",
]

_CHUNK = 1 << 20
_BEGINNING = 512
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
_HINT = "Give files that lie on a disk, one by one."
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


def fingerprint_of(content: bytes) -> Fingerprint:
    """Size and SHA-256 of what a file is to have."""
    return Fingerprint(len(content), hashlib.sha256(content).digest())


def fingerprint(file: Path) -> Fingerprint:
    """Read a file through once."""
    return read_through(file).fingerprint


def read_through(file: Path | str) -> Reading:
    """Read a file through once, and keep how it begins.

    No more is read than the size that it has when it is opened, and one byte
    after: of one that grows meanwhile that says enough.

    Raises
    ------
    FormatError
        If it isn't a regular file, or one whose size is no limit of what can
        be read.
    """
    try:
        # Without waiting, which no file on a disk makes anybody do.
        descriptor = os.open(file, _READ)
        try:
            found = os.fstat(descriptor)
            refuse_special(file, found, hint=_HINT)
            size = found.st_size
            start = os.read(descriptor, size + 1 if size <= _SMALL else _BEGINNING)
            if len(start) == size:
                return Reading(fingerprint_of(start), start)
            read = _read_on(descriptor, start, size + 1)
            if read.size > size >= os.fstat(descriptor).st_size:
                raise _endless(file, size)
            return Reading(read, start)
        finally:
            os.close(descriptor)
    except ButlerError:
        raise
    except OSError as error:
        raise refusal(error, file) from error


def _read_on(descriptor: int, start: bytes, limit: int) -> Fingerprint:
    """Read what comes after the start of a file, up to so many bytes in all."""
    digest = hashlib.sha256(start)
    size = len(start)
    buffer = memoryview(bytearray(_CHUNK))
    while size < limit and (read := os.readv(descriptor, [buffer[: limit - size]])):
        digest.update(buffer[:read])
        size += read
    return Fingerprint(size, digest.digest())


def copy_file(source: Path, target: Path) -> Fingerprint:
    """Copy a file's bytes, not its mode or times, hashing on the way."""
    digest = hashlib.sha256()
    size = 0
    with target.open("xb") as writing:
        for chunk in read_chunks(source):
            writing.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return Fingerprint(size, digest.digest())


def read_chunks(file: Path) -> Iterator[bytes]:
    """Give a file's bytes, and one more if it grows: its copier need not run after its writer."""
    with typed(file), open(file, "rb", opener=_opener) as stream:
        left = os.fstat(stream.fileno()).st_size + 1
        while left and (chunk := stream.read(min(_CHUNK, left))):
            left -= len(chunk)
            yield chunk


def _opener(file: str, _flags: int) -> int:
    return os.open(file, _READ)


def file_status(file: Path | str) -> os.stat_result:
    """Look at a file that is to be ingested, without opening it.

    Raises
    ------
    ArtifactMissingError
        If there is none.
    FormatError
        If it is a folder, a device or a pipe, or of a file system that makes
        up its files, such as ``/proc``.
    """
    try:
        found = os.stat(file)
    except OSError as error:
        raise refusal(error, file) from error
    except ValueError as error:  # a name that no file can have
        raise ArtifactMissingError(
            f"there is no file {str(file)!r}", hint="Check the path.", details={"file": str(file)}
        ) from error
    refuse_special(file, found, hint=_HINT)
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
        os.close(os.open(file, _READ))
    return found


def _endless(file: Path | str, size: int) -> FormatError:
    return FormatError(
        f"{str(file)!r} is said to have {size} bytes, and more can be read: it isn't a file that is stored",
        hint=_HINT,
        details={"file": str(file), "size": size},
    )


def changed_since(before: os.stat_result, file: Path | str) -> bool:
    """Whether a file was written to since it was looked at."""
    after = file_status(file)
    return (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
