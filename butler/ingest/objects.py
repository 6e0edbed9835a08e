"""Putting objects of a program."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

from butler.arguments import items, refused
from butler.errors import DatasetExistsError, InvalidDataIdError
from butler.ingest.protocol import PutProtocol, ref_of
from butler.provenance.environment import ENVIRONMENT
from butler.values import Artifact, DatasetRef

if TYPE_CHECKING:
    from butler.datastore.interfaces import Datastore
    from butler.registry import Registry
    from butler.registry.interfaces.puts import BegunPut

__all__ = ["ObjectWriter"]

_logger = logging.getLogger(__name__)


class ObjectWriter:
    """Puts objects into a registry and a datastore.

    Parameters
    ----------
    registry : `~butler.registry.Registry`
        Where they are registered.
    datastore : `~butler.datastore.Datastore`
        Where their bytes go.
    """

    def __init__(self, registry: Registry, datastore: Datastore) -> None:
        self._registry = registry
        self._datastore = datastore
        self._protocol = PutProtocol(registry, datastore)

    def put(
        self,
        objects: Iterable[tuple[Any, Mapping[str, Any]]],
        dataset_type: str,
        run: str,
        *,
        quantum_id: int | None = None,
        inputs: Iterable[UUID] = (),
    ) -> list[DatasetRef]:
        """Put objects of one type: all of them or none; see `butler.Butler.put_many`.

        Parameters
        ----------
        objects : iterable of (object, `~collections.abc.Mapping`)
            Each with its data ID.
        dataset_type, run : `str`
            What they are, and where they go.
        quantum_id : `int`, optional
            The quantum that made them.
        inputs : iterable of `uuid.UUID`
            What they were made from, for the files to say.
        """
        pairs = items(objects, "objects", "pairs of an object and its data ID")
        for pair in pairs:
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                raise refused(
                    "one of objects", pair, "a pair", "Write (object, data ID) for each.", InvalidDataIdError
                )
        if not pairs:
            return []
        begun = self._protocol.begin(
            dataset_type, [data_id for _, data_id in pairs], run, quantum_id=quantum_id
        )
        made_from = [str(dataset_id) for dataset_id in inputs]
        written: dict[UUID, Sequence[Artifact]] = {}
        with self._protocol.abandoned_on_error(begun, written):
            for dataset, (obj, _) in zip(begun, pairs, strict=True):
                if written:  # of the first it was just looked at
                    self._protocol.roots.check()
                written[dataset.id] = ()
                written[dataset.id] = self._datastore.put(
                    obj,
                    dataset.id,
                    dataset.hint,
                    dataset.dataset_type.storage_class,
                    dataset_type,
                    _identity(dataset, made_from),
                )
            self._protocol.finish(written)
        if begun[0].needs_environment:
            self.describe_run(run, dataset_type)
        return [ref_of(dataset, written[dataset.id]) for dataset in begun]

    def describe_run(self, run: str, dataset_type: str) -> None:
        """Put a description of this process into a run that is new, unless another process was first.

        The dataset that was put, of this type, is safe by now, so that no failure of this may look like
        one of its.
        """
        if dataset_type == ENVIRONMENT:
            return
        from butler.provenance.environment import describe_environment

        try:
            with suppress(DatasetExistsError):
                (ref,) = self.put([(describe_environment(), {})], ENVIRONMENT, run)
                self._registry.provenance.set_environment(run, ref.id)
        except Exception as error:
            _logger.warning("the environment of run %s isn't recorded: %s", run, error)


def _identity(dataset: BegunPut, inputs: Sequence[str]) -> dict[str, Any]:
    return {
        "id": str(dataset.id),
        "dataset_type": dataset.dataset_type.name,
        "run": dataset.run,
        "data_id": dict(dataset.data_id),
        "inputs": list(inputs),
    }
