"""Storage classes: what Python type a dataset is, and which parts of it can be read alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from butler.datastore.plugins import load_plugin, plugins
from butler.errors import ConfigError, NotSupportedError, StorageClassError, nearest

__all__ = ["CORE", "Delegate", "StorageClass", "storage_class"]


@dataclass(frozen=True, slots=True)
class StorageClass:
    """Python objects of one type, as datastores hold them.

    Parameters
    ----------
    name : `str`
        Such as ``Exposure``.
    python_type : `str`
        Dotted path of its type; imported at first use.
    formatter : `str`
        Name of the formatter that writes it unless configured otherwise.
    components : `~collections.abc.Mapping` [`str`, `str`], optional
        Parts that are stored, and the storage class of each.
    derived : `~collections.abc.Mapping` [`str`, `str`], optional
        Parts that follow from a component, and that component; the empty
        string for the object itself.
    parameters : `frozenset` [`str`], optional
        What a read can be restricted by.
    delegate : `str`, optional
        ``module:class`` of the `Delegate`; needed if it has components.
    """

    name: str
    python_type: str
    formatter: str
    components: Mapping[str, str] = field(default_factory=dict, hash=False)
    derived: Mapping[str, str] = field(default_factory=dict, hash=False)
    parameters: frozenset[str] = frozenset()
    delegate: str = ""

    def load_type(self) -> type:
        """Import the Python type.

        Raises
        ------
        NotSupportedError
            If the package that defines it isn't installed.
        ConfigError
            If it defines no such type.
        """
        module, _, attribute = self.python_type.rpartition(".")
        return self._load(module, attribute)

    def load_delegate(self) -> Delegate:
        """Import and make the delegate.

        Raises
        ------
        ConfigError
            If the storage class names none.
        """
        module, _, attribute = self.delegate.partition(":")
        delegate = self._load(module, attribute)()
        if not isinstance(delegate, Delegate):
            raise self._names_no(self.delegate, "Delegate")
        return delegate

    def _load(self, module: str, attribute: str) -> type:
        try:
            loaded = getattr(import_module(module), attribute, None)
        except ImportError as error:
            raise NotSupportedError(
                f"storage class {self.name!r} needs {module}, which can't be imported: {error}",
                hint=f"Install the package that provides {module}.",
            ) from error
        if not isinstance(loaded, type):
            raise self._names_no(f"{module}.{attribute}", "class")
        return loaded

    def _names_no(self, path: str, what: str) -> ConfigError:
        return ConfigError(
            f"storage class {self.name!r}: {path!r} is no {what}",
            hint="Correct the definition of the storage class.",
        )

    def check_object(self, obj: Any) -> None:
        """Refuse an object of another Python type.

        Raises
        ------
        StorageClassError
        """
        if not isinstance(obj, self.load_type()):
            found = type(obj)
            raise StorageClassError(
                f"storage class {self.name!r} holds {self.python_type}, "
                f"not {found.__module__}.{found.__qualname__}",
                hint="Convert the object, or use a dataset type of another storage class.",
                details={"storage_class": self.name, "type": f"{found.__module__}.{found.__qualname__}"},
            )

    def check_component(self, component: str) -> None:
        """Refuse a component that the storage class hasn't.

        Raises
        ------
        StorageClassError
        """
        if component not in self.components and component not in self.derived:
            self._refuse("component", component, [*self.components, *self.derived])

    def part(self, component: str) -> StorageClass:
        """Give the storage class of a component that may lie in a file of its own.

        Raises
        ------
        StorageClassError
            If there is none, also of one that is derived.
        """
        if component not in self.components:
            self._refuse("component", component, self.components)
        return storage_class(self.components[component])

    def check_parameters(self, component: str | None, parameters: Iterable[str]) -> None:
        """Refuse parameters that a read of the whole, or of the component, can't have.

        Raises
        ------
        StorageClassError
        """
        allowed = self.parameters
        if component is not None:
            part = self.components.get(component)
            allowed = storage_class(part).parameters if part else frozenset()
        for parameter in parameters:
            if parameter not in allowed:
                self._refuse("parameter", parameter, allowed, of=component)

    def _refuse(self, what: str, name: str, valid: Iterable[str], of: str | None = None) -> None:
        whose = f"component {of!r} of storage class" if of else "storage class"
        names = sorted(valid)
        raise StorageClassError(
            f"{whose} {self.name!r} has no {what} {name!r}",
            hint=nearest(name, names) if names else f"It has no {what}s.",
            details={"storage_class": self.name, what: name, "valid": names},
        )


class Delegate(ABC):
    """Takes objects of a composite storage class apart and puts them together."""

    @abstractmethod
    def disassemble(self, obj: Any) -> dict[str, Any]:
        """Components that the object has, by name.

        Raises
        ------
        StorageClassError
            If the object has parts that no component can hold.
        """

    @abstractmethod
    def assemble(self, components: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
        """Make the object.

        Parameters
        ----------
        components : `~collections.abc.Mapping`
            Those that exist. Each was read with the parameters that its own
            storage class knows.
        parameters : `~collections.abc.Mapping`
            All parameters of the read, to be applied to the other components.
        """


CORE = (
    StorageClass(
        "Exposure",
        "astropy.nddata.CCDData",
        "fits-exposure",
        components={
            "image": "Image",
            "unit": "PhysicalUnit",
            "mask": "Image",
            "flags": "Image",
            "uncertainty": "Uncertainty",
            "wcs": "Wcs",
            "metadata": "Header",
        },
        derived={"bbox": "image"},
        parameters=frozenset({"bbox"}),
        delegate="butler.datastore.exposure:ExposureDelegate",
    ),
    StorageClass(
        "Image", "numpy.ndarray", "fits-image", derived={"bbox": ""}, parameters=frozenset({"bbox"})
    ),
    StorageClass(
        "Uncertainty", "astropy.nddata.NDUncertainty", "fits-uncertainty", parameters=frozenset({"bbox"})
    ),
    StorageClass("PhysicalUnit", "astropy.units.UnitBase", "unit"),
    StorageClass("Wcs", "astropy.wcs.WCS", "fits-wcs"),
    StorageClass("Header", "astropy.io.fits.Header", "fits-header"),
    StorageClass("Table", "astropy.table.Table", "parquet", parameters=frozenset({"columns", "rows"})),
    StorageClass("DataFrame", "pandas.DataFrame", "parquet", parameters=frozenset({"columns", "rows"})),
    StorageClass("ArrowTable", "pyarrow.Table", "parquet", parameters=frozenset({"columns", "rows"})),
    StorageClass("Dict", "builtins.dict", "json"),
    StorageClass("List", "builtins.list", "json"),
    StorageClass("PropertyList", "builtins.dict", "json"),
    StorageClass("Packages", "builtins.dict", "json"),
    StorageClass("Text", "builtins.str", "text"),
    StorageClass("Bytes", "builtins.bytes", "bytes"),
)
"""Storage classes that come with Butler."""


def storage_class(name: str) -> StorageClass:
    """Look up a storage class.

    Raises
    ------
    StorageClassError
        If neither Butler nor an installed plug-in has one of that name.
    """
    known = _core()
    if name not in known:
        known = _all()
    if name not in known:
        raise StorageClassError(
            f"there is no storage class {name!r}", hint=nearest(name, known), details={"name": name}
        )
    return known[name]


@cache
def _core() -> dict[str, StorageClass]:
    return {each.name: each for each in CORE}


@cache
def _all() -> dict[str, StorageClass]:
    found = dict(_core())
    for entry in plugins("butler.storage_classes").values():
        defined = load_plugin(entry)
        if not isinstance(defined, Iterable) or not all(isinstance(each, StorageClass) for each in defined):
            raise ConfigError(
                f"plug-in {entry.name!r}: {entry.value} isn't a sequence of storage classes",
                hint=f"Its entry point in {entry.group!r} must name a tuple of StorageClass.",
                details={"group": entry.group, "name": entry.name},
            )
        for each in defined:
            if found.setdefault(each.name, each) != each:
                raise ConfigError(
                    f"plug-in {entry.name!r} defines storage class {each.name!r} a second time",
                    hint="Uninstall one of the packages, or rename its storage class.",
                )
    return found
