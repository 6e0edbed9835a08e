"""Where on the sky a sensor looked: the WCS of a header over its pixels."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from butler.cameras.conversion import wrapped
from butler.cameras.headers import FileHeaders
from butler.errors import InvalidRegionError

if TYPE_CHECKING:
    import numpy as np
    from astropy.io.fits import Header

__all__ = ["MAX_RADIUS_DEG", "Footprint", "footprint"]

MAX_RADIUS_DEG = 35.0
Footprint = tuple[tuple[float, float], ...]

_FRAME_KEYWORDS = ("RADESYS", "RADECSYS", "EQUINOX", "EPOCH", "MJD-OBS")
_PIXEL_TABLES = ("CPDIS1", "CPDIS2", "D2IMDIS1", "D2IMDIS2")
_SKY_AXIS = re.compile(r"RA--|DEC-|[A-Z]L(?:ON|AT)-|[A-Z]{2}L[NT]-")
_SCALES = ("CD1_1", "CD1_2", "CD2_1", "CD2_2", "CDELT1", "CDELT2")
_SMALLEST_TURN = 1e-18


def footprint(headers: FileHeaders) -> Footprint | None:
    """Project the outer edges of the image's corner pixels onto the sky.

    Any projection and distortion that astropy knows is applied; other frames
    are turned into ICRS.

    Parameters
    ----------
    headers : `FileHeaders`
        With the image's HDU chosen.

    Returns
    -------
    vertices : `tuple` or `None`
        Four (right ascension, declination) in ICRS, in degrees, in the order
        of the pixels' corners (1, 1), (NAXIS1, 1), (NAXIS1, NAXIS2),
        (1, NAXIS2); `None` if there is no image or no celestial WCS.

    Raises
    ------
    InvalidRegionError
        If the WCS gives something that isn't a region: no finite positions, a
        declination beyond ±90°, a radius of 35° or more, no area, or edges
        that cross.
    """
    axes = headers.axes()
    if len(axes) < 2 or axes[0] < 1 or axes[1] < 1:
        return None
    image = headers.hdus[headers.image]
    try:
        if not all(_SKY_AXIS.match(str(image.get(f"CTYPE{axis}"))) for axis in (1, 2)):
            return None
        sky = _corners_on_sky(headers, axes[0], axes[1])
    except InvalidRegionError:
        raise
    except Exception as error:  # wcslib's and astropy's complaints have no common class
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise InvalidRegionError(f"its WCS can't be understood: {reason[-1]}") from error
    _check(sky)
    return tuple((wrapped(ra), dec) for ra, dec in sky)


def _corners_on_sky(headers: FileHeaders, nx: int, ny: int) -> list[tuple[float, float]]:
    from astropy.coordinates import SkyCoord
    from astropy.io import fits
    from astropy.wcs import WCS
    from astropy.wcs.utils import wcs_to_celestial_frame

    image = headers.hdus[headers.image].copy()
    for keyword in _FRAME_KEYWORDS:
        if keyword not in image and keyword in headers.hdus[0]:
            image[keyword] = headers.hdus[0][keyword]
    _check_reference(image)
    if any(keyword in image for keyword in _PIXEL_TABLES):
        with fits.open(headers.path) as file:
            wcs = WCS(image, file)
    else:
        wcs = WCS(image)
    if wcs.naxis > 2:
        wcs = wcs.sub(2)
    edges = [(-0.5, -0.5), (nx - 0.5, -0.5), (nx - 0.5, ny - 0.5), (-0.5, ny - 0.5)]
    frame = wcs_to_celestial_frame(wcs)
    world = wcs.all_pix2world(edges, 0)
    longitude, latitude = world[:, wcs.wcs.lng], world[:, wcs.wcs.lat]
    _check_finite(longitude, latitude)
    icrs = SkyCoord(longitude, latitude, unit="deg", frame=frame).icrs
    return list(zip(icrs.ra.deg.tolist(), icrs.dec.deg.tolist(), strict=True))


def _check_reference(image: Header) -> None:
    if not any(image.get(keyword) for keyword in _SCALES):
        raise InvalidRegionError("its WCS has no scale")
    # wcslib folds positions beyond the poles and beyond a turn back without a word.
    for axis in (1, 2):
        kind, value = str(image.get(f"CTYPE{axis}"))[:4], image.get(f"CRVAL{axis}", 0.0)
        limits = (-90, 90) if kind.startswith("DEC") or kind.endswith("LAT") else (-180, 360)
        if not isinstance(value, int | float) or not limits[0] <= value <= limits[1]:
            raise InvalidRegionError(
                f"its WCS has CRVAL{axis} = {value!r}, not from {limits[0]}° to {limits[1]}°"
            )


def _check_finite(longitude: np.ndarray, latitude: np.ndarray) -> None:
    import numpy as np

    if not np.isfinite(longitude).all() or not np.isfinite(latitude).all():
        raise InvalidRegionError("its WCS gives positions that aren't finite")
    if (np.abs(latitude) > 90).any():
        raise InvalidRegionError(f"its WCS gives the declination {latitude[np.abs(latitude).argmax()]:g}°")


def _check(sky: list[tuple[float, float]]) -> None:
    vectors = [_unit_vector(ra, dec) for ra, dec in sky]
    middle = [sum(parts) for parts in zip(*vectors, strict=True)]
    length = math.hypot(*middle)
    nearest = math.cos(math.radians(MAX_RADIUS_DEG))
    if length < 1e-9 or any(_dot(vector, middle) / length <= nearest for vector in vectors):
        raise InvalidRegionError(f"its WCS gives a region with a radius of {MAX_RADIUS_DEG:g}° or more")
    # The pixels' rectangle becomes a convex quadrilateral: every corner turns the same way.
    count = len(vectors)
    turns = [_turn(vectors[n], vectors[(n + 1) % count], vectors[(n + 2) % count]) for n in range(count)]
    if not (all(turn > _SMALLEST_TURN for turn in turns) or all(turn < -_SMALLEST_TURN for turn in turns)):
        raise InvalidRegionError("its WCS gives a region without area, or whose edges cross")


def _unit_vector(ra: float, dec: float) -> tuple[float, float, float]:
    a, d = math.radians(ra), math.radians(dec)
    return (math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d))


def _dot(a: tuple[float, float, float], b: list[float]) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _turn(a: tuple[float, ...], b: tuple[float, ...], c: tuple[float, ...]) -> float:
    """Tell which way, and how far, the edges a-b and b-c turn at b.

    The differences are taken first: the determinant of nearly equal unit
    vectors has no digits left for a cut-out of a few pixels.
    """
    u = [q - p for p, q in zip(a, b, strict=True)]
    v = [q - p for p, q in zip(b, c, strict=True)]
    return (
        (u[1] * v[2] - u[2] * v[1]) * b[0]
        + (u[2] * v[0] - u[0] * v[2]) * b[1]
        + (u[0] * v[1] - u[1] * v[0]) * b[2]
    )
