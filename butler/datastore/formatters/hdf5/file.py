"""HDF5 files as a whole: what may be opened in them, how arrays lie, and what they say of themselves.

Only what carries checksums is written: arrays in chunks with Fletcher-32, and
groups and attributes in the layout of HDF5 1.10, where all of them do. Text
is an array of bytes, for HDF5 keeps strings of variable length without. So a
part is checked when it is read, and nothing else need be.

A file never leads to another: links, virtual arrays and arrays with
external storage are refused, and so are references and what else `h5py` gives
back as Python objects.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from butler.datastore.formatters.content import beginning, not_of_its_format
from butler.datastore.formatters.packing import check_expansion
from butler.errors import FormatError

__all__ = ["SIGNATURE", "Hdf5Reader", "Hdf5Writer", "create_hdf5", "open_hdf5"]

SIGNATURE = b"\x89HDF\r\n\x1a\n"

_VERSION = 1
_FORMAT = "butler_format"
_INPUTS = "butler_inputs"
_MORE = "butler_more"
_PLAIN = {
    "id": "butler_id",
    "dataset_type": "butler_dataset_type",
    "run": "butler_run",
    "component": "butler_component",
}
_DATA_ID = "butler_data_id"
_LAYOUT = "v110"
_GROWTH = 1 << 24
_CHUNK = 1 << 16
_SIDE = 1 << 8
_PIXELS = "biufc"
_TEXTS = "S"


class Hdf5Writer:
    """One group of a file that is being written.

    Parameters
    ----------
    group : `h5py.Group`
        The group.
    deflate : `bool`
        Whether arrays are compressed.
    """

    def __init__(self, group: Any, deflate: bool) -> None:
        self._group = group
        self._deflate = deflate

    def group(self, name: str) -> Hdf5Writer:
        """Make a group in it."""
        return Hdf5Writer(self._group.create_group(name), self._deflate)

    def attribute(self, name: str, value: str | int) -> None:
        """Say something of the group."""
        _set_attribute(self._group, name, value)

    def array(self, name: str, array: Any, **attributes: str) -> None:
        """Write a `numpy.ndarray` of one axis or more, in the computer's own byte order."""
        options: dict[str, Any] = {}
        if array.size:
            options = {"chunks": _chunks(array.shape), "fletcher32": True}
            if self._deflate:
                options |= {"compression": "gzip", "compression_opts": 1, "shuffle": True}
        dataset = self._group.create_dataset(name, data=array, dtype=array.dtype.newbyteorder("="), **options)
        for key, value in attributes.items():
            _set_attribute(dataset, key, value)

    def content(self, name: str, content: bytes) -> None:
        """Write bytes."""
        import numpy as np

        self.array(name, np.frombuffer(content, np.uint8))


class Hdf5Reader:
    """One group of a file.

    Parameters
    ----------
    group : `h5py.Group`
        The group.
    path : `~pathlib.Path`
        The file, for messages.
    """

    def __init__(self, group: Any, path: Path) -> None:
        self._group = group
        self._path = path

    def __contains__(self, name: str) -> bool:
        # Not h5py's own test, which would follow a link to see where it ends.
        return bool(self._group.id.links.exists(name.encode()))

    @property
    def ours(self) -> bool:
        """Whether Butler wrote the file."""
        return _FORMAT in self._group.attrs

    def group(self, name: str) -> Hdf5Reader:
        """A group in it."""
        import h5py

        return Hdf5Reader(self._member(name, h5py.Group), self._path)

    def number(self, name: str) -> int:
        """A number that `attribute` wrote."""
        return int(self._group.attrs[name])

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of an array, which isn't read."""
        return tuple(self._array(name, _PIXELS).shape)

    def array(self, name: str, wanted: tuple[slice, ...] = ()) -> Any:
        """Read an array, or a section of it.

        Parameters
        ----------
        name : `str`
            Its name.
        wanted : `tuple` [`slice`], optional
            Of the first axes.

        Returns
        -------
        array : `numpy.ndarray`
            In the computer's own byte order.

        Raises
        ------
        FormatError
            If its bytes aren't those that were written, or lie in another
            file, or would unpack to more than they can.
        """
        return self._read(self._array(name, _PIXELS), wanted)

    def texts(self, name: str) -> list[bytes]:
        """Read an array of texts of one length, without what fills them up."""
        texts: list[bytes] = self._read(self._array(name, _TEXTS)).tolist()
        return texts

    def _read(self, dataset: Any, wanted: tuple[slice, ...] = ()) -> Any:
        sizes = [len(range(*each.indices(size))) for each, size in zip(wanted, dataset.shape, strict=False)]
        selected = math.prod([*sizes, *dataset.shape[len(sizes) :]])
        unpacked = max(selected, math.prod(dataset.chunks or (0,))) * dataset.dtype.itemsize
        check_expansion(self._path, repr(dataset.name), unpacked, dataset.id.get_storage_size())
        array = dataset[wanted]
        return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))

    def attributes(self, name: str) -> dict[str, str]:
        """Texts that were written with an array."""
        dataset = self._array(name, _PIXELS)
        return {key: _attribute(dataset, key) for key in dataset.attrs}

    def content(self, name: str) -> bytes:
        """Read bytes."""
        content: bytes = self.array(name).tobytes()
        return content

    def only_array(self) -> str:
        """Name of the array, in a file of others that holds one and nothing else that could be it."""
        import h5py

        arrays: list[str] = [
            name
            for name in self._group
            if self._is_hard(name)
            and isinstance(self._group[name], h5py.Dataset)
            and self._group[name].dtype.kind in _PIXELS
        ]
        if len(arrays) != 1:
            raise self._refuse(f"Butler didn't write it, and it has {len(arrays)} arrays rather than one")
        return arrays[0]

    def refuse_foreign(self) -> None:
        """Refuse a file that Butler didn't write."""
        if not self.ours:
            raise self._refuse("Butler didn't write it, so what is what in it isn't known")

    def refuse_links(self) -> None:
        """Refuse a file with links of which somebody may think that they hold data."""
        import h5py

        def look(name: bytes, link: Any) -> bytes | None:
            return None if link.type == h5py.h5l.TYPE_HARD else name

        linked = self._group.id.links.visit(look, info=True)
        if linked is not None:
            raise self._refuse(
                f"{linked.decode(errors='replace')!r} is a link, which may lead to another file"
            )

    def identity(self) -> dict[str, Any] | None:
        """What the file says of itself."""
        if not self.ours:
            return None
        identity: dict[str, Any] = {
            key: _attribute(self._group, name) for key, name in _PLAIN.items() if name in self._group.attrs
        }
        if _DATA_ID in self._group.attrs:
            identity["data_id"] = json.loads(_attribute(self._group, _DATA_ID))
        if _MORE in self:
            identity |= json.loads(self.content(_MORE))
        if _INPUTS in self:
            identity["inputs"] = [each.decode() for each in self.texts(_INPUTS)]
        return identity

    def _array(self, name: str, codes: str) -> Any:
        import h5py

        dataset = self._member(name, h5py.Dataset)
        if dataset.is_virtual or dataset.external:
            raise self._refuse(f"the data of {name!r} lie in another file")
        if dataset.shape is None or dataset.dtype.kind not in codes:
            what = "texts" if codes == _TEXTS else "numbers"
            raise self._refuse(f"{name!r} isn't an array of {what}")
        return dataset

    def _member(self, name: str, wanted: type) -> Any:
        if name not in self:
            raise self._refuse(f"it has no {name!r}")
        if not self._is_hard(name):
            raise self._refuse(_leads_away(name))
        member = self._group[name]
        if not isinstance(member, wanted):
            raise self._refuse(f"{name!r} isn't a {wanted.__name__.lower()}")
        return member

    def _is_hard(self, name: str) -> bool:
        import h5py

        return bool(self._group.id.links.get_info(name.encode()).type == h5py.h5l.TYPE_HARD)

    def _refuse(self, why: str) -> FormatError:
        return FormatError(
            f"{str(self._path)!r} can't be read as HDF5: {why}",
            hint="The file is damaged, or not of this layout.",
            details={"file": str(self._path)},
        )


@contextmanager
def create_hdf5(path: Path, identity: Mapping[str, Any], *, deflate: bool) -> Iterator[Hdf5Writer]:
    """Make a file that says what it is.

    It grows in memory and is written in one go: when a disk is full, HDF5
    says so too late, and doesn't recover.

    Yields
    ------
    root : `Hdf5Writer`
    """
    import h5py
    import numpy as np

    in_memory = {"driver": "core", "backing_store": False, "block_size": _GROWTH}
    with h5py.File(path, "w", libver=(_LAYOUT, _LAYOUT), **in_memory) as file:
        root = Hdf5Writer(file, deflate)
        root.attribute(_FORMAT, _VERSION)
        for key, name in _PLAIN.items():
            if key in identity:
                root.attribute(name, str(identity[key]))
        if "data_id" in identity:
            root.attribute(_DATA_ID, json.dumps(dict(identity["data_id"])))
        if identity.get("inputs"):
            root.array(_INPUTS, np.array([str(each).encode() for each in identity["inputs"]]))
        more = {key: identity[key] for key in identity if key not in {*_PLAIN, "data_id", "inputs"}}
        if more:
            root.content(_MORE, json.dumps(more).encode())
        yield root
        file.flush()
        path.write_bytes(file.id.get_file_image())


@contextmanager
def open_hdf5(path: Path) -> Iterator[Hdf5Reader]:
    """Open a file.

    Yields
    ------
    root : `Hdf5Reader`

    Raises
    ------
    FormatError
        If it doesn't begin as HDF5 files do.
    """
    import h5py

    start = beginning(path)
    if not start.startswith(SIGNATURE):
        raise not_of_its_format(str(path), start, "HDF5")
    # Files never change, and a lock fails on file systems that are mounted to be read.
    with h5py.File(path, "r", locking=False) as file:
        yield Hdf5Reader(file, path)


def _leads_away(name: str) -> str:
    return f"{name!r} is a link, which may lead to another file"


def _chunks(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Chunks of 65536 elements, square in the last two axes where the array allows it."""
    if len(shape) == 1:
        return (min(_CHUNK, shape[0]),)
    rows = min(_SIDE, shape[-2])
    columns = min(_CHUNK // rows, shape[-1]) if rows < _SIDE else min(_SIDE, shape[-1])
    rows = min(_CHUNK // columns, shape[-2])
    left = _CHUNK // (rows * columns)
    planes: list[int] = []
    for size in reversed(shape[:-2]):
        planes.insert(0, max(min(size, left), 1))
        left //= planes[0]
    return (*planes, rows, columns)


def _set_attribute(owner: Any, name: str, value: str | int) -> None:
    import h5py

    if isinstance(value, int):
        owner.attrs[name] = value
        return
    encoded = value.encode()
    # Of fixed length: those of variable length have no checksum.
    owner.attrs.create(name, encoded, dtype=h5py.string_dtype("utf-8", max(len(encoded), 1)))


def _attribute(owner: Any, name: str) -> str:
    if owner.attrs.get_id(name).dtype.kind != "S":
        raise ValueError(f"the attribute {name!r} isn't text of fixed length")
    value = owner.attrs[name]
    return value.decode() if isinstance(value, bytes) else str(value)
