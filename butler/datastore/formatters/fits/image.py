"""Bare arrays and uncertainties in FITS."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from butler.datastore.formatters.boxes import whole_box
from butler.datastore.formatters.fits.array import TILES, image_hdu, read_array
from butler.datastore.formatters.fits.base import FitsFormatter
from butler.datastore.formatters.fits.file import FitsFile, Hdu, damaged
from butler.datastore.formatters.fits.identity import identity_header, inputs_table
from butler.datastore.uncertainties import uncertainty_from_header, uncertainty_header

__all__ = ["FitsImageFormatter", "FitsUncertaintyFormatter"]


class _PixelsFormatter(FitsFormatter):
    """One array: in the primary HDU, or after it if it is compressed by tiles."""

    compressions = (*FitsFormatter.compressions, TILES)

    def _write_pixels(self, array: Any, header: Any, path: Path, identity: Mapping[str, Any]) -> None:
        from astropy.io import fits

        hdu = image_hdu(array, tiled=self._compression == TILES)
        hdu.header.update(header)
        hdus = [hdu] if isinstance(hdu, fits.PrimaryHDU) else [fits.PrimaryHDU(), hdu]
        hdus[0].header.update(identity_header(identity))
        self._save([*hdus, *inputs_table(identity)], path)

    def _fits(self, hdu: Hdu) -> bool:
        return bool(hdu.shape)


class FitsImageFormatter(_PixelsFormatter):
    """An array; of files that others wrote, the first one that there is."""

    name = "fits-image"
    storage_classes = frozenset({"Image"})

    def write(self, obj: Any, path: Path, identity: Mapping[str, Any], *, storage_class: str) -> None:
        """Write a `numpy.ndarray`."""
        self._write_pixels(obj, {}, path, identity)

    def _read(
        self, file: FitsFile, number: int | None, component: str | None, parameters: Mapping[str, Any]
    ) -> Any:
        """Read the array, its section ``bbox``, or the component ``bbox`` from the header alone."""
        number = _image(file) if number is None else number
        if component == "bbox":
            return whole_box(file.hdus[number].shape)
        return read_array(file, number, parameters)


class FitsUncertaintyFormatter(_PixelsFormatter):
    """An `astropy.nddata.NDUncertainty`: its array, with its class and unit in the same header."""

    name = "fits-uncertainty"
    storage_classes = frozenset({"Uncertainty"})

    def write(self, obj: Any, path: Path, identity: Mapping[str, Any], *, storage_class: str) -> None:
        """Write the array, its class and its unit."""
        self._write_pixels(obj.array, uncertainty_header(obj), path, identity)

    def _read(
        self, file: FitsFile, number: int | None, component: str | None, parameters: Mapping[str, Any]
    ) -> Any:
        """Read it, or its section ``bbox``."""
        number = _image(file) if number is None else number
        array = read_array(file, number, parameters)
        return uncertainty_from_header(array, file.hdus[number].header)


def _image(file: FitsFile) -> int:
    # Ours may be without a pixel; of others' files, what has none is a header.
    if file.ours:
        number = next((number for number, hdu in enumerate(file.hdus) if hdu.shape), None)
    else:
        number = file.first_image()
    if number is None:
        raise damaged(file.shown, "it holds no image")
    return number
