"""What all FITS formatters have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from butler.datastore.formatters.base import Formatter
from butler.datastore.formatters.fits.file import check_fits, fits_headers, write_fits
from butler.datastore.formatters.fits.identity import INPUTS, identity_from_header
from butler.datastore.formatters.packing import PACKINGS
from butler.errors import FormatError, StorageClassError

__all__ = ["FitsFormatter", "clean_header", "writable_header"]

_PACKINGS = {packing.name: packing for packing in PACKINGS}
_CARD = 80
_CARD_VALUE = 20
_LAYOUT = frozenset(
    {
        *("SIMPLE", "XTENSION", "BITPIX", "NAXIS", "EXTEND", "PCOUNT", "GCOUNT", "GROUPS", "NEXTEND"),
        *("EXTNAME", "EXTVER", "EXTLEVEL", "INHERIT", "BSCALE", "BZERO", "BLANK", "CHECKSUM", "DATASUM"),
        *("ZIMAGE", "NPIX1", "NPIX2", "PIXVALUE"),
    }
)


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
        """Find and measure all units."""
        check_fits(path)

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
        except (FormatError, EOFError):
            pass  # no more headers
        return identity


def clean_header(header: Any) -> Any:
    """Copy of a header without the cards that describe the file rather than the observation."""
    from astropy.io import fits

    cleaned = fits.Header()
    for card in header.cards:
        keyword = card.keyword
        blank = not keyword and not card.value  # filling, which astropy uses up when it adds a card
        if blank or keyword in _LAYOUT or keyword.startswith("BTLR") or _is_axis(keyword):
            continue
        cleaned.append(card, useblanks=False, bottom=True)
    return cleaned


def _is_axis(keyword: str) -> bool:
    return keyword.startswith(("NAXIS", "ZNAXIS", "ZTILE")) and keyword[-1].isdigit()


def writable_header(metadata: Mapping[str, Any]) -> Any:
    """Header with the cards of a header or the items of a dictionary.

    Raises
    ------
    StorageClassError
        If FITS can't hold one of them.
    """
    from astropy.io import fits

    cards = metadata.cards if isinstance(metadata, fits.Header) else _cards(metadata)
    header = fits.Header()
    for card in cards:
        header.append(_exact(card), useblanks=False, bottom=True)
    return clean_header(header)


def _cards(metadata: Mapping[str, Any]) -> Iterator[Any]:
    from astropy.io import fits

    for key, value in metadata.items():
        try:
            # A long keyword without the prefix would do as well, but with a warning.
            card = fits.Card(f"HIERARCH {key}" if len(key) > 8 else key, value)
            card.verify("exception")
        except (ValueError, TypeError, AttributeError, fits.VerifyError) as error:
            raise StorageClassError(
                f"a FITS header can't hold {key!r} = {value!r}: {error}",
                hint="Use ASCII text, finite numbers and booleans under short names.",
                details={"key": str(key)},
            ) from error
        yield card


def _exact(card: Any) -> Any:
    """Card with all digits of its number: astropy would round it to 20 characters."""
    from astropy.io import fits

    if not isinstance(card.value, float):
        return card
    digits = repr(float(card.value)).upper()
    if len(digits) <= _CARD_VALUE:
        return card
    keyword = f"HIERARCH {card.keyword} " if len(card.keyword) > 8 else f"{card.keyword:8}"
    exact = fits.Card.fromstring(f"{keyword}= {digits} / {card.comment}"[:_CARD])
    return exact if exact.value == card.value else card
