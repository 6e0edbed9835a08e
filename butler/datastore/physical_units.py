"""Physical units as telescopes spell them."""

from __future__ import annotations

from typing import Any

__all__ = ["parse_unit"]

_SPELLINGS = {
    "adus": "adu",
    "counts": "count",
    "counts/s": "count / s",
    "dn": "DN",
    "dn/s": "DN / s",
    "e-": "electron",
    "e-/s": "electron / s",
    "electrons": "electron",
    "electrons/s": "electron / s",
    "photons": "photon",
    "unitless": "",
}


def parse_unit(text: str | None) -> Any:
    """Understand a unit's name.

    Parameters
    ----------
    text : `str` or `None`
        Such as the value of ``BUNIT``.

    Returns
    -------
    unit : `astropy.units.UnitBase`
        Dimensionless for no text. A name that nobody knows becomes an
        `~astropy.units.UnrecognizedUnit`, which keeps it.
    """
    from astropy import units

    name = (text or "").strip()
    for spelling in (name, name.lower(), _SPELLINGS.get(name.lower())):
        if spelling is not None:
            try:
                return units.Unit(spelling)
            except ValueError:
                continue
    return units.Unit(name, parse_strict="silent")
