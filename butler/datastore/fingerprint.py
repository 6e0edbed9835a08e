"""Size and SHA-256 of files."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from butler.datastore.system_errors import typed
from butler.errors import ArtifactMissingError, FormatError

__all__ = ["Fingerprint", "changed_since", "copy_file", "fingerprint", "regular_file"]

_CHUNK = 1 << 20
_SMALL = 1 << 16
"""Bytes that are hashed in one go: making the buffer for more takes longer than that."""


class Fingerprint(NamedTuple):
    """What tells one file's bytes from another's."""

    size: int
    sha256: bytes


def fingerprint(file: Path) -> Fingerprint:
    """Read a file through once."""
    with typed(file), file.open("rb", buffering=0) as stream:
        if os.fstat(stream.fileno()).st_size <= _SMALL:
            content = stream.read()
            return Fingerprint(len(content), hashlib.sha256(content).digest())
        digest = hashlib.file_digest(stream, "sha256")
        return Fingerprint(stream.tell(), digest.digest())


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


def regular_file(file: Path) -> os.stat_result:
    """Look at a file that is to be ingested.

    Raises
    ------
    ArtifactMissingError
        If there is none.
    PermissionDeniedError
        If it can't be read.
    FormatError
        If it is a folder, a device or a pipe.
    """
    details = {"file": str(file)}
    try:
        with typed(file):
            found = file.stat()
            if stat.S_ISREG(found.st_mode):
                # Not by the mode: one that is gone by now has none, and there are more reasons than modes.
                os.close(os.open(file, os.O_RDONLY))
    except ValueError as error:  # a name that no file can have
        raise ArtifactMissingError(
            f"There is no file {str(file)!r}", hint="Check the path.", details=details
        ) from error
    if not stat.S_ISREG(found.st_mode):
        raise FormatError(
            f"{str(file)!r} isn't a regular file", hint="Ingest files one by one.", details=details
        )
    return found


def changed_since(before: os.stat_result, file: Path) -> bool:
    """Whether a file was written to since it was looked at."""
    with typed(file):
        after = file.stat()
    return (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
