"""Arrays as FITS images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from butler.datastore.formatters.boxes import box_slices
from butler.datastore.formatters.fits.file import FitsFile
from butler.errors import StorageClassError

__all__ = ["TILES", "image_hdu", "read_array"]

TILES = "tiles"
"""Name of the compression by tiles."""


_BOOLEAN = "BTLRBOOL"
_TILE = 128
_DTYPES = frozenset({"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"})


def image_hdu(array: Any, name: str = "", *, tiled: bool = False) -> Any:
    """HDU of an array: the primary one, or an extension if it has a name or is compressed.

    Parameters
    ----------
    array : `numpy.ndarray`
        Of truth values, integers, or floats of 4 or 8 bytes; one axis or more.
    name : `str`, optional
        ``EXTNAME``.
    tiled : `bool`, optional
        Compress it without loss in tiles of 128 by 128 pixels: integers by
        RICE_1, those of 8 bytes and floats by GZIP_2, floats not quantized.

    Raises
    ------
    StorageClassError
        If FITS can't hold it.
    """
    import numpy as np
    from astropy.io import fits

    if isinstance(array, np.ma.MaskedArray) or hasattr(array, "unit"):
        raise StorageClassError(
            f"a FITS image would lose the mask or the unit of this {type(array).__name__}",
            hint="Store it as an Exposure.",
        )
    if array.dtype.str[1:] not in _DTYPES or not array.ndim:
        raise StorageClassError(
            f"a FITS image can't hold an array of {array.dtype} with {array.ndim} axes",
            hint="Convert it to truth values, integers, float32 or float64, with one axis or more.",
            details={"dtype": str(array.dtype), "shape": array.shape},
        )
    boolean = array.dtype == np.bool_
    pixels = array.view(np.uint8) if boolean else np.asarray(array)
    if tiled and array.size:
        hdu = _tiled_hdu(pixels)
    else:
        hdu = fits.ImageHDU(pixels) if name or tiled else fits.PrimaryHDU(pixels)
    if name:
        hdu.name = name
    if boolean:
        hdu.header[_BOOLEAN] = (True, "0 and 1 are truth values")
    return hdu


def _tiled_hdu(pixels: Any) -> Any:
    from astropy.io import fits

    rice = pixels.dtype.kind in "iu" and pixels.dtype.itemsize <= 4
    planes = max(pixels.ndim - 2, 0)
    return fits.CompImageHDU(
        pixels,
        compression_type="RICE_1" if rice else "GZIP_2",
        tile_shape=(*[1] * planes, *(min(_TILE, size) for size in pixels.shape[planes:])),
        quantize_level=0.0,
    )


def read_array(file: FitsFile, number: int, parameters: Mapping[str, Any]) -> Any:
    """Array of one HDU, or the section that ``bbox`` names.

    Returns
    -------
    array : `numpy.ndarray`

    Raises
    ------
    StorageClassError
        If the box isn't inside.
    """
    import numpy as np

    hdu = file.hdus[number]
    array = file.array(number, box_slices(parameters, hdu.shape))
    return array.view(np.bool_) if _BOOLEAN in hdu.header else array
