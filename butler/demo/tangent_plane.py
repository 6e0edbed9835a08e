"""From the plane that touches the sky in one point to the sky."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

__all__ = ["to_sky"]


def to_sky(offsets: np.ndarray[Any, Any], ra: float, dec: float) -> np.ndarray[Any, Any]:
    """Give the positions on the sky of points in a tangent plane.

    Parameters
    ----------
    offsets : `numpy.ndarray`, shape (…, 2)
        East and north of the point where the plane touches, degrees.
    ra, dec : `float`
        That point, ICRS, degrees.

    Returns
    -------
    positions : `numpy.ndarray`, shape (…, 2)
        Right ascension, 0 to 360, and declination; ICRS, degrees.
    """
    import numpy as np

    east, north = np.moveaxis(np.radians(offsets), -1, 0)
    centre_ra, centre_dec = np.radians([ra, dec])
    toward_pole = np.cos(centre_dec) - north * np.sin(centre_dec)
    up = np.sin(centre_dec) + north * np.cos(centre_dec)
    positions = [
        np.degrees(centre_ra + np.arctan2(east, toward_pole)) % 360,
        np.degrees(np.arctan2(up, np.hypot(east, toward_pole))),
    ]
    return np.stack(positions, axis=-1)
