"""Kinds of uncertainty, as FITS files name them."""

from __future__ import annotations

from typing import Any

from butler.datastore.physical_units import parse_unit
from butler.errors import StorageClassError

__all__ = ["EXTENSIONS", "uncertainty_extension", "uncertainty_from_header", "uncertainty_header"]

EXTENSIONS = {
    "ERR": "StdDevUncertainty",
    "VAR": "VarianceUncertainty",
    "IVAR": "InverseVariance",
    "UNC": "UnknownUncertainty",
}
"""``EXTNAME`` to the name of the class in `astropy.nddata`."""

_CLASS = "BTLRUNC"


def uncertainty_extension(uncertainty: Any) -> str:
    """``EXTNAME`` for a `~astropy.nddata.NDUncertainty`.

    Raises
    ------
    StorageClassError
        If it is of a class that FITS files have no name for.
    """
    name = type(uncertainty).__name__
    for extension, known in EXTENSIONS.items():
        if name == known:
            return extension
    raise StorageClassError(
        f"an uncertainty of class {name!r} can't be stored",
        hint=f"Convert it to one of {', '.join(EXTENSIONS.values())}.",
        details={"class": name},
    )


def uncertainty_header(uncertainty: Any) -> dict[str, Any]:
    """Keywords that tell class and physical unit."""
    keywords = {_CLASS: uncertainty_extension(uncertainty)}
    if uncertainty.unit is not None:
        keywords["BUNIT"] = uncertainty.unit.to_string()
    return keywords


def uncertainty_from_header(array: Any, header: Any) -> Any:
    """Uncertainty of an array; its class by Butler's keyword, else by the extension's name."""
    from astropy import nddata

    name = EXTENSIONS[header.get(_CLASS) or header["EXTNAME"].strip().upper()]
    unit = parse_unit(header["BUNIT"]) if "BUNIT" in header else None
    return getattr(nddata, name)(array, unit=unit, copy=False)
