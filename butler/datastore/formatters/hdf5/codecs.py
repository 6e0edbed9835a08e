"""How each storage class without components lies in an HDF5 file."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from butler.datastore.formatters.boxes import box_slices
from butler.datastore.formatters.documents.structured import DOCUMENTS, from_json, to_json
from butler.datastore.formatters.fits.wcs import wcs_hdus
from butler.datastore.formatters.hdf5.file import Hdf5Reader, Hdf5Writer
from butler.datastore.formatters.hdf5.table import read_table, write_table
from butler.datastore.formatters.tables.arrow import TABLES, table_from_arrow, table_to_arrow
from butler.datastore.headers import clean_header, writable_header
from butler.datastore.physical_units import parse_unit
from butler.datastore.uncertainties import uncertainty_from_header, uncertainty_header
from butler.errors import StorageClassError

__all__ = ["CODECS", "Codec", "codec"]

_DTYPES = frozenset({"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"})
_CARD = 80
_SHAPE = "shape"
_CARDS = "cards"
_TABLE = "distortion-{}"
_VALUES = "values"


@dataclass(frozen=True, slots=True)
class Codec:
    """Writes an object as one member of a group, and reads it back.

    Parameters
    ----------
    write : `~collections.abc.Callable`
        Takes the group, the member's name and the object.
    read : `~collections.abc.Callable`
        Takes the group, the member's name and the parameters.
    """

    write: Callable[[Hdf5Writer, str, Any], None]
    read: Callable[[Hdf5Reader, str, Mapping[str, Any]], Any]


def codec(storage_class: str) -> Codec:
    """Codec of a storage class.

    Raises
    ------
    StorageClassError
        If there is none.
    """
    if storage_class not in CODECS:
        raise StorageClassError(
            f"storage class {storage_class!r} has no place in HDF5",
            hint=f"These have, and what consists of them: {', '.join(sorted(CODECS))}.",
            details={"storage_class": storage_class},
        )
    return CODECS[storage_class]


# Images ----------------------------------------------------------------------


def _write_image(writer: Hdf5Writer, name: str, array: Any, **attributes: str) -> None:
    import numpy as np

    if isinstance(array, np.ma.MaskedArray) or hasattr(array, "unit"):
        raise StorageClassError(
            f"an image in HDF5 would lose the mask or the unit of this {type(array).__name__}",
            hint="Store it as an Exposure.",
        )
    if array.dtype.str[1:] not in _DTYPES or not array.ndim:
        raise StorageClassError(
            f"an image in HDF5 can't be an array of {array.dtype} with {array.ndim} axes",
            hint="Convert it to truth values or numbers, with one axis or more.",
            details={"dtype": str(array.dtype), "shape": array.shape},
        )
    writer.array(name, array, **attributes)


def _read_image(reader: Hdf5Reader, name: str, parameters: Mapping[str, Any]) -> Any:
    shape = reader.shape(name)
    box = box_slices(parameters, shape)
    return reader.array(name, (*[slice(None)] * (len(shape) - 2), *box) if box else ())


def _write_uncertainty(writer: Hdf5Writer, name: str, uncertainty: Any) -> None:
    _write_image(writer, name, uncertainty.array, **uncertainty_header(uncertainty))


def _read_uncertainty(reader: Hdf5Reader, name: str, parameters: Mapping[str, Any]) -> Any:
    return uncertainty_from_header(_read_image(reader, name, parameters), reader.attributes(name))


# Headers and coordinates -----------------------------------------------------


def _write_cards(writer: Hdf5Writer, name: str, header: Any) -> None:
    import numpy as np

    text = header.tostring(sep="", endcard=False, padding=False).encode("ascii")
    writer.array(name, np.frombuffer(text, f"S{_CARD}"))


def _read_cards(reader: Hdf5Reader, name: str) -> Any:
    from astropy.io import fits

    return fits.Header.fromstring(b"".join(text.ljust(_CARD) for text in reader.texts(name)))


def _write_wcs(writer: Hdf5Writer, name: str, wcs: Any) -> None:
    cards, tables = wcs_hdus(wcs)
    group = writer.group(name)
    _write_cards(group, _CARDS, cards)
    if wcs.pixel_shape is not None:
        group.content(_SHAPE, json.dumps([int(size) for size in wcs.pixel_shape]).encode())
    for number, hdu in enumerate(tables):
        table = group.group(_TABLE.format(number))
        _write_cards(table, _CARDS, hdu.header)
        table.array(_VALUES, hdu.data)


def _read_wcs(reader: Hdf5Reader, name: str, parameters: Mapping[str, Any]) -> Any:
    from astropy.io import fits
    from astropy.wcs import WCS, FITSFixedWarning

    group = reader.group(name)
    tables: list[Any] = []
    while (key := _TABLE.format(len(tables))) in group:
        table = group.group(key)
        tables.append(fits.ImageHDU(table.array(_VALUES), _read_cards(table, _CARDS)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)
        wcs = WCS(_read_cards(group, _CARDS), fobj=fits.HDUList([fits.PrimaryHDU(), *tables]))
    if _SHAPE in group:
        wcs.pixel_shape = json.loads(group.content(_SHAPE))
    return wcs


# What is stored as text --------------------------------------------------------


def _text_codec(to_bytes: Callable[[Any], bytes], from_text: Callable[[str], Any]) -> Codec:
    return Codec(
        lambda writer, name, obj: writer.content(name, to_bytes(obj)),
        lambda reader, name, parameters: from_text(reader.content(name).decode()),
    )


def _table_codec(storage_class: str) -> Codec:
    return Codec(
        lambda writer, name, table: write_table(writer.group(name), table_to_arrow(table)),
        lambda reader, name, parameters: table_from_arrow(
            read_table(reader.group(name), parameters), storage_class
        ),
    )


CODECS: dict[str, Codec] = {
    "Image": Codec(_write_image, _read_image),
    "Uncertainty": Codec(_write_uncertainty, _read_uncertainty),
    "PhysicalUnit": _text_codec(lambda unit: str(unit.to_string()).encode(), parse_unit),
    "Wcs": Codec(_write_wcs, _read_wcs),
    "Header": Codec(
        lambda writer, name, header: _write_cards(writer, name, writable_header(header)),
        lambda reader, name, parameters: clean_header(_read_cards(reader, name)),
    ),
    "Text": _text_codec(str.encode, str),
    "Bytes": Codec(
        lambda writer, name, content: writer.content(name, content),
        lambda reader, name, parameters: reader.content(name),
    ),
    **{name: _table_codec(name) for name in TABLES},
    **{name: _text_codec(to_json, from_json) for name in DOCUMENTS},
}
"""By the name of the storage class."""
