"""Taking exposures apart and putting them together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from butler.datastore.headers import writable_header
from butler.datastore.storage_classes import Delegate
from butler.errors import StorageClassError

__all__ = ["ExposureDelegate"]


class ExposureDelegate(Delegate):
    """Components of an `astropy.nddata.CCDData`."""

    def disassemble(self, obj: Any) -> dict[str, Any]:
        """Image, unit and metadata; mask, flags, uncertainty and WCS where it has them."""
        if obj.psf is not None:
            raise StorageClassError(
                "the psf of this CCDData has no component in an Exposure",
                hint="Store the psf as a dataset of its own.",
            )
        parts = {
            "image": obj.data,
            "unit": obj.unit,
            "mask": _pixels(obj, "mask"),
            "flags": _pixels(obj, "flags"),
            "uncertainty": obj.uncertainty,
            "wcs": obj.wcs,
            "metadata": writable_header(obj.meta),
        }
        return {name: part for name, part in parts.items() if part is not None}

    def assemble(self, components: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
        """Make a CCDData; of a box, with the WCS of that box."""
        from astropy import units
        from astropy.nddata import CCDData

        wcs = components.get("wcs")
        if wcs is not None and "bbox" in parameters:
            x, y, width, height = parameters["bbox"]
            wcs = wcs.slice((*[slice(None)] * (wcs.naxis - 2), slice(y, y + height), slice(x, x + width)))
        return CCDData(
            components["image"],
            unit=components.get("unit", units.dimensionless_unscaled),
            mask=components.get("mask"),
            flags=components.get("flags"),
            uncertainty=components.get("uncertainty"),
            wcs=wcs,
            meta=components.get("metadata"),
        )


def _pixels(exposure: Any, plane: str) -> Any:
    import numpy as np

    array = getattr(exposure, plane)
    if array is not None and (not isinstance(array, np.ndarray) or array.shape != exposure.data.shape):
        raise StorageClassError(
            f"the {plane} of this CCDData isn't an array of the shape of its pixels",
            hint=f"Make it a numpy array of shape {exposure.data.shape}.",
        )
    return array
