"""Putting objects of a program."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from butler.arguments import items, refused
from butler.errors import DatasetExistsError, InvalidDataIdError
from butler.ingest.item import PutItem
from butler.ingest.protocol import PutProtocol
from butler.provenance.environment import ENVIRONMENT
from butler.values import DataId, DatasetRef

if TYPE_CHECKING:
    from butler.datastore.interfaces import Datastore
    from butler.datastore.lots import Lot

__all__ = ["ObjectWriter"]

_logger = logging.getLogger(__name__)

_LARGE = 1 << 20
"""Bytes from which on it takes longer to write objects than to ask whether they would be refused."""

_SMALL = frozenset({bool, int, float, type(None)})
"""What the values of a document mostly are."""


class ObjectWriter:
    """Puts objects into a registry and a datastore.

    Parameters
    ----------
    protocol : `~butler.ingest.protocol.PutProtocol`
        How.
    """

    def __init__(self, protocol: PutProtocol) -> None:
        self.protocol = protocol

    def put(
        self, objects: Iterable[tuple[Any, Mapping[str, Any]]], dataset_type: str, run: str
    ) -> list[DatasetRef]:
        """Put objects of one type: all of them or none; see `butler.Butler.put_many`.

        Parameters
        ----------
        objects : iterable of (object, `~collections.abc.Mapping`)
            Each with its data ID.
        dataset_type, run : `str`
            What they are, and where they go.
        """
        written = self.write(objects, dataset_type, run)
        if not written:
            return []
        with self.protocol.undone_on_error(written):
            self.protocol.put(written)
        self.describe_run(run, dataset_type)
        return [item.ref for item in written]

    def write(
        self,
        objects: Iterable[tuple[Any, Mapping[str, Any]]],
        dataset_type: str,
        run: str,
        inputs: Iterable[UUID] = (),
        lot: Lot[Datastore] | None = None,
    ) -> list[PutItem]:
        """Write objects of one type, which aren't datasets by that: all of them or none.

        Parameters
        ----------
        objects, dataset_type, run : as for `put`
            Which.
        inputs : iterable of `uuid.UUID`
            What they were made from, for the files to say.
        lot : `~butler.datastore.lots.Lot`, optional
            To write them in, with others; by default they are one by themselves.
        """
        pairs = items(objects, "objects", "pairs of an object and its data ID")
        for pair in pairs:
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                raise refused(
                    "one of objects", pair, "a pair", "Write (object, data ID) for each.", InvalidDataIdError
                )
        if not pairs:
            return []
        protocol = self.protocol
        prepared = protocol.prepare(
            dataset_type,
            [data_id for _, data_id in pairs],
            run,
            ask=sum(_size_of(obj) for obj, _ in pairs) >= _LARGE,
        )
        lot = lot or protocol.lot_of(len(prepared))
        made_from = [str(dataset_id) for dataset_id in inputs]
        with protocol.undone_on_error(prepared):
            for item, (obj, _) in zip(prepared, pairs, strict=True):
                if item is not prepared[0]:  # for which it was just looked at
                    protocol.roots.check()
                with item.being_written(lot):
                    item.artifacts = lot.writer.put(
                        obj,
                        item.id,
                        item.hint,
                        item.dataset_type.storage_class,
                        dataset_type,
                        _identity(item, made_from),
                    )
        return prepared

    def lot(self) -> Lot[Datastore]:
        """Begin a lot of the datastore: `tell` flushes it."""
        return self.protocol.datastore.lot()

    def flush(self, written: Sequence[PutItem]) -> None:
        """Make what was written durable before the registry is told of it: all of it, or none is left."""
        with self.protocol.undone_on_error(written):
            self.protocol.flush(written)

    def tell(
        self,
        written: Sequence[PutItem],
        told: Callable[[Sequence[DatasetRef], Mapping[str, str]], object],
    ) -> None:
        """Tell the registry of what was written; see `butler.ingest.protocol.PutProtocol.tell`."""
        self.protocol.tell(written, told)

    def discard(self, written: Sequence[PutItem]) -> None:
        """Delete what was written; see `butler.ingest.protocol.PutProtocol.discard`."""
        self.protocol.discard(written)

    def complete(self, dataset_type: str, data_id: Mapping[str, Any], run: str) -> DataId:
        """Complete a data ID; see `butler.ingest.protocol.PutProtocol.complete`."""
        return self.protocol.complete(dataset_type, data_id, run)

    def describe_run(self, run: str, dataset_type: str) -> None:
        """Put a description of this process into a run that has none, unless another process is first.

        The dataset that was put, of this type, is safe by now, so that no failure of this may look like
        one of its.
        """
        if dataset_type == ENVIRONMENT:
            return
        from butler.provenance.environment import describe_environment

        try:
            if not self.protocol.is_to_describe(run):
                return
            with suppress(DatasetExistsError):
                (ref,) = self.put([(describe_environment(), {})], ENVIRONMENT, run)
                self.protocol.registry.provenance.set_environment(run, ref.id)
        except Exception as error:
            _logger.warning("the environment of run %s isn't recorded: %s", run, error)


def _identity(item: PutItem, inputs: Sequence[str]) -> dict[str, Any]:
    return {
        "id": str(item.id),
        "dataset_type": item.dataset_type.name,
        "run": item.run,
        "data_id": dict(item.data_id),
        "inputs": list(inputs),
    }


def _size_of(obj: Any, depth: int = 2) -> int:
    """Give about how many bytes an object takes, as far as what it is made of says so."""
    if type(obj) in _SMALL:
        return 0
    if isinstance(obj, (bytes, str)):
        return len(obj)
    if isinstance(size := getattr(obj, "nbytes", None), int):
        return size
    parts: Iterable[Any] = ()
    if depth > 0:
        if isinstance(obj, Mapping):
            parts = obj.values()
        elif is_dataclass(obj):
            parts = [getattr(obj, field.name) for field in fields(obj)]
        elif isinstance(columns := getattr(obj, "columns", None), Mapping):
            parts = columns.values()
        elif (data := getattr(obj, "data", None)) is not None:
            parts = [data]
    return sum(_size_of(part, depth - 1) for part in parts)
