"""Bare arrays and uncertainties in FITS."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from butler.datastore.formatters.fits_array import image_hdu, read_array, whole_box
from butler.datastore.formatters.fits_base import FitsFormatter
from butler.datastore.formatters.fits_file import FitsFile, damaged, open_fits, write_fits
from butler.datastore.formatters.fits_identity import identity_header, inputs_table
from butler.datastore.uncertainties import uncertainty_from_header, uncertainty_header

__all__ = ["FitsImageFormatter", "FitsUncertaintyFormatter"]


class FitsImageFormatter(FitsFormatter):
    """An array in the primary HDU; of other files, the first array that there is."""

    name = "fits-image"
    storage_classes = frozenset({"Image"})

    def write(self, obj: Any, path: Path, identity: Mapping[str, Any]) -> None:
        """Write a `numpy.ndarray`."""
        hdu = image_hdu(obj)
        hdu.header.update(identity_header(identity))
        write_fits([hdu, *inputs_table(identity)], path)

    def read(
        self, path: Path, *, storage_class: str, component: str | None, parameters: Mapping[str, Any]
    ) -> Any:
        """Read the array, its section ``bbox``, or the component ``bbox`` from the header alone."""
        with open_fits(path) as file:
            number = _image(file)
            if component == "bbox":
                return whole_box(file.hdus[number].shape)
            return read_array(file, number, parameters)


class FitsUncertaintyFormatter(FitsFormatter):
    """An `astropy.nddata.NDUncertainty` in the primary HDU."""

    name = "fits-uncertainty"
    storage_classes = frozenset({"Uncertainty"})

    def write(self, obj: Any, path: Path, identity: Mapping[str, Any]) -> None:
        """Write the array, its kind and its unit."""
        hdu = image_hdu(obj.array)
        hdu.header.update(uncertainty_header(obj))
        hdu.header.update(identity_header(identity))
        write_fits([hdu, *inputs_table(identity)], path)

    def read(
        self, path: Path, *, storage_class: str, component: str | None, parameters: Mapping[str, Any]
    ) -> Any:
        """Read it, or its section ``bbox``."""
        with open_fits(path) as file:
            number = _image(file)
            array = read_array(file, number, parameters)
            return uncertainty_from_header(array, file.hdus[number].header)


def _image(file: FitsFile) -> int:
    number = 0 if file.ours else file.first_image()
    if number is None or not file.hdus[number].shape:
        raise damaged(file.shown, "it holds no image")
    return number
