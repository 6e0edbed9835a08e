"""What all FITS formatters have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from butler.datastore.formatters.base import Formatter
from butler.datastore.formatters.fits.file import (
    FitsFile,
    Hdu,
    check_fits,
    damaged,
    fits_headers,
    open_fits,
    write_fits,
)
from butler.datastore.formatters.fits.identity import INPUTS, identity_from_header
from butler.datastore.formatters.fits.parts import hdu_number
from butler.datastore.formatters.packing import PACKINGS
from butler.errors import FormatError

__all__ = ["FitsFormatter"]

_PACKINGS = {packing.name: packing for packing in PACKINGS}


class FitsFormatter(Formatter):
    """Base of formatters for FITS: checked before they are read, identified by their headers."""

    extensions = (".fits", ".fits.fz", *(f".fits{packing.extension}" for packing in PACKINGS))
    signatures = (b"SIMPLE  =", *(packing.magic for packing in PACKINGS))
    compressions: ClassVar[tuple[str, ...]] = tuple(_PACKINGS)
    detects_damage = True

    _compression = ""

    @property
    def extension(self) -> str:
        """``.fits``, and that of the compression."""
        if self._compression in _PACKINGS:
            return f".fits{_PACKINGS[self._compression].extension}"
        return ".fits.fz" if self._compression else ".fits"

    def compressed(self, compression: str) -> Self:
        """Write files packed as a whole, or images compressed by tiles."""
        if compression not in self.compressions:
            return super().compressed(compression)
        other = type(self)()
        other._compression = compression
        return other

    def _save(self, hdus: list[Any], path: Path) -> None:
        write_fits(hdus, path, _PACKINGS.get(self._compression))

    def validate(self, path: Path) -> None:
        """Find and measure all HDUs."""
        check_fits(path)

    def find_parts(self, path: Path, parts: Sequence[str]) -> list[object]:
        """Find HDUs by number, ``EXTNAME``, or ``EXTNAME,EXTVER``, that are such as this formatter reads."""
        with open_fits(path) as file:
            return [self._number(file, part) for part in parts]

    def read_part(
        self,
        path: Path,
        part: str,
        *,
        storage_class: str,
        component: str | None,
        parameters: Mapping[str, Any],
    ) -> Any:
        """Read from one HDU what `read` reads from the first that has it."""
        with open_fits(path) as file:
            return self._read(file, self._number(file, part), component, parameters)

    def read(
        self, path: Path, *, storage_class: str, component: str | None, parameters: Mapping[str, Any]
    ) -> Any:
        """Read from the first HDU that has it."""
        with open_fits(path) as file:
            return self._read(file, None, component, parameters)

    @abstractmethod
    def _read(
        self, file: FitsFile, number: int | None, component: str | None, parameters: Mapping[str, Any]
    ) -> Any:
        """Read from an HDU, or from the file as a whole."""

    def _number(self, file: FitsFile, part: str) -> int:
        number = hdu_number(file.hdus, part, file.shown)
        if not self._fits(file.hdus[number]):
            raise damaged(file.shown, f"its HDU {part!r} is not of what {self.name!r} reads")
        return number

    def _fits(self, hdu: Hdu) -> bool:
        """Whether an HDU is such as the formatter reads."""
        return True

    def identify(self, path: Path) -> dict[str, Any] | None:
        """Read the primary header, and the table of inputs; also of a file that is cut short."""
        identity = None
        try:
            for header, stream in fits_headers(path):
                if identity is None:
                    identity = identity_from_header(header)
                    if identity is None:
                        return None
                if header.get("EXTNAME") == INPUTS:
                    width, rows = header["NAXIS1"], header["NAXIS2"]
                    content = stream.read(width * rows)
                    if len(content) == width * rows:
                        identity["inputs"] = [
                            content[start : start + width].rstrip(b" \0").decode("ascii")
                            for start in range(0, len(content), width)
                        ]
                    break
        except (FormatError, EOFError, MemoryError, OverflowError):  # it may promise more than there can be
            if identity is None:  # what the primary header says isn't known
                raise
        return identity
