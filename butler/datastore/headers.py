"""FITS headers as objects: what of one is the observation's, and what can be written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from butler.errors import StorageClassError

__all__ = ["clean_header", "writable_header"]

_CARD = 80
_CARD_VALUE = 20
_LAYOUT = frozenset(
    {
        *("SIMPLE", "XTENSION", "BITPIX", "NAXIS", "EXTEND", "PCOUNT", "GCOUNT", "GROUPS", "NEXTEND"),
        *("EXTNAME", "EXTVER", "EXTLEVEL", "INHERIT", "BSCALE", "BZERO", "BLANK", "CHECKSUM", "DATASUM"),
        *("ZIMAGE", "NPIX1", "NPIX2", "PIXVALUE"),
    }
)


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
