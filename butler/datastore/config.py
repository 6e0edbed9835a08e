"""How datastores are configured, and opening them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from msgspec import NODEFAULT, Struct, defstruct, field, structs

from butler.datastore.file import FileDatastore
from butler.datastore.formatter_choice import NO_COMPRESSION
from butler.datastore.formatters import all_formatters, formatter_named
from butler.datastore.interfaces import Datastore
from butler.datastore.members import Datastores
from butler.datastore.paths import check_template
from butler.datastore.plugins import load_plugin_class, plugins, refused
from butler.datastore.storage import MemoryStorage, PosixStorage, Storage
from butler.datastore.storage_classes import CORE
from butler.errors import ConfigError, nearest
from butler.strict import After, Chosen, Document, is_record, keys_of, read, shown

__all__ = [
    "DatastoreConfig",
    "DatastoreSettings",
    "DatastoreTable",
    "open_datastore",
    "open_datastores",
    "settings_type",
    "storage_types",
]

_BUILT_IN: dict[str, type[Storage]] = {"posix": PosixStorage, "memory": MemoryStorage}
_GROUP = "butler.storages"
_USUAL = "posix"


def _check_formatter(name: str, where: str) -> str:
    formatter_named(name, where)
    return name


StorageType = type[Storage]
Template = Annotated[str, After(check_template)]
FormatterName = Annotated[str, After(_check_formatter)]


class DatastoreSettings(Struct, frozen=True, kw_only=True):
    """One datastore; what else it may be told depends on its type.

    Parameters
    ----------
    type : `str`
        Where its files are: ``posix``, a folder; ``memory``; or what a plug-in adds.
    templates : `dict` [`str`, `str`]
        Dataset type, storage class or ``default`` → how files are named.
    formatters : `dict` [`str`, `str`]
        Dataset type or storage class → in what format files are written.
    compression : `dict` [`str`, `str`]
        Dataset type or storage class → how files are compressed, or ``none``.
    disassemble : `tuple` [`str`]
        Dataset types and storage classes whose components are written one file each.
    """

    type: str = _USUAL
    templates: dict[str, Template] = {}
    formatters: dict[str, FormatterName] = {}
    compression: dict[str, str] = {}
    disassemble: tuple[str, ...] = ()

    storage: ClassVar[StorageType]

    def __post_init__(self) -> None:
        for key, how in self.compression.items():
            _check_compression(key, how, self.formatters)
        # A storage type may check its options when it makes them.
        _ = self.options

    @property
    def options(self) -> Any:
        """What the storage type is to be told."""
        options = self.storage.options
        return options(**{name: getattr(self, name) for name in options.__struct_fields__})


def _settings_of(table: Any, *_context: Any) -> type[DatastoreSettings]:
    """Choose the type by which a datastore's table is read."""
    name = table.get("type", _USUAL) if isinstance(table, Mapping) else _USUAL
    if not isinstance(name, str):
        raise ConfigError(f"is {shown(name)}, not a storage type", details={"at": ("type",)})
    return settings_type(name)


DatastoreTable = Annotated[Any, Chosen(_settings_of)]
"""In a type to be read: the table of one datastore."""


class DatastoreConfig(Struct, frozen=True):
    """How one datastore is configured.

    Parameters
    ----------
    given : `~collections.abc.Mapping`
        Its table, as it is written.
    settings : `DatastoreSettings`
        What holds: what is written, the defaults, and the storage type's own keys.
    """

    given: Mapping[str, Any]
    settings: DatastoreSettings

    @classmethod
    def from_plain(cls, given: Mapping[str, Any], name: str = "main") -> DatastoreConfig:
        """Check a table that a program made.

        Raises
        ------
        ConfigError
            If a key is unknown or a value isn't one that it may have; the
            message names it.
        """
        document = Document(given, "configuration")
        return cls(given, read(document, DatastoreTable, ("datastores", name)))

    def at(self, root: str, name: str = "main") -> DatastoreConfig:
        """Give the same datastore with another root."""
        return self.from_plain({**self.given, "root": root}, name)


def open_datastore(config: DatastoreConfig | Mapping[str, Any], repo: Path, name: str = "main") -> Datastore:
    """Make one datastore.

    Parameters
    ----------
    config : `DatastoreConfig` or `~collections.abc.Mapping`
        Its configuration, or a table with the keys of `DatastoreSettings` and
        those of its storage type.
    repo : `~pathlib.Path`
        The repository's folder.
    name : `str`
        What artifacts call it.

    Raises
    ------
    ConfigError
        If a key is unknown or a value isn't one that it may have; the message
        names it.
    """
    if not isinstance(config, DatastoreConfig):
        config = DatastoreConfig.from_plain(config, name)
    settings = config.settings
    return FileDatastore(
        name,
        settings.storage.from_config(name, settings.options, repo),
        templates=settings.templates,
        formatters=settings.formatters,
        compression=settings.compression,
        disassemble=settings.disassemble,
    )


def open_datastores(datastores: Mapping[str, DatastoreConfig], default: str, repo: Path) -> Datastore:
    """Make the one datastore that a repository has.

    Parameters
    ----------
    datastores : `~collections.abc.Mapping`
        How each is configured, by what artifacts call it.
    default : `str`
        Which is written to.
    repo : `~pathlib.Path`
        The repository's folder.
    """
    members = [open_datastore(config, repo, name) for name, config in datastores.items()]
    return Datastores(members, default)


def storage_types() -> tuple[str, ...]:
    """Name the storage types: Butler's own and those of installed plug-ins."""
    return (*_BUILT_IN, *sorted(plugins(_GROUP)))


@cache
def settings_type(name: str) -> type[DatastoreSettings]:
    """Give the keys of a datastore of one storage type: those of all, and its own.

    Raises
    ------
    ConfigError
        If there is no such storage type, or the plug-in that has it is of
        another version of the interface.
    """
    storage = _storage_type(name)
    own = ((key.name, key.type, _default_of(key)) for key in structs.fields(storage.options))
    made: Any = defstruct(
        name,
        [("type", Literal[name], name if name == _USUAL else NODEFAULT), *own],
        bases=(DatastoreSettings,),
        namespace={"__doc__": storage.options.__doc__, "storage": storage},
        frozen=True,
        kw_only=True,
    )
    chosen: type[DatastoreSettings] = made
    return chosen


def _default_of(key: structs.FieldInfo) -> Any:
    factory: Any = key.default_factory
    return key.default if factory is NODEFAULT else field(default_factory=factory)


def _storage_type(name: str) -> type[Storage]:
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    if (entry := plugins(_GROUP).get(name)) is None:
        raise ConfigError(
            f"there is no storage type {name!r}",
            hint=nearest(name, storage_types()),
            details={"at": ("type",), "value": name},
        )
    storage: type[Storage] = load_plugin_class(entry, Storage, needed=["from_config"])
    if not is_record(storage.options):
        raise refused(
            entry,
            f"declares its options as {storage.options!r}",
            "It was written for another version: declare a msgspec.Struct with a field for each option.",
        )
    if taken := keys_of(storage.options).keys() & keys_of(DatastoreSettings).keys():
        raise refused(
            entry, f"has an option {min(taken)!r}, as every datastore has", "Let it have another name."
        )
    return storage


def _check_compression(key: str, how: str, formatters: Mapping[str, str]) -> None:
    """Refuse what no formatter can do or, as far as it is known now, not the one that will be used."""
    if how == NO_COMPRESSION:
        return
    usual = {each.name: each.formatter for each in CORE}
    name = formatters.get(key, usual.get(key))
    if name is None:
        known = {NO_COMPRESSION, *(how for each in all_formatters() for how in each.compressions)}
        of = "no formatter compresses"
    else:
        known = {NO_COMPRESSION, *formatter_named(name, "compression").compressions}
        of = f"the formatter {name!r} doesn't compress"
    if how not in known:
        raise ConfigError(
            f"{of} by {how!r}",
            hint=nearest(how, known),
            details={"at": ("compression", key), "value": how},
        )
