"""The headers of a FITS file, without its pixels.

The file is walked from header to header and its size is compared with what
they promise, so that a file cut short is refused before anything is filed.
"""

from __future__ import annotations

import gzip
import os
import threading
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from butler.errors import ConfigError, FormatError

if TYPE_CHECKING:
    from astropy.io.fits import Header

__all__ = ["FileHeaders", "HeaderValue", "quiet_astropy", "read_headers"]

_BLOCK = 2880
_CARD = 80
_MAX_HEADER_BLOCKS = 4000
_MAX_HDUS = 10_000
_MAX_AXES = 999
_MAX_COUNT = 2**62
_GZIP_MAGIC = b"\x1f\x8b"
_PRIMARY = "primary"
_MERGED = "merged"


@dataclass(frozen=True)
class HeaderValue:
    """What a header says under a keyword.

    Parameters
    ----------
    value : `bool`, `int`, `float` or `str`
        The value; text is stripped.
    source : `str`
        Keyword and HDU, for reports.
    repeated : `int`
        How often the keyword occurs there; the first one counts.
    """

    value: bool | int | float | str
    source: str
    repeated: int = 1


@dataclass(frozen=True)
class FileHeaders:
    """The headers of one file.

    Parameters
    ----------
    path : `~pathlib.Path`
        The file; its name is also something that a camera can be asked about.
    hdus : `~collections.abc.Sequence` [`astropy.io.fits.Header`]
        Primary header first.
    image : `int`
        Index of the HDU whose image is the sensor's.
    """

    path: Path
    hdus: Sequence[Header]
    image: int = 0

    def with_image(self, hdu: str | int) -> FileHeaders:
        """Choose the HDU that holds the image: ``first`` with two axes, a name, or a number.

        Raises
        ------
        ConfigError
            If the file has no such HDU.
        """
        if hdu == "first":
            found = next((i for i in range(len(self.hdus)) if len(self.axes(i)) >= 2), 0)
            return FileHeaders(self.path, self.hdus, found)
        return FileHeaders(self.path, self.hdus, self._index(hdu))

    def axes(self, index: int | None = None) -> tuple[int, ...]:
        """Give the pixels along each axis of an image, the fastest first; empty for a table."""
        header = self.hdus[self.image if index is None else index]
        compressed = _look(header, "ZIMAGE") is True
        if not compressed and str(_look(header, "XTENSION") or "IMAGE").strip() != "IMAGE":
            return ()
        prefix = "Z" if compressed else ""
        sizes: list[int] = []
        while isinstance(size := _look(header, f"{prefix}NAXIS{len(sizes) + 1}"), int):
            sizes.append(size)
        count = _look(header, f"{prefix}NAXIS")
        return tuple(sizes[:count]) if isinstance(count, int) and count >= 0 else ()

    def get(self, keyword: str, hdu: str | int = _MERGED) -> HeaderValue | None:
        """Look a keyword up.

        Parameters
        ----------
        keyword : `str`
            As the header has it, without ``HIERARCH``.
        hdu : `str` or `int`
            ``merged``: the image's header, then the primary one. ``primary``,
            a name (EXTNAME) or a number: that one.

        Returns
        -------
        value : `HeaderValue` or `None`
            `None` if it isn't there or blank.

        Raises
        ------
        ConfigError
            If its card can't be understood, or there is no such HDU.
        """
        places = dict.fromkeys((self.image, 0)) if hdu == _MERGED else (self._index(hdu),)
        for index in places:
            header = self.hdus[index]
            if keyword not in header:
                continue
            source = f"{keyword} of {self.hdu_name(index)}"
            value = _plain(header, keyword, source)
            if value is not None:
                return HeaderValue(value, source, header.count(keyword))
        return None

    def hdu_name(self, index: int) -> str:
        """Name an HDU for reports: EXTNAME, else its number."""
        if index == 0:
            return "the primary header"
        return f"HDU {self._extname(index) or index}"

    def _extname(self, index: int) -> str:
        return str(_look(self.hdus[index], "EXTNAME") or "").strip()

    def _index(self, hdu: str | int) -> int:
        if hdu == _PRIMARY:
            return 0
        for index in range(len(self.hdus)):
            if hdu in (index, self._extname(index)):
                return index
        raise ConfigError(
            f"{self.path}: has no HDU {hdu!r}",
            hint=f"It has {', '.join(self.hdu_name(i) for i in range(min(len(self.hdus), 20)))}.",
            details={"file": str(self.path), "hdu": hdu},
        )


def read_headers(path: Path) -> FileHeaders:
    """Read every header of a FITS file, which may be compressed with gzip.

    Raises
    ------
    FormatError
        If it can't be read, isn't FITS, or is shorter than its headers promise.
    """
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == _GZIP_MAGIC
            raw.seek(0)
            stream = cast("IO[bytes]", gzip.GzipFile(fileobj=raw) if zipped else raw)
            with quiet_astropy():
                hdus = tuple(_walk(stream, path))
    except (OSError, EOFError, zlib.error) as error:
        raise FormatError(
            f"{path}: can't be read: {getattr(error, 'strerror', None) or error}",
            hint="Check the file and its permissions.",
            details={"file": str(path)},
        ) from error
    return FileHeaders(path, hdus)


_settings = threading.RLock()


def _free_settings() -> None:
    global _settings
    _settings = threading.RLock()


# The thread that held the lock isn't there after a fork.
os.register_at_fork(after_in_child=_free_settings)


@contextmanager
def quiet_astropy() -> Iterator[None]:
    """Keep astropy from printing what a report says anyway, and from the network."""
    from astropy.utils import iers

    # Both are settings of the whole process: two threads would restore them in the wrong order.
    with _settings, warnings.catch_warnings(), iers.conf.set_temp("auto_download", False):
        warnings.simplefilter("ignore")
        yield


def _walk(stream: IO[bytes], path: Path) -> Iterator[Header]:
    from astropy.io.fits import Header

    for number in range(_MAX_HDUS):
        text = _header_bytes(stream, path, number)
        if text is None:
            return
        try:
            header = Header.fromstring(text)
            size, padded = _promised_size(header)
        except Exception as error:  # whatever astropy makes of a hostile header
            raise _bad(path, f"header {number} can't be understood: {error}") from error
        yield header
        _skip(stream, path, number, size, padded)
    raise _bad(path, f"it has more than {_MAX_HDUS} headers")


def _header_bytes(stream: IO[bytes], path: Path, number: int) -> bytes | None:
    blocks: list[bytes] = []
    while len(blocks) < _MAX_HEADER_BLOCKS:
        block = stream.read(_BLOCK)
        first = b"SIMPLE  =" if number == 0 else b"XTENSION="
        if not blocks and not block.startswith(first):
            if number == 0:
                raise _bad(path, "it doesn't begin as FITS files do")
            # Anything may follow the last HDU.
            return None
        if len(block) < _BLOCK:
            raise _bad(path, f"header {number} is cut short")
        blocks.append(block)
        if any(block[card : card + _CARD].rstrip() == b"END" for card in range(0, _BLOCK, _CARD)):
            return b"".join(blocks)
    raise _bad(path, f"header {number} doesn't end")


def _promised_size(header: Header) -> tuple[int, int]:
    axes = _count(header, "NAXIS", _MAX_AXES)
    for keyword in (*(f"NAXIS{n + 1}" for n in range(axes)), "PCOUNT", "GCOUNT"):
        if keyword.startswith("NAXIS") or keyword in header:
            _count(header, keyword, _MAX_COUNT)
    return header.data_size, header.data_size_padded


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
    except (OSError, OverflowError):
        last = b""
    if not last:
        raise _bad(path, f"it is cut short: header {number} promises {size} bytes of data")
    # Not every writer pads the last block.
    stream.seek(padded - size, 1)


def _plain(header: Header, keyword: str, source: str) -> bool | int | float | str | None:
    try:
        value: Any = header[keyword]
    except Exception as error:  # a card that astropy can't parse
        raise ConfigError(f"{source} can't be understood: {error}") from error
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool | int | float):
        return value
    # Undefined is a keyword without a value; nothing that we ask for is complex.
    return None


def _look(header: Header, keyword: str) -> object:
    try:
        return header.get(keyword)
    except Exception:  # a card that astropy can't parse says nothing about the shape
        return None


def _bad(path: Path, reason: str) -> FormatError:
    return FormatError(
        f"{path}: isn't a whole FITS file: {reason}",
        hint="Fetch it again; the headers and the size of the file must agree.",
        details={"file": str(path)},
    )
