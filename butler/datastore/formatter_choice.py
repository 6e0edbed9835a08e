"""Which formatter writes a dataset, and which reads a file, as the datastore is configured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from butler.datastore.formatters import Formatter, formatter_named, formatters_of
from butler.datastore.formatters.content import beginning
from butler.datastore.storage_classes import StorageClass
from butler.errors import StorageClassError

__all__ = ["NO_COMPRESSION", "FormatterChoice"]

NO_COMPRESSION = "none"


class FormatterChoice:
    """Chooses among the formatters of storage classes.

    Parameters
    ----------
    formatters, compression : `~collections.abc.Mapping`
        Names by dataset type or storage class; see
        `~butler.datastore.open_datastore`.
    """

    def __init__(self, formatters: Mapping[str, str], compression: Mapping[str, str]) -> None:
        self._formatters = dict(formatters)
        self._compression = dict(compression)
        self._usable: dict[tuple[str, str | None], dict[str, Formatter]] = {}

    def writer(self, kind: StorageClass, dataset_type: str | None) -> Formatter:
        """Formatter of a whole dataset; of one component if no dataset type is given."""
        keys = [key for key in (dataset_type, kind.name) if key is not None]
        name = next((self._formatters[key] for key in keys if key in self._formatters), kind.formatter)
        formatter = formatter_named(name, f"storage class {kind.name!r}")
        how = next((self._compression[key] for key in keys if key in self._compression), NO_COMPRESSION)
        return formatter if how == NO_COMPRESSION else formatter.compressed(how)

    def usable(self, kind: StorageClass, dataset_type: str | None) -> dict[str, Formatter]:
        """Formatters by name: the configured one first, then the usual one, then others."""
        key = (kind.name, dataset_type)
        if key not in self._usable:
            usual = formatter_named(kind.formatter, kind.name)
            first = self.writer(kind, dataset_type)
            self._usable[key] = {each.name: each for each in (first, usual, *formatters_of(kind.name))}
        return self._usable[key]

    def reader(
        self,
        name: str | None,
        dataset_type: str | None,
        kind: StorageClass,
        file: Path,
        start: bytes | None = None,
    ) -> Formatter:
        """Formatter of that name, or else the one that the file's content and name speak for.

        Parameters
        ----------
        name : `str`, optional
            Of the formatter.
        dataset_type : `str` or `None`
            What the file is; `None` for one component.
        kind : `~butler.datastore.storage_classes.StorageClass`
            What is to be read from it.
        file : `~pathlib.Path`
            The file.
        start : `bytes`, optional
            How it begins, where somebody has read it.

        Raises
        ------
        StorageClassError
            If that formatter doesn't read the storage class.
        """
        usable = self.usable(kind, dataset_type)
        if name is None:
            return _by_content(file, start, list(usable.values()))
        if name not in usable:
            raise StorageClassError(
                f"Formatter {name!r} doesn't read storage class {kind.name!r}",
                hint=f"Formatters that do are {', '.join(sorted(usable))}.",
                details={"formatter": name, "storage_class": kind.name},
            )
        return usable[name]


def _by_content(file: Path, start: bytes | None, usable: Sequence[Formatter]) -> Formatter:
    """The first one whose files begin like this file, or else have such names; or else the first.

    If that one takes any bytes, there is nothing to choose.
    """
    configured = usable[0]
    if not configured.signatures:
        return configured
    start = beginning(file) if start is None else start
    for each in usable:
        if start.startswith(each.signatures):
            return each
    name = file.name.lower()
    for each in usable:
        if name.endswith(each.extensions):
            return each
    return configured
