"""World coordinate systems in FITS headers."""

from __future__ import annotations

import re
import warnings
from typing import Any

from butler.datastore.formatters.fits.file import FitsFile

__all__ = ["is_geometry", "read_wcs", "wcs_hdus"]

_WRITTEN = "BTLRWCS"
_GEOMETRY = re.compile(
    r"WCSAXES|WCSDIM|(CTYPE|CUNIT|CRPIX|CRVAL|CDELT|CROTA|LTV)\d|(CD|PC|LTM)\d_\d|(PV|PS)\d_\d+|"
    r"[AB]P?_(\d_\d|ORDER|DMAX)|LONPOLE|LATPOLE|(CPDIS|CPERR|CQDIS|CQERR|DP|DQ|D2IMDIS|D2IMERR)\d.*"
)


def is_geometry(keyword: str) -> bool:
    """Whether a keyword maps pixels to the world."""
    return _GEOMETRY.fullmatch(keyword) is not None


def wcs_hdus(wcs: Any) -> tuple[Any, list[Any]]:
    """Header cards of a WCS, and the HDUs of its distortion tables.

    Parameters
    ----------
    wcs : `astropy.wcs.WCS`
        Its numbers are written with 14 digits.
    """
    primary, *tables = wcs.to_fits(relax=True)
    header = primary.header
    for keyword in ("SIMPLE", "BITPIX", "NAXIS", "EXTEND"):
        header.remove(keyword, ignore_missing=True)
    header[_WRITTEN] = (True, "this header holds the WCS")
    return header, tables


def read_wcs(file: FitsFile, number: int) -> Any:
    """WCS of one HDU.

    Returns
    -------
    wcs : `astropy.wcs.WCS` or `None`
        The one that was written, if Butler wrote the file; else one that
        maps to the sky, if there is one that can be understood.
    """
    from astropy.utils.exceptions import AstropyUserWarning
    from astropy.wcs import WCS, FITSFixedWarning

    if file.ours and _WRITTEN not in file.hdus[number].header:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)
        try:
            wcs = WCS(file.opened[number].header, fobj=file.opened)
            usable = file.ours or wcs.has_celestial
        except KeyError:  # there is none under the primary key
            return None
        except Exception as error:  # wcslib's classes have no common base
            warnings.warn(f"{file.shown}: its WCS can't be used: {error}", AstropyUserWarning, stacklevel=2)
            return None
    return wcs if usable else None
