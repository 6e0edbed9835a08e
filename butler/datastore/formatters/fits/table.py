"""Tables in FITS."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from butler.datastore.formatters.fits.base import FitsFormatter
from butler.datastore.formatters.fits.file import FitsFile, Hdu, damaged
from butler.datastore.formatters.fits.identity import INPUTS, identity_header, inputs_table
from butler.datastore.formatters.tables.rows import cut
from butler.datastore.headers import writable_header
from butler.errors import StorageClassError

__all__ = ["FitsTableFormatter"]


class FitsTableFormatter(FitsFormatter):
    """An astropy table as a binary table extension.

    What FITS has no place for changes: masked floats come back as NaN, masked
    text as empty, text as ASCII bytes, quantities as columns with units, keys
    of the metadata in upper case. The formatter ``parquet`` keeps them all.
    """

    name = "fits-table"
    storage_classes = frozenset({"Table"})

    def write(self, obj: Any, path: Path, identity: Mapping[str, Any], *, storage_class: str) -> None:
        """Write an `astropy.table.Table`."""
        from astropy.io import fits
        from astropy.time import Time

        for column in obj.itercols():
            if isinstance(column, Time):
                raise StorageClassError(
                    f"a FITS table would give back column {column.info.name!r} as numbers, not as times",
                    hint="Convert it to MJD, or configure the formatter 'parquet'.",
                )
        # astropy would leave out what doesn't fit, with no more than a warning.
        writable_header({key: value for key, value in obj.meta.items() if key != "comments"})
        packed = BytesIO()
        obj.write(packed, format="fits")
        packed.seek(0)
        with fits.open(packed) as hdus:
            hdus[0].header.extend(identity_header(identity), useblanks=False)
            self._save([*hdus, *inputs_table(identity)], path)

    def _read(
        self, file: FitsFile, number: int | None, component: str | None, parameters: Mapping[str, Any]
    ) -> Any:
        """Read a table, then cut out the columns and rows asked for."""
        from astropy.table import Table

        number = _table(file) if number is None else number
        file.verify(number)
        table = Table.read(file.path, format="fits", hdu=number, memmap=False, mask_invalid=False)
        for keyword in ("CHECKSUM", "DATASUM"):
            table.meta.pop(keyword, None)
        return cut(table, parameters)

    def _fits(self, hdu: Hdu) -> bool:
        return _is_table(hdu)


def _table(file: FitsFile) -> int:
    for number, hdu in enumerate(file.hdus):
        if _is_table(hdu) and hdu.name != INPUTS:
            return number
    raise damaged(file.shown, "it holds no table")


def _is_table(hdu: Hdu) -> bool:
    return hdu.header.get("XTENSION") in {"BINTABLE", "TABLE"} and not hdu.compressed
