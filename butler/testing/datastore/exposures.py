"""An exposure with every component, and what makes two the same."""

from __future__ import annotations

from typing import Any

__all__ = ["assert_same_exposure", "example_exposure"]


def example_exposure() -> Any:
    """Exposure of 40 by 30 pixels with every component.

    Returns
    -------
    exposure : `astropy.nddata.CCDData`
        In electrons.
    """
    import numpy as np
    from astropy.nddata import CCDData, StdDevUncertainty
    from astropy.wcs import WCS

    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [150.1, -2.3]
    wcs.wcs.crpix = [20.5, 15.5]
    wcs.wcs.cdelt = [-7e-6, 7e-6]
    pixels = np.arange(1200, dtype=np.float32).reshape(30, 40)
    pixels[0, 0] = np.nan
    return CCDData(
        pixels,
        unit="electron",
        mask=pixels % 7 == 0,
        flags=np.arange(1200, dtype=np.int32).reshape(30, 40),
        uncertainty=StdDevUncertainty(pixels / 10),
        wcs=wcs,
        meta={"OBSERVER": "Hypatia", "EXPTIME": 30.0, "SHUTTER": True, "FRAMES": 3},
    )


def assert_same_exposure(found: Any, expected: Any) -> None:
    """Assert that two exposures have the same components."""
    import numpy as np

    for plane in ("data", "mask", "flags"):
        one, other = getattr(found, plane), getattr(expected, plane)
        np.testing.assert_array_equal(one, other)
        assert getattr(one, "dtype", None) == getattr(other, "dtype", None)
    assert found.unit == expected.unit
    assert type(found.uncertainty) is type(expected.uncertainty)
    if expected.uncertainty is not None:
        np.testing.assert_array_equal(found.uncertainty.array, expected.uncertainty.array)
        assert found.uncertainty.unit == expected.uncertainty.unit
    assert dict(found.meta) == dict(expected.meta)
    assert (found.wcs is None) == (expected.wcs is None)
    if expected.wcs is not None:
        corners = ([0, 5, 6], [0, 2, 1])
        np.testing.assert_allclose(
            found.wcs.pixel_to_world_values(*corners),
            expected.wcs.pixel_to_world_values(*corners),
            rtol=1e-13,
        )
