"""Headers and coordinate systems in FITS, without pixels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from butler.datastore.formatters.fits.base import FitsFormatter
from butler.datastore.formatters.fits.file import FitsFile
from butler.datastore.formatters.fits.identity import identity_header, inputs_table
from butler.datastore.formatters.fits.wcs import read_wcs, wcs_hdus
from butler.datastore.headers import clean_header, writable_header

__all__ = ["FitsHeaderFormatter", "FitsWcsFormatter"]

_SHAPE = "BTLRSHAP"


class FitsHeaderFormatter(FitsFormatter):
    """A header, as the primary one of a file without data."""

    name = "fits-header"
    storage_classes = frozenset({"Header"})

    def write(self, obj: Any, path: Path, identity: Mapping[str, Any], *, storage_class: str) -> None:
        """Write the cards, but those that describe the file it came from."""
        from astropy.io import fits

        header = writable_header(obj)
        header.extend(identity_header(identity), useblanks=False)
        self._save([fits.PrimaryHDU(header=header), *inputs_table(identity)], path)

    def _read(
        self, file: FitsFile, number: int | None, component: str | None, parameters: Mapping[str, Any]
    ) -> Any:
        """Read the primary header, or that of the part."""
        file.verify(number or 0)
        return clean_header(file.image_header(number or 0))


class FitsWcsFormatter(FitsFormatter):
    """An `astropy.wcs.WCS` in the primary header of a file without pixels."""

    name = "fits-wcs"
    storage_classes = frozenset({"Wcs"})

    def write(self, obj: Any, path: Path, identity: Mapping[str, Any], *, storage_class: str) -> None:
        """Write its keywords and distortion tables."""
        from astropy.io import fits

        header, tables = wcs_hdus(obj)
        if obj.pixel_shape is not None:
            header[_SHAPE] = (json.dumps([int(size) for size in obj.pixel_shape]), "size in pixels, x first")
        header.update(identity_header(identity))
        self._save([fits.PrimaryHDU(header=header), *tables, *inputs_table(identity)], path)

    def _read(
        self, file: FitsFile, number: int | None, component: str | None, parameters: Mapping[str, Any]
    ) -> Any:
        """Read it from the primary header, or from that of the part."""
        file.verify(number or 0)
        wcs = read_wcs(file, number or 0)
        shape = file.hdus[number or 0].header.get(_SHAPE)
        if shape is not None:
            wcs.pixel_shape = json.loads(shape)
        return wcs
