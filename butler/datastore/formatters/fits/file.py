"""FITS files as a whole: their layout, held against their size, and their checksums.

astropy pads a file that is cut short and drops an extension that it can't
parse, both with no more than a warning. Here every HDU of the file is found
and measured before any of its data is touched.
"""

from __future__ import annotations

import errno
import math
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import BufferedIOBase
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from butler.datastore.formatters.content import not_of_its_format
from butler.datastore.formatters.fits.identity import FORMAT_KEYWORD
from butler.datastore.formatters.packing import Packing, check_expansion, open_unpacked, packing_of
from butler.errors import FormatError

__all__ = ["FitsFile", "Hdu", "check_fits", "damaged", "fits_headers", "open_fits", "write_fits"]

BLOCK = 2880

_TAPE_RECORD = 10 * BLOCK
_CARD = 80
_END = b"END".ljust(_CARD)
_HEADER_BLOCKS = 4000
_CHUNK = 1 << 24
_BEYOND_ANY_FILE = (errno.EINVAL, errno.EFBIG, errno.EOVERFLOW)
_LAYOUT = re.compile(rb"BITPIX|NAXIS|PCOUNT|GCOUNT|GROUPS")
"""What a card has in it that says how many bytes of data follow."""


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
        extension = str(self.header.get("XTENSION", "IMAGE")).strip()
        if extension not in {"IMAGE", "IUEIMAGE"} and not self.compressed:
            return ()
        letter = "Z" if self.compressed else ""
        axes = range(self.header[f"{letter}NAXIS"], 0, -1)
        return tuple(self.header[f"{letter}NAXIS{axis}"] for axis in axes)


class FitsFile:
    """A FITS file whose HDUs have been found to fit its size.

    Parameters
    ----------
    path : `~pathlib.Path`
        Where it can be read; if it was packed, a temporary copy.
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
            read whole is wrong, or if a compressed array is a bomb.
        """
        described = self.hdus[number]
        if described.compressed:
            size = math.prod(described.shape) * abs(described.header["ZBITPIX"]) // 8
            check_expansion(Path(self.shown), f"HDU {number}", size, described.end - described.data)
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


def check_fits(path: Path) -> None:
    """Hold the HDUs of a FITS file against its size, as `open_fits` does.

    Of a header only the cards are parsed that say how much data follows, and
    what is packed is unpacked to nowhere.

    Raises
    ------
    FormatError
        As `open_fits` does.
    """
    shown = str(path)
    with open_unpacked(path) as stream:
        while (text := _header_text(stream, shown)) is not None:
            data = stream.tell()
            end = data + _data_bytes(_parsed(_layout_cards(text), data - len(text), shown), shown)
            if end > data:
                _check_there(stream, end, shown)
            stream.seek(_padded(end))
        if packing_of(path) is not None:
            _check_ended(stream, shown)


@contextmanager
def open_fits(path: Path) -> Iterator[FitsFile]:
    """Find the HDUs of a FITS file, packed as a whole or not.

    Raises
    ------
    FormatError
        If it isn't FITS, or ends before its headers say, or goes on after.
    """
    with ExitStack() as closing:
        readable = path
        if packing_of(path) is None:
            with path.open("rb") as stream:
                hdus = tuple(_hdus(stream, str(path)))
        else:
            copy = closing.enter_context(NamedTemporaryFile(suffix=".fits"))
            readable = Path(copy.name)
            with open_unpacked(path, copy) as stream:
                hdus = tuple(_hdus(stream, str(path)))
                _check_ended(stream, str(path))
            copy.flush()
        file = FitsFile(readable, str(path), hdus)
        closing.callback(file.close)
        yield file


def fits_headers(path: Path) -> Iterator[tuple[Any, BufferedIOBase]]:
    """Headers of a file, in order, as far as they can be read; with the stream at the header's data."""
    with open_unpacked(path) as stream:
        while header := _header(stream, str(path)):
            data = stream.tell()
            yield header, stream
            _seek(stream, _padded(data + _data_bytes(header, str(path))), str(path))


def write_fits(hdus: list[Any], path: Path, packing: Packing | None = None) -> None:
    """Write HDUs with checksums, packed if asked; a header that isn't valid FITS is refused."""
    from astropy.io import fits

    with path.open("wb") if packing is None else packing.create(path) as stream:
        fits.HDUList(hdus).writeto(stream, checksum=True, output_verify="exception")


def _hdus(stream: BufferedIOBase, shown: str) -> Iterator[Hdu]:
    start = 0
    while header := _header(stream, shown):
        data = stream.tell()
        end = data + _data_bytes(header, shown)
        if end > data:
            _check_there(stream, end, shown)
        yield Hdu(header, start, data, end)
        start = _padded(end)
        stream.seek(start)


def _check_there(stream: BufferedIOBase, end: int, shown: str) -> None:
    # One byte is read, for past the end of a file seeking succeeds. No file has 2**62 bytes.
    if end < 1 << 62:
        _seek(stream, end - 1, shown)
        if stream.read(1):
            return
    raise _cut_short(end, shown)


def _seek(stream: BufferedIOBase, offset: int, shown: str) -> None:
    try:
        stream.seek(offset)
    except (OverflowError, ValueError) as error:
        raise _cut_short(offset, shown) from error
    except OSError as error:
        # The file system has no room for a file that goes on there.
        if error.errno in _BEYOND_ANY_FILE:
            raise _cut_short(offset, shown) from error
        raise


def _cut_short(promised: int, shown: str) -> FormatError:
    return damaged(shown, f"its headers promise {promised} bytes and it has fewer")


def _check_ended(stream: BufferedIOBase, shown: str) -> None:
    if len(stream.read(_TAPE_RECORD)) == _TAPE_RECORD:
        raise damaged(shown, "it goes on after its last HDU")


def _header(stream: BufferedIOBase, shown: str) -> Any:
    """Read one header, forward; `None` where the file ends."""
    start = stream.tell()
    text = _header_text(stream, shown)
    return None if text is None else _parsed(text, start, shown)


def _header_text(stream: BufferedIOBase, shown: str) -> bytes | None:
    start = stream.tell()
    block = stream.read(BLOCK)
    if start and not any(block):
        return None  # the end; or some writers fill up to a tape's record
    if not block.startswith(b"XTENSION= " if start else b"SIMPLE  = "):
        if start:
            raise damaged(shown, f"there is no header at byte {start}")
        raise not_of_its_format(shown, block, "FITS")
    blocks = [block]
    while not _has_end(block):
        block = stream.read(BLOCK)
        blocks.append(block)
        if len(block) < BLOCK or len(blocks) > _HEADER_BLOCKS:
            raise damaged(shown, f"the header at byte {start} doesn't end")
    return b"".join(blocks)


def _has_end(block: bytes) -> bool:
    return b"END" in block and any(
        block[card : card + _CARD].rstrip() == b"END" for card in range(0, len(block), _CARD)
    )


def _layout_cards(text: bytes) -> bytes:
    """Give those cards before the end of a header, in order, that may say how much data follows."""
    last_block = range((len(text) - 1) // BLOCK * BLOCK, len(text), _CARD)
    end = next((card for card in last_block if text[card : card + _CARD] == _END), len(text))
    found = (match.start() // _CARD * _CARD for match in _LAYOUT.finditer(text.upper(), 0, end))
    return b"".join(text[card : card + _CARD] for card in dict.fromkeys(found))


def _parsed(text: bytes, start: int, shown: str) -> Any:
    from astropy.io import fits

    try:
        return fits.Header.fromstring(text)
    except (OSError, ValueError, EOFError, fits.VerifyError) as error:
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
