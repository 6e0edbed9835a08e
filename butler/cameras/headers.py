"""What the headers of a file say under a keyword, in the HDU that is meant."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from butler.errors import ConfigError

if TYPE_CHECKING:
    from astropy.io.fits import Header

__all__ = ["FileHeaders", "HeaderValue", "Headers"]

_PRIMARY = "primary"
_MERGED = "merged"


class Headers(Protocol):
    """Headers by the number of their HDU."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int, /) -> Header: ...


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
    hdus : `Headers`
        A sequence of `astropy.io.fits.Header`, the primary one first.
    image : `int`
        Index of the HDU whose image is the sensor's.
    """

    path: Path
    hdus: Headers
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
