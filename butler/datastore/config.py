"""Opening a datastore from configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from butler.datastore.file import FileDatastore
from butler.datastore.formatter_choice import NO_COMPRESSION
from butler.datastore.formatters import all_formatters, formatter_named
from butler.datastore.interfaces import Datastore
from butler.datastore.paths import check_template
from butler.datastore.plugins import load_plugin_class, nearest, plugins
from butler.datastore.storage import MemoryStorage, PosixStorage, Storage
from butler.datastore.storage_classes import CORE
from butler.errors import ConfigError

__all__ = ["open_datastore"]

_BUILT_IN: dict[str, type[Storage]] = {"posix": PosixStorage, "memory": MemoryStorage}
_KEYS = frozenset({"name", "type", "templates", "formatters", "compression", "disassemble"})


def open_datastore(config: Mapping[str, Any], repo: Path) -> Datastore:
    """Make the datastore that a configuration describes.

    Parameters
    ----------
    config : `~collections.abc.Mapping`
        ``name``, by default ``main``;
        ``type``: ``posix``, the default, ``memory`` or a plug-in's;
        ``root``: a folder relative to the repository, by default ``data``;
        ``templates``: dataset type, storage class or ``default`` to a
        file-name template;
        ``formatters``: dataset type or storage class to a formatter's name;
        ``compression``: dataset type or storage class to how its files are
        compressed, or ``none``;
        ``disassemble``: dataset types and storage classes whose components
        are written one file each.
    repo : `~pathlib.Path`
        The repository's folder.

    Raises
    ------
    ConfigError
        If a key is unknown or a value of the wrong kind; the message names it.
    """
    kind = _text(config, "type", "posix")
    name = _text(config, "name", "main")
    storage_type = _storage_type(kind)
    known = _KEYS | storage_type.options
    for key in config:
        if key not in known:
            raise ConfigError(
                f"datastore.{key}: a datastore of type {kind!r} has no such key",
                hint=nearest(str(key), known),
                details={"key": f"datastore.{key}"},
            )
    templates = _text_table(config, "templates")
    for key, template in templates.items():
        check_template(template, f"datastore.templates.{key}")
    formatters = _text_table(config, "formatters")
    for key, formatter in formatters.items():
        formatter_named(formatter, f"datastore.formatters.{key}")
    compression = _text_table(config, "compression")
    for key, how in compression.items():
        _check_compression(key, how, formatters)
    options = {key: config[key] for key in storage_type.options & config.keys()}
    return FileDatastore(
        name,
        storage_type.from_config(name, options, repo),
        templates=templates,
        formatters=formatters,
        compression=compression,
        disassemble=_names(config, "disassemble"),
    )


def _check_compression(key: str, how: str, formatters: Mapping[str, str]) -> None:
    """Refuse what no formatter can do or, as far as it is known now, not the one that will be used."""
    if how == NO_COMPRESSION:
        return
    where = f"datastore.compression.{key}"
    usual = {each.name: each.formatter for each in CORE}
    name = formatters.get(key, usual.get(key))
    if name is None:
        known = {NO_COMPRESSION, *(how for each in all_formatters() for how in each.compressions)}
        of = "no formatter compresses"
    else:
        known = {NO_COMPRESSION, *formatter_named(name, where).compressions}
        of = f"the formatter {name!r} doesn't compress"
    if how not in known:
        raise ConfigError(
            f"{where}: {of} by {how!r}", hint=nearest(how, known), details={"key": where, "value": how}
        )


def _storage_type(kind: str) -> type[Storage]:
    if kind in _BUILT_IN:
        return _BUILT_IN[kind]
    found = plugins("butler.storages")
    if kind not in found:
        raise ConfigError(
            f"datastore.type: there is no datastore type {kind!r}",
            hint=nearest(kind, {*_BUILT_IN, *found}),
            details={"key": "datastore.type", "value": kind},
        )
    loaded: type[Storage] = load_plugin_class(found[kind], Storage, needed=["from_config"])
    return loaded


def _text(config: Mapping[str, Any], key: str, default: str) -> str:
    value = config.get(key, default)
    if not isinstance(value, str) or not value:
        raise _wrong(key, value, "text")
    return value


def _text_table(config: Mapping[str, Any], key: str) -> dict[str, str]:
    value = config.get(key, {})
    if not isinstance(value, Mapping):
        raise _wrong(key, value, "a table of names and texts")
    for name, text in value.items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise _wrong(f"{key}.{name}", text, "text")
    return dict(value)


def _names(config: Mapping[str, Any], key: str) -> frozenset[str]:
    value = config.get(key, ())
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise _wrong(key, value, "a list of names")
    names = list(value)
    if not all(isinstance(name, str) for name in names):
        raise _wrong(key, value, "a list of names")
    return frozenset(names)


def _wrong(key: str, value: object, expected: str) -> ConfigError:
    return ConfigError(
        f"datastore.{key}: {value!r} is not {expected}",
        hint="See the configuration reference for the datastore's keys.",
        details={"key": f"datastore.{key}", "value": repr(value)},
    )
