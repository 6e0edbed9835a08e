"""FITS files as a whole: their layout, held against their size, and their checksums.

astropy pads a file that is cut short and drops an extension that it can't
parse, both with no more than a warning. Here every HDU of the file is found
and measured before any of its data is touched.
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import BufferedIOBase
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from butler.datastore.formatters.fits_identity import FORMAT_KEYWORD
from butler.errors import FormatError

__all__ = ["FitsFile", "Hdu", "damaged", "fits_headers", "open_fits", "write_fits"]

BLOCK = 2880
UNPACKED_BYTES = 16 << 30
"""Largest file that is unpacked from gzip: a few bytes of gzip can stand for any number."""

_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 24


@dataclass(frozen=True, slots=True)
class Hdu:
    """One header and the data after it.

    Parameters
    ----------
    header : `astropy.io.fits.Header`
        As it stands in the file: of a compressed image, the table's.
    start, data, end : `int`
        Byte offsets of the header, the data, and the end of the data without padding.
    """

    header: Any
    start: int
    data: int
    end: int

    @property
    def name(self) -> str:
        """``EXTNAME`` in upper case."""
        return str(self.header.get("EXTNAME", "")).strip().upper()

    @property
    def compressed(self) -> bool:
        """Whether it is an image, compressed by tiles."""
        return bool(self.header.get("ZIMAGE", False))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of its array, slowest axis first; empty if it has none or isn't an image."""
        kind = str(self.header.get("XTENSION", "IMAGE")).strip()
        if kind not in {"IMAGE", "IUEIMAGE"} and not self.compressed:
            return ()
        letter = "Z" if self.compressed else ""
        axes = range(self.header[f"{letter}NAXIS"], 0, -1)
        return tuple(self.header[f"{letter}NAXIS{axis}"] for axis in axes)


class FitsFile:
    """A FITS file whose HDUs have been found to fit its size.

    Parameters
    ----------
    path : `~pathlib.Path`
        Where it can be read; if it was packed by gzip, a temporary copy.
    shown : `str`
        The file as the user knows it.
    hdus : `tuple` [`Hdu`]
        In the file's order.
    """

    def __init__(self, path: Path, shown: str, hdus: tuple[Hdu, ...]) -> None:
        self.path = path
        self.shown = shown
        self.hdus = hdus
        self._verified: set[int] = set()

    @cached_property
    def opened(self) -> Any:
        """The `~astropy.io.fits.HDUList`, as long as the context of `open_fits` lasts."""
        from astropy.io import fits

        # Without a memory map, so that a failing disk raises instead of killing the process.
        return fits.open(self.path, memmap=False, lazy_load_hdus=True)

    def close(self) -> None:
        """Close what `opened` opened."""
        if "opened" in self.__dict__:
            self.opened.close()

    @property
    def ours(self) -> bool:
        """Whether Butler wrote it."""
        return FORMAT_KEYWORD in self.hdus[0].header

    def first_image(self) -> int | None:
        """Number of the first HDU that holds pixels."""
        return next((number for number, hdu in enumerate(self.hdus) if math.prod(hdu.shape or (0,))), None)

    def image_header(self, number: int) -> Any:
        """Header of an HDU; of a compressed image, the one that it had before."""
        hdu = self.hdus[number]
        return self.opened[number].header.copy() if hdu.compressed else hdu.header

    def array(self, number: int, box: tuple[slice, slice] | None = None) -> Any:
        """Read the array of one HDU, or a section of it, and nothing else.

        Parameters
        ----------
        number : `int`
            Which HDU.
        box : `tuple` [`slice`, `slice`], optional
            Of the last two axes.

        Returns
        -------
        array : `numpy.ndarray`
            In the computer's own byte order.

        Raises
        ------
        FormatError
            If Butler wrote the file and the checksum of an array that is
            read whole is wrong.
        """
        hdu = self.opened[number]
        if box is not None:
            array = hdu.section[(..., *box)]
        else:
            self.verify(number)
            array = hdu.data
            if not self.hdus[number].compressed:
                del hdu.data  # else astropy would keep, and give out again, what is altered below
        if not array.dtype.isnative:
            array = array.byteswap(inplace=array.flags.writeable)
            array = array.view(array.dtype.newbyteorder("="))
        return array

    def verify(self, *numbers: int) -> None:
        """Check header and data of HDUs against their checksums, if Butler wrote the file.

        Those of other files are often stale, and say nothing then.

        Parameters
        ----------
        *numbers : `int`
            Which HDUs; all if none is given.

        Raises
        ------
        FormatError
            If the checksum is wrong.
        """
        if not self.ours:
            return
        for number in set(numbers or range(len(self.hdus))) - self._verified:
            hdu = self.hdus[number]
            # The sum of an intact HDU in ones' complement is minus zero: all bits set.
            if self._sum(hdu) != 0xFFFFFFFF:
                raise damaged(self.shown, f"the checksum of its HDU {hdu.name or 'PRIMARY'} is wrong")
            self._verified.add(number)

    def _sum(self, hdu: Hdu) -> int:
        import numpy as np

        total = 0
        with self.path.open("rb") as stream:
            stream.seek(hdu.start)
            left = _padded(hdu.end) - hdu.start
            while chunk := stream.read(min(_CHUNK, left)):
                left -= len(chunk)
                total += int(np.frombuffer(chunk, ">u4").sum(dtype=np.uint64))
        while total >> 32:
            total = (total & 0xFFFFFFFF) + (total >> 32)
        return total


def damaged(shown: str, why: str) -> FormatError:
    """Error for a file that can't be read."""
    return FormatError(
        f"{shown!r} can't be read as FITS: {why}",
        hint="The file is damaged, or not of this format.",
        details={"file": shown},
    )


@contextmanager
def open_fits(path: Path) -> Iterator[FitsFile]:
    """Find the HDUs of a FITS file, packed by gzip or not.

    Raises
    ------
    FormatError
        If it isn't FITS, or ends before its headers say, or goes on after.
    """
    with ExitStack() as closing:
        readable = path
        if _is_packed(path):
            unpacked = closing.enter_context(NamedTemporaryFile(suffix=".fits"))
            _unpack(path, unpacked)
            readable = Path(unpacked.name)
        with readable.open("rb") as stream:
            hdus = tuple(_hdus(stream, readable.stat().st_size, str(path)))
        file = FitsFile(readable, str(path), hdus)
        closing.callback(file.close)
        yield file


def fits_headers(path: Path) -> Iterator[tuple[Any, BufferedIOBase]]:
    """Headers of a file, in order, as far as they can be read; with the stream at the header's data."""
    with gzip.open(path) if _is_packed(path) else path.open("rb") as stream:
        while True:
            header = _header(stream, str(path))
            data = stream.tell()
            yield header, stream
            stream.seek(_padded(data + _data_bytes(header, str(path))))


def write_fits(hdus: list[Any], path: Path) -> None:
    """Write HDUs with checksums; a header that isn't valid FITS is refused."""
    from astropy.io import fits

    with path.open("wb") as stream:
        fits.HDUList(hdus).writeto(stream, checksum=True, output_verify="exception")


def _is_packed(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(_GZIP)) == _GZIP


def _unpack(path: Path, target: Any) -> None:
    size = 0
    try:
        with gzip.open(path) as packed:
            while chunk := packed.read(_CHUNK):
                size += len(chunk)
                if size > UNPACKED_BYTES:
                    raise damaged(str(path), f"it unpacks to more than {UNPACKED_BYTES} bytes")
                target.write(chunk)
    except (EOFError, gzip.BadGzipFile, ValueError) as error:
        raise damaged(str(path), str(error)) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise damaged(str(path), str(error)) from error
    target.flush()


def _hdus(stream: BufferedIOBase, size: int, shown: str) -> Iterator[Hdu]:
    start = 0
    while start < size:
        stream.seek(start)
        if start and not any(stream.read(BLOCK)):
            return  # some writers fill up to a tape's record
        stream.seek(start)
        header = _header(stream, shown)
        data = stream.tell()
        end = data + _data_bytes(header, shown)
        if end > size:
            raise damaged(shown, f"its headers promise {end} bytes and it has {size}")
        yield Hdu(header, start, data, end)
        start = _padded(end)
    if not start:
        raise damaged(shown, "it is empty")


def _header(stream: BufferedIOBase, shown: str) -> Any:
    from astropy.io import fits

    start = stream.tell()
    first = stream.read(10)
    if first != (b"XTENSION= " if start else b"SIMPLE  = "):
        raise damaged(shown, f"there is no header at byte {start}")
    stream.seek(start)
    try:
        return fits.Header.fromfile(stream)
    except (OSError, ValueError, EOFError, fits.VerifyError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise damaged(shown, f"the header at byte {start}: {error}") from error


def _data_bytes(header: Any, shown: str) -> int:
    bits = _integer(header, "BITPIX", shown)
    if bits not in {8, 16, 32, 64, -32, -64}:
        raise damaged(shown, f"BITPIX is {bits}")
    axes = [_count(header, f"NAXIS{axis}", shown) for axis in range(1, _count(header, "NAXIS", shown) + 1)]
    if not axes:
        return 0
    groups = axes[0] == 0 and header.get("GROUPS", False) is True
    parameters = _count(header, "PCOUNT", shown) if "PCOUNT" in header else 0
    copies = _count(header, "GCOUNT", shown) if "GCOUNT" in header else 1
    return abs(bits) // 8 * copies * (parameters + math.prod(axes[1:] if groups else axes))


def _count(header: Any, keyword: str, shown: str) -> int:
    value = _integer(header, keyword, shown)
    if value < 0 or (keyword == "NAXIS" and value > 999):
        raise damaged(shown, f"{keyword} is {value}")
    return value


def _integer(header: Any, keyword: str, shown: str) -> int:
    from astropy.io import fits

    try:
        value = header[keyword]
    except (KeyError, ValueError, fits.VerifyError) as error:
        raise damaged(shown, f"{keyword} is missing or broken") from error
    if not isinstance(value, int) or isinstance(value, bool):
        raise damaged(shown, f"{keyword} is {value!r}")
    return value


def _padded(offset: int) -> int:
    return -(-offset // BLOCK) * BLOCK
