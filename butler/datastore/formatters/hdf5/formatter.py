"""Every core storage class in HDF5, and any other that consists of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from butler.datastore.formatters.base import Formatter
from butler.datastore.formatters.boxes import whole_box
from butler.datastore.formatters.hdf5.codecs import CODECS, codec
from butler.datastore.formatters.hdf5.file import SIGNATURE, Hdf5Reader, create_hdf5, open_hdf5
from butler.datastore.storage_classes import StorageClass
from butler.datastore.storage_classes import storage_class as find_storage_class

__all__ = ["Hdf5Formatter"]

_WHOLE = "data"


class Hdf5Formatter(Formatter):
    """Any core storage class; of one with components, each under its name.

    An object without components is the member ``data``. Arrays lie in chunks,
    so that a section, a column or some rows are read alone. Of files that
    others wrote an `Image` is read: the only array that there is.
    """

    name = "hdf5"
    extensions = (".h5", ".hdf5", ".hdf")
    storage_classes = frozenset({*CODECS, "Exposure"})
    signatures = (SIGNATURE,)
    detects_damage = True
    compressions = ("gzip",)

    _deflate = False

    def compressed(self, compression: str) -> Self:
        """Write arrays compressed chunk by chunk."""
        if compression not in self.compressions:
            return super().compressed(compression)
        other = type(self)()
        other._deflate = True
        return other

    def write(self, obj: Any, path: Path, identity: Mapping[str, Any], *, storage_class: str) -> None:
        """Write all components that the object has, or the object."""
        whole = find_storage_class(storage_class)
        parts = whole.load_delegate().disassemble(obj) if whole.components else {_WHOLE: obj}
        with create_hdf5(path, identity, deflate=self._deflate) as root:
            for name, part in parts.items():
                codec(whole.components.get(name, storage_class)).write(root, name, part)

    def read(
        self, path: Path, *, storage_class: str, component: str | None, parameters: Mapping[str, Any]
    ) -> Any:
        """Read the whole or a component, or a part of either."""
        whole = find_storage_class(storage_class)
        with open_hdf5(path) as root:
            if not whole.components:
                return _read_whole(root, storage_class, component, parameters)
            root.refuse_foreign()
            if component is not None:
                return _read_component(root, whole, component, parameters)
            parts = {
                name: _read_component(root, whole, name, parameters)
                for name in whole.components
                if name in root
            }
            return whole.load_delegate().assemble(parts, parameters)

    def validate(self, path: Path) -> None:
        """Refuse what isn't HDF5, or leads to other files."""
        with open_hdf5(path) as root:
            root.refuse_links()

    def identify(self, path: Path) -> dict[str, Any] | None:
        """Read the attributes of the root group."""
        with open_hdf5(path) as root:
            return root.identity()


def _read_whole(
    root: Hdf5Reader, storage_class: str, component: str | None, parameters: Mapping[str, Any]
) -> Any:
    if storage_class == "Image":
        name = _WHOLE if root.ours else root.only_array()
        return whole_box(root.shape(name)) if component else codec(storage_class).read(root, name, parameters)
    root.refuse_foreign()
    return codec(storage_class).read(root, _WHOLE, parameters)


def _read_component(
    root: Hdf5Reader, whole: StorageClass, component: str, parameters: Mapping[str, Any]
) -> Any:
    source = whole.derived.get(component, component)
    if source not in root:
        return None
    if source != component:
        return whole_box(root.shape(source))
    part = whole.components[component]
    known = find_storage_class(part).parameters & parameters.keys()
    return codec(part).read(root, component, {key: parameters[key] for key in known})
