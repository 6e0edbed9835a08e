"""The headers in a FITS file, without its pixels.

The file is walked from header to header and its size is compared with what
they promise, so that a file cut short is refused before anything is registered.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from butler.cameras.headers import FileHeaders
from butler.cameras.quiet import quiet_astropy
from butler.datastore.fingerprint import regular_file
from butler.datastore.formatters.content import not_of_its_format
from butler.datastore.formatters.packing import open_unpacked
from butler.datastore.system_errors import typed
from butler.errors import FormatError

if TYPE_CHECKING:
    from astropy.io.fits import Header

__all__ = ["SUFFIXES", "read_headers"]

SUFFIXES = tuple(
    f"{suffix}{packed}" for suffix in (".fits", ".fit", ".fts", ".fits.fz", ".fz") for packed in ("", ".gz")
)
"""How the names of FITS files end, in lower case."""

_BLOCK = 2880
_CARD = 80
_MAX_HEADER_BLOCKS = 4000
_MAX_HDUS = 10_000
_MAX_AXES = 999
_MAX_COUNT = 2**62
_STRUCTURE = (b"SIMPLE  ", b"XTENSION", b"BITPIX  ", b"NAXIS", b"PCOUNT  ", b"GCOUNT  ", b"GROUPS  ")


def read_headers(path: Path) -> FileHeaders:
    """Read every header of a FITS file, which may be packed by gzip, bzip2, xz or zstd.

    Raises
    ------
    ArtifactMissingError, PermissionDeniedError, StorageError
        If it can't be read.
    FormatError
        If it isn't FITS, or is shorter than its headers promise.
    """
    regular_file(path)
    with typed(path), open_unpacked(path) as stream, quiet_astropy():
        texts = list(_walk(stream, path))
    return FileHeaders(path, _Headers(path, texts))


class _Headers:
    """Headers that are parsed when they are asked for: most of a file's never are."""

    def __init__(self, path: Path, texts: list[bytes]) -> None:
        self._path = path
        self._texts = texts
        self._parsed: dict[int, Header] = {}

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, number: int, /) -> Header:
        if number not in self._parsed:
            with quiet_astropy():
                self._parsed[number] = _parse(self._texts[number], self._path, number)
        return self._parsed[number]


def _walk(stream: IO[bytes], path: Path) -> Iterator[bytes]:
    for number in range(_MAX_HDUS):
        text = _header_bytes(stream, path, number)
        if text is None:
            return
        yield text
        size, padded = _promised_size(text, path, number)
        _skip(stream, path, number, size, padded)
    raise _bad(path, f"it has more than {_MAX_HDUS} headers")


def _header_bytes(stream: IO[bytes], path: Path, number: int) -> bytes | None:
    blocks: list[bytes] = []
    while len(blocks) < _MAX_HEADER_BLOCKS:
        block = stream.read(_BLOCK)
        first = b"SIMPLE  =" if number == 0 else b"XTENSION="
        if not blocks and not block.startswith(first):
            if number == 0:
                raise not_of_its_format(str(path), block, "FITS")
            # Anything may follow the last HDU.
            return None
        if len(block) < _BLOCK:
            raise _bad(path, f"header {number} is cut short")
        blocks.append(block)
        if any(block[card : card + _CARD].rstrip() == b"END" for card in range(0, _BLOCK, _CARD)):
            return b"".join(blocks)
    raise _bad(path, f"header {number} doesn't end")


def _promised_size(text: bytes, path: Path, number: int) -> tuple[int, int]:
    cards = (text[start : start + _CARD] for start in range(0, len(text), _CARD))
    header = _parse(b"".join(card for card in cards if card.startswith(_STRUCTURE)), path, number)
    try:
        axes = _count(header, "NAXIS", _MAX_AXES)
        for keyword in (*(f"NAXIS{n + 1}" for n in range(axes)), "PCOUNT", "GCOUNT"):
            if keyword.startswith("NAXIS") or keyword in header:
                _count(header, keyword, _MAX_COUNT)
        return header.data_size, header.data_size_padded
    except Exception as error:  # whatever astropy makes of a hostile header
        raise _bad(path, f"header {number} can't be understood: {error}") from error


def _parse(text: bytes, path: Path, number: int) -> Header:
    from astropy.io.fits import Header

    try:
        return Header.fromstring(text)
    except Exception as error:  # whatever astropy makes of a hostile header
        raise _bad(path, f"header {number} can't be understood: {error}") from error


def _count(header: Header, keyword: str, most: int) -> int:
    value = header[keyword]
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ValueError(f"{keyword} is {value!r}")
    return value


def _skip(stream: IO[bytes], path: Path, number: int, size: int, padded: int) -> None:
    if not padded:
        return
    try:
        # One byte is read, not only sought: past the end of a file, seeking succeeds.
        stream.seek(size - 1, 1)
        last = stream.read(1)
    except (OSError, OverflowError, ValueError):
        last = b""
    if not last:
        raise _bad(path, f"it is cut short: header {number} promises {size} bytes of data")
    # Not every writer pads the last block.
    stream.seek(padded - size, 1)


def _bad(path: Path, reason: str) -> FormatError:
    return FormatError(
        f"{path}: isn't a whole FITS file: {reason}",
        hint="Fetch it again; the headers and the size of the file must agree.",
        details={"file": str(path)},
    )
