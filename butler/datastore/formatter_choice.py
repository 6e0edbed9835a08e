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

    def writer(self, storage_class: StorageClass, dataset_type: str | None) -> Formatter:
        """Formatter of a whole dataset; of one component if no dataset type is given."""
        keys = [key for key in (dataset_type, storage_class.name) if key is not None]
        name = next(
            (self._formatters[key] for key in keys if key in self._formatters), storage_class.formatter
        )
        formatter = formatter_named(name, f"storage class {storage_class.name!r}")
        how = next((self._compression[key] for key in keys if key in self._compression), NO_COMPRESSION)
        return formatter if how == NO_COMPRESSION else formatter.compressed(how)

    def usable(self, storage_class: StorageClass, dataset_type: str | None) -> dict[str, Formatter]:
        """Formatters by name: the configured one first, then the usual one, then others."""
        key = (storage_class.name, dataset_type)
        if key not in self._usable:
            usual = formatter_named(storage_class.formatter, storage_class.name)
            first = self.writer(storage_class, dataset_type)
            self._usable[key] = {
                each.name: each for each in (first, usual, *formatters_of(storage_class.name))
            }
        return self._usable[key]

    def extensions(self, storage_class: StorageClass, dataset_type: str | None) -> list[str]:
        """Every extension of a file that one of the usable formatters reads, each once."""
        usable = self.usable(storage_class, dataset_type).values()
        return list(dict.fromkeys(extension for each in usable for extension in each.extensions))

    def reader(
        self,
        name: str | None,
        dataset_type: str | None,
        storage_class: StorageClass,
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
        storage_class : `~butler.datastore.storage_classes.StorageClass`
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
        usable = self.usable(storage_class, dataset_type)
        if name is None:
            return _by_content(file, start, list(usable.values()))
        if name not in usable:
            raise StorageClassError(
                f"formatter {name!r} doesn't read storage class {storage_class.name!r}",
                hint=f"Formatters that do are {', '.join(sorted(usable))}.",
                details={"formatter": name, "storage_class": storage_class.name},
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
