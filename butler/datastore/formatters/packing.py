"""Files that were packed as a whole: by gzip, bzip2, xz or zstd."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from butler.datastore.formatters.content import beginning
from butler.errors import FormatError

__all__ = ["PACKINGS", "UNPACKED_BYTES", "Packing", "check_expansion", "open_unpacked", "packing_of"]

UNPACKED_BYTES = 16 << 30
"""Most that is unpacked of one file or array: a few bytes can stand for any number."""

EXPANSION = 1100
"""More than deflate can make of one byte, which is 1032, or Rice coding."""

_FREE = 64 << 20
_CHUNK = 1 << 17
_GZIP_LEVEL = 1  # of noisy floats the others save 0.3 % in more than twice the time


@contextmanager
def _open_zstd(path: Path) -> Iterator[Any]:
    import pyarrow

    # Not by name: Arrow takes only such as are UTF-8.
    with path.open("rb") as file, pyarrow.CompressedInputStream(file, "zstd") as stream:
        yield stream


@contextmanager
def _create_zstd(path: Path) -> Iterator[Any]:
    import pyarrow

    with path.open("xb") as file, pyarrow.CompressedOutputStream(file, "zstd") as stream:
        yield stream


@contextmanager
def _create_gzip(path: Path) -> Iterator[gzip.GzipFile]:
    # Without name and time, so that the same object makes the same file.
    with path.open("xb") as file, gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) as stream:
        yield stream


@dataclass(frozen=True, slots=True)
class Packing:
    """One way to pack a whole file.

    Parameters
    ----------
    name : `str`
        What configurations call it.
    magic : `bytes`
        How its files begin.
    extension : `str`
        What it adds to a name.
    open : `~collections.abc.Callable`
        Opens a file for reading what it unpacks to.
    create : `~collections.abc.Callable`
        Opens a new file for writing what is to be packed.
    """

    name: str
    magic: bytes
    extension: str
    open: Callable[[Path], AbstractContextManager[Any]]
    create: Callable[[Path], AbstractContextManager[Any]]


PACKINGS = (
    Packing("gzip", b"\x1f\x8b", ".gz", gzip.open, _create_gzip),
    Packing("zstd", b"\x28\xb5\x2f\xfd", ".zst", _open_zstd, _create_zstd),
    Packing("bzip2", b"BZh", ".bz2", bz2.open, partial(bz2.open, mode="wb")),
    Packing("xz", b"\xfd7zXZ\0", ".xz", lzma.open, partial(lzma.open, mode="wb")),
)
"""Those that are read and written."""


def packing_of(path: Path) -> Packing | None:
    """Packing that a file begins as, whatever its name."""
    start = beginning(path)
    return next((packing for packing in PACKINGS if start.startswith(packing.magic)), None)


@contextmanager
def open_unpacked(path: Path, copy: IO[bytes] | None = None) -> Iterator[io.BufferedReader[Any]]:
    """Open what a file holds: unpacked, if it is packed.

    Parameters
    ----------
    path : `~pathlib.Path`
        The file.
    copy : `~typing.IO`, optional
        Takes what is unpacked, as far as it is read.

    Yields
    ------
    stream : `io.BufferedReader`
        Of a packed file, to be read and sought forward only.

    Raises
    ------
    FormatError
        At any read: if the packing is damaged, or unpacks to more than
        `UNPACKED_BYTES`.
    """
    packing = packing_of(path)
    if packing is None:
        with path.open("rb") as plain:
            yield plain
        return
    with (
        packing.open(path) as packed,
        io.BufferedReader(_Forward(packed, path, copy), _CHUNK) as stream,
    ):
        yield stream


class _Forward(io.RawIOBase):
    """Forgets what has passed, but for the copy."""

    def __init__(self, packed: Any, path: Path, copy: IO[bytes] | None) -> None:
        self._packed = packed
        self._path = path
        self._copy = copy
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        with _typed(self._path):
            chunk = self._packed.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self._position += len(chunk)
        if self._position > UNPACKED_BYTES:
            raise _bomb(self._path, f"it unpacks to more than {UNPACKED_BYTES} bytes")
        if self._copy is not None:
            self._copy.write(chunk)
        return len(chunk)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        target = offset + (self._position if whence == io.SEEK_CUR else 0)
        if whence == io.SEEK_END or target < self._position:
            raise io.UnsupportedOperation("a packed file is read forward")
        chunk = memoryview(bytearray(_CHUNK))
        while self._position < target and self.readinto(chunk[: target - self._position]):
            pass
        return self._position


@contextmanager
def _typed(path: Path) -> Iterator[None]:
    try:
        yield
    except (EOFError, ValueError, zlib.error, lzma.LZMAError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise FormatError(
            f"{str(path)!r} can't be unpacked: {error}",
            hint="The file is damaged or cut short.",
            details={"file": str(path)},
        ) from error


def check_expansion(path: Path, what: str, size: int, stored: int) -> None:
    """Refuse to unpack what must be a bomb, before any memory is taken for it.

    Parameters
    ----------
    path : `~pathlib.Path`
        The file.
    what : `str`
        The part of it, for the message.
    size, stored : `int`
        Bytes that it says it unpacks to, and bytes that it has in the file.

    Raises
    ------
    FormatError
        If it would be more than `UNPACKED_BYTES`, or than its bytes can
        stand for.
    """
    if size > min(UNPACKED_BYTES, stored * EXPANSION + _FREE):
        raise _bomb(path, f"{what} would unpack from {stored} to {size} bytes")


def _bomb(path: Path, why: str) -> FormatError:
    return FormatError(
        f"{str(path)!r} isn't unpacked: {why}",
        hint="The file is broken, or made to fill memory and disks.",
        details={"file": str(path)},
    )
