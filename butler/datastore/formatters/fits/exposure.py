"""Exposures in FITS: pixels, mask, flags, uncertainty, WCS and metadata in one file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from butler.datastore.exposure import ExposureDelegate
from butler.datastore.formatters.boxes import whole_box
from butler.datastore.formatters.fits.array import TILES, image_hdu, read_array
from butler.datastore.formatters.fits.base import FitsFormatter
from butler.datastore.formatters.fits.file import FitsFile, Hdu, damaged
from butler.datastore.formatters.fits.identity import identity_header, inputs_table
from butler.datastore.formatters.fits.parts import extension_version
from butler.datastore.formatters.fits.wcs import is_geometry, read_wcs, wcs_hdus
from butler.datastore.headers import clean_header
from butler.datastore.physical_units import parse_unit
from butler.datastore.storage_classes import storage_class as find_storage_class
from butler.datastore.uncertainties import (
    EXTENSIONS,
    uncertainty_extension,
    uncertainty_from_header,
    uncertainty_header,
)

__all__ = ["FitsExposureFormatter"]


class FitsExposureFormatter(FitsFormatter):
    """An `astropy.nddata.CCDData` as one multi-extension file.

    The primary header holds the metadata; the extensions are ``SCI`` with
    unit and WCS, ``MASK``, ``FLAGS``, and ``ERR``, ``VAR``, ``IVAR`` or
    ``UNC``.

    Of files that others wrote, the pixels are the extension ``SCI`` or else
    the first array; the uncertainty is in ``ERR``, ``VAR`` or ``IVAR``; the
    flags are ``DQ``, and the mask is where they aren't zero; the metadata are
    the primary header and the one of the pixels, which wins.

    A part is the HDU of the pixels. One that is called ``SCI`` has the planes
    of its own ``EXTVER``; another one is pixels alone.
    """

    name = "fits-exposure"
    storage_classes = frozenset({"Exposure"})
    compressions = (*FitsFormatter.compressions, TILES)

    def write(self, obj: Any, path: Path, identity: Mapping[str, Any], *, storage_class: str) -> None:
        """Write all components that the exposure has."""
        from astropy.io import fits

        parts = ExposureDelegate().disassemble(obj)
        primary = fits.PrimaryHDU(header=parts["metadata"])
        primary.header.extend(identity_header(identity), useblanks=False)
        tiled = self._compression == TILES
        image = image_hdu(parts["image"], "SCI", tiled=tiled)
        image.header["BUNIT"] = parts["unit"].to_string()
        planes = [
            image_hdu(parts[plane], plane.upper(), tiled=tiled)
            for plane in ("mask", "flags")
            if plane in parts
        ]
        if "uncertainty" in parts:
            extension = uncertainty_extension(parts["uncertainty"])
            uncertainty = image_hdu(parts["uncertainty"].array, extension, tiled=tiled)
            uncertainty.header.update(uncertainty_header(parts["uncertainty"]))
            planes.append(uncertainty)
        if "wcs" in parts:
            cards, tables = wcs_hdus(parts["wcs"])
            image.header.update(cards)
            planes.extend(tables)
        self._save([primary, image, *planes, *inputs_table(identity)], path)

    def _read(
        self, file: FitsFile, number: int | None, component: str | None, parameters: Mapping[str, Any]
    ) -> Any:
        """Read the whole, or what the component needs of headers and pixels."""
        planes = _Planes(file, number)
        if component is not None:
            return planes.component(component, parameters)
        if "bbox" not in parameters and number is None:
            file.verify()
        parts = {}
        for name, part in find_storage_class("Exposure").components.items():
            known = find_storage_class(part).parameters & parameters.keys()
            value = planes.component(name, {key: parameters[key] for key in known})
            if value is not None:
                parts[name] = value
        return ExposureDelegate().assemble(parts, parameters)

    def _fits(self, hdu: Hdu) -> bool:
        return bool(hdu.shape)


class _Planes:
    """Which HDU of a file holds which component."""

    def __init__(self, file: FitsFile, part: int | None) -> None:
        self._file = file
        beside = [(number, hdu) for number, hdu in enumerate(file.hdus) if hdu.shape]
        if part is not None:
            beside = [(number, hdu) for number, hdu in beside if _belongs_to(hdu, file.hdus[part])]
        self._named = {hdu.name: number for number, hdu in reversed(beside)}
        image = self._named.get("SCI", file.first_image()) if part is None else part
        if image is None:
            raise damaged(file.shown, "it holds no image")
        self._image = image

    def component(self, name: str, parameters: Mapping[str, Any]) -> Any:
        """Read one component; `None` if the file hasn't it."""
        match name:
            case "image":
                return read_array(self._file, self._image, parameters)
            case "bbox":
                return whole_box(self._file.hdus[self._image].shape)
            case "unit":
                return parse_unit(self._keyword("BUNIT"))
            case "mask":
                return self._mask(parameters)
            case "flags":
                return self._plane("FLAGS", parameters) if self._file.ours else self._plane("DQ", parameters)
            case "uncertainty":
                return self._uncertainty(parameters)
            case "wcs":
                return read_wcs(self._file, self._image)
            case _:
                return self._metadata()

    def _plane(self, extension: str, parameters: Mapping[str, Any]) -> Any:
        if extension not in self._named:
            return None
        return read_array(self._file, self._named[extension], parameters)

    def _mask(self, parameters: Mapping[str, Any]) -> Any:
        mask = self._plane("MASK", parameters)
        if mask is None and not self._file.ours:
            flags = self._plane("DQ", parameters)
            return None if flags is None else flags != 0
        return mask

    def _uncertainty(self, parameters: Mapping[str, Any]) -> Any:
        for extension in EXTENSIONS:
            array = self._plane(extension, parameters)
            if array is not None:
                return uncertainty_from_header(array, self._file.hdus[self._named[extension]].header)
        return None

    def _keyword(self, keyword: str) -> Any:
        for number in (self._image, 0):
            value = self._file.hdus[number].header.get(keyword)
            if value is not None:
                return str(value)
        return None

    def _metadata(self) -> Any:
        self._file.verify(0)
        metadata = clean_header(self._file.hdus[0].header)
        if self._file.ours:
            return metadata
        if self._image:
            metadata.extend(clean_header(self._file.image_header(self._image)), update=True, useblanks=False)
        if read_wcs(self._file, self._image) is not None:
            for keyword in {keyword for keyword in metadata if is_geometry(keyword)}:
                metadata.remove(keyword, remove_all=True)
        return metadata


def _belongs_to(hdu: Hdu, image: Hdu) -> bool:
    """Whether an HDU is a plane of the image that is a part."""
    return hdu is image or (
        image.name == "SCI" != hdu.name and extension_version(hdu) == extension_version(image)
    )
