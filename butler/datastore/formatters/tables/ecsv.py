"""Tables in ECSV: text that a person can read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from butler.datastore.formatters.base import Formatter
from butler.datastore.formatters.tables.rows import cut
from butler.errors import FormatError, StorageClassError

__all__ = ["EcsvFormatter"]

_IDENTITY = "_butler"


class EcsvFormatter(Formatter):
    """An astropy table; the identity is the metadata key ``_butler``.

    ECSV can't tell an empty text from a masked one, and drops blanks around
    a text.
    """

    name = "ecsv"
    extensions = (".ecsv",)
    storage_classes = frozenset({"Table"})
    signatures = (b"# %ECSV",)

    def write(self, obj: Any, path: Path, identity: Mapping[str, Any], *, storage_class: str) -> None:
        """Write an `astropy.table.Table`."""
        if _IDENTITY in obj.meta:
            raise StorageClassError(
                f"the table's metadata has a key {_IDENTITY!r}, where an ECSV file keeps its identity",
                hint="Remove or rename the key.",
            )
        identified = obj.copy(copy_data=False)
        identified.meta[_IDENTITY] = dict(identity)
        identified.write(path, format="ascii.ecsv")

    def read(
        self, path: Path, *, storage_class: str, component: str | None, parameters: Mapping[str, Any]
    ) -> Any:
        """Read all of it, then cut out the columns and rows asked for."""
        table = self._load(path)
        table.meta.pop(_IDENTITY, None)
        return cut(table, parameters)

    def identify(self, path: Path) -> dict[str, Any] | None:
        """Read the metadata key ``_butler``."""
        identity = self._load(path).meta.get(_IDENTITY)
        return identity if isinstance(identity, dict) else None

    def _load(self, path: Path) -> Any:
        from astropy.table import Table

        try:
            return Table.read(path, format="ascii.ecsv")
        except Exception as error:  # the reader raises whatever its parsers do
            raise FormatError(
                f"{str(path)!r} can't be read as ECSV: {error}",
                hint="The file is damaged, or not of this format.",
                details={"file": str(path)},
            ) from error
