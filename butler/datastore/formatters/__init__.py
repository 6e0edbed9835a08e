"""Formats: how an object becomes a file and a file an object.

Formatters that come with Butler are named here and imported at first use;
others are found by the entry-point group ``butler.formatters``.
"""

from __future__ import annotations

import logging
from functools import cache
from importlib import import_module

from butler.datastore.formatters.base import DocumentFormatter, Formatter
from butler.datastore.plugins import load_plugin_class, plugins
from butler.datastore.system_errors import typed
from butler.errors import ConfigError, nearest

__all__ = ["BUILT_IN", "DocumentFormatter", "Formatter", "all_formatters", "formatter_named", "formatters_of"]

_logger = logging.getLogger(__name__)

BUILT_IN = {
    "fits-exposure": "butler.datastore.formatters.fits.exposure:FitsExposureFormatter",
    "fits-image": "butler.datastore.formatters.fits.image:FitsImageFormatter",
    "fits-uncertainty": "butler.datastore.formatters.fits.image:FitsUncertaintyFormatter",
    "fits-header": "butler.datastore.formatters.fits.header:FitsHeaderFormatter",
    "fits-wcs": "butler.datastore.formatters.fits.header:FitsWcsFormatter",
    "fits-table": "butler.datastore.formatters.fits.table:FitsTableFormatter",
    "hdf5": "butler.datastore.formatters.hdf5.formatter:Hdf5Formatter",
    "parquet": "butler.datastore.formatters.tables.parquet:ParquetFormatter",
    "ecsv": "butler.datastore.formatters.tables.ecsv:EcsvFormatter",
    "json": "butler.datastore.formatters.documents.structured:JsonFormatter",
    "yaml": "butler.datastore.formatters.documents.structured:YamlFormatter",
    "text": "butler.datastore.formatters.documents.plain:TextFormatter",
    "bytes": "butler.datastore.formatters.documents.plain:BytesFormatter",
    "unit": "butler.datastore.formatters.documents.plain:PhysicalUnitFormatter",
}
"""Formatters that come with Butler: name to ``module:class``."""


def formatter_named(name: str, where: str) -> Formatter:
    """Look up a formatter.

    Parameters
    ----------
    name : `str`
        Its name.
    where : `str`
        What names it, for the message.

    Raises
    ------
    ConfigError
        If neither Butler nor an installed plug-in has one of that name.
    """
    if name not in BUILT_IN and name not in plugins("butler.formatters"):
        raise ConfigError(
            f"{where}: there is no formatter {name!r}",
            hint=nearest(name, {*BUILT_IN, *plugins("butler.formatters")}),
            details={"formatter": name},
        )
    return _load(name)


@cache
def formatters_of(storage_class: str) -> tuple[Formatter, ...]:
    """Formatters that say they read and write a storage class."""
    return tuple(each for each in all_formatters() if storage_class in each.storage_classes)


def all_formatters() -> tuple[Formatter, ...]:
    """Every formatter, Butler's own first; a plug-in that fails is passed over: nobody has asked for it."""
    formatters = [_load(name) for name in BUILT_IN]
    for name in plugins("butler.formatters"):
        try:
            formatters.append(_load(name))
        except ConfigError as error:
            _logger.warning("%s", error)
    return tuple(dict.fromkeys(formatters))


@cache
def _load(name: str) -> Formatter:
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        with typed(module):
            built_in: type[Formatter] = getattr(import_module(module), attribute)
        return built_in()
    entry = plugins("butler.formatters")[name]
    try:
        formatter: Formatter = load_plugin_class(entry, Formatter)()
    except ConfigError:
        raise
    except Exception as error:  # a plug-in's class may raise anything
        raise ConfigError(
            f"formatter {name!r} can't be made: {error}",
            hint=f"Repair or uninstall what provides {entry.value}.",
        ) from error
    if formatter.name != name:
        raise ConfigError(
            f"formatter {name!r} calls itself {formatter.name!r}",
            hint=f"Name the entry point of {entry.value} as its class is.",
        )
    return formatter
