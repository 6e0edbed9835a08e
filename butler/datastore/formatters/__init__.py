"""Formats: how an object becomes a file and a file an object.

Formatters that come with Butler are named here and imported at first use;
others are found by the entry-point group ``butler.formatters``.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from butler.datastore.formatters.base import Formatter
from butler.datastore.plugins import load_class, nearest, plugins
from butler.datastore.system_errors import typed
from butler.errors import ConfigError

__all__ = ["BUILT_IN", "Formatter", "all_formatters", "formatter_named", "formatters_of"]

BUILT_IN = {
    "fits-exposure": "butler.datastore.formatters.fits_exposure:FitsExposureFormatter",
    "fits-image": "butler.datastore.formatters.fits_image:FitsImageFormatter",
    "fits-uncertainty": "butler.datastore.formatters.fits_image:FitsUncertaintyFormatter",
    "fits-header": "butler.datastore.formatters.fits_header:FitsHeaderFormatter",
    "fits-wcs": "butler.datastore.formatters.fits_header:FitsWcsFormatter",
    "fits-table": "butler.datastore.formatters.fits_table:FitsTableFormatter",
    "hdf5": "butler.datastore.formatters.hdf5:Hdf5Formatter",
    "parquet": "butler.datastore.formatters.parquet:ParquetFormatter",
    "ecsv": "butler.datastore.formatters.ecsv:EcsvFormatter",
    "json": "butler.datastore.formatters.documents:JsonFormatter",
    "yaml": "butler.datastore.formatters.documents:YamlFormatter",
    "text": "butler.datastore.formatters.plain:TextFormatter",
    "bytes": "butler.datastore.formatters.plain:BytesFormatter",
    "unit": "butler.datastore.formatters.plain:UnitFormatter",
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
    """Every formatter, Butler's own first."""
    return tuple(_load(name) for name in dict.fromkeys((*BUILT_IN, *plugins("butler.formatters"))))


@cache
def _load(name: str) -> Formatter:
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        with typed(module):
            loaded = getattr(import_module(module), attribute)
    else:
        loaded = load_class(plugins("butler.formatters")[name], Formatter)
    formatter = loaded()
    if not isinstance(formatter, Formatter) or formatter.name != name:
        raise ConfigError(
            f"The formatter {name!r} is {formatter!r}, which isn't a Formatter of that name",
            hint="Its entry point must name a subclass of butler.datastore.formatters.Formatter.",
        )
    return formatter
