"""Writing datasets so that nothing can be half done.

The registry is asked first, and refuses what can be refused; then bytes are
written under a name that nobody reads; then the registry is told. No database
transaction is open while bytes move.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from butler.errors import (
    DatabaseUnavailableError,
    DatasetExistsError,
    DatasetNotFoundError,
    InvalidDataIdError,
)
from butler.values import Artifact, DataId, DatasetRef

if TYPE_CHECKING:
    from butler.datastore import Datastore
    from butler.quantum import Quantum
    from butler.registry.base import BegunPut, Registry

__all__ = ["ENVIRONMENT", "Writer", "ref_of"]

ENVIRONMENT = "run_environment"
"""The dataset type of what describes the process that made a run."""

_logger = logging.getLogger(__name__)


class Writer:
    """Puts objects and files into a registry and a datastore.

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

    def put(
        self,
        objects: Iterable[tuple[Any, Mapping[str, Any]]],
        dataset_type: str,
        run: str,
        quantum: Quantum | None = None,
    ) -> list[DatasetRef]:
        """File objects of one type: all of them or none; see `butler.Butler.put_many`."""
        pairs = list(objects)
        if not pairs:
            return []
        begun = self._begin(dataset_type, [data_id for _, data_id in pairs], run, quantum=quantum)
        inputs = [str(i) for i in quantum.inputs_read] if quantum else []
        written: dict[UUID, Sequence[Artifact]] = {}
        with self._abandoned_on_error(begun, written):
            for dataset, (obj, _) in zip(begun, pairs, strict=True):
                written[dataset.id] = ()
                written[dataset.id] = self._datastore.put(
                    obj,
                    dataset.id,
                    dataset.hint,
                    dataset.dataset_type.storage_class,
                    dataset_type,
                    _identity(dataset, inputs),
                )
            self._finish(written)
        if begun[0].needs_environment:
            self._describe_run(run, dataset_type)
        return [ref_of(dataset, written[dataset.id]) for dataset in begun]

    def _begin(
        self,
        dataset_type: str,
        data_ids: Sequence[Mapping[str, Any]],
        run: str,
        *,
        quantum: Quantum | None = None,
        skip_existing: bool = False,
    ) -> list[BegunPut]:
        """Begin to put; everything that can be refused before a byte is written is refused here."""
        self._refuse_component(dataset_type)
        storage_class = self._registry.dataset_type(dataset_type).storage_class
        return self._registry.begin_put(
            run,
            dataset_type,
            data_ids,
            template=self._datastore.template(dataset_type, storage_class),
            datastore=self._datastore.name,
            quantum_id=quantum.id if quantum else None,
            skip_existing=skip_existing,
        )

    @staticmethod
    def _refuse_component(dataset_type: str) -> None:
        if "." in dataset_type:
            raise InvalidDataIdError(
                f"{dataset_type} is a component; only whole datasets can be put",
                hint=f"Put {dataset_type.split('.')[0]}.",
            )

    def _finish(self, written: Mapping[UUID, Sequence[Artifact]], *, skip_existing: bool = False) -> bool:
        """Register what was written; say whether that is all of it."""

        def finish() -> bool:
            return self._registry.finish_put(written, skip_existing=skip_existing) == len(written)

        try:
            try:
                return finish()
            except DatabaseUnavailableError:
                return finish()  # perhaps only the answer was lost: a put ends once
        except DatasetNotFoundError as error:
            known = {intent.id for intent in self._registry.open_intents(timedelta(0))}
            unregistered = self._registry.abandon_put(list(written))
            if len(unregistered) < len(written):  # it was carried out the first time
                return not unregistered
            if not known.isdisjoint(written):
                raise
            raise DatabaseUnavailableError(
                "nobody knows any more that the put began: the server crashed while the bytes were written,"
                " or the put took so long that it was taken for dead; nothing was filed",
                hint="Put it again.",
                details=error.details,
            ) from error

    def _describe_run(self, run: str, filed: str) -> None:
        """Put a description of this process into a run that is new, unless another process was first.

        The dataset that was filed is safe by now, so that no failure of this may look like one of its.
        """
        if filed == ENVIRONMENT:
            return
        from butler.environment import describe_environment

        try:
            with suppress(DatasetExistsError):
                (ref,) = self.put([(describe_environment(), {})], ENVIRONMENT, run)
                self._registry.set_run_environment(run, ref.id)
        except Exception as error:
            _logger.warning("the environment of run %s isn't recorded: %s", run, error)

    @contextmanager
    def _abandoned_on_error(
        self, begun: Sequence[BegunPut], written: Mapping[UUID, Sequence[Artifact]]
    ) -> Iterator[None]:
        """Delete what was written and give the puts up, if anything goes wrong.

        What is being written has no artifacts yet, what hasn't been begun is in ``written`` not at all.
        """
        try:
            yield
        except BaseException:
            # If the database is gone, nobody knows what it registered: the bytes stay. Whatever is left
            # undone here, the intents stay too, and the reaper finds them later. What went wrong first is
            # told, not what it led to.
            with suppress(Exception):
                self._abandon(begun, written)
            raise

    def _abandon(self, begun: Sequence[BegunPut], written: Mapping[UUID, Sequence[Artifact]]) -> set[UUID]:
        """Give puts up, and delete what was written; give the ids of those that aren't registered."""
        unregistered = set(self._registry.abandon_put([dataset.id for dataset in begun]))
        for dataset in begun:
            if dataset.id in unregistered and dataset.id in written:
                self._discard(dataset, written[dataset.id])
        self._registry.forget_puts(list(unregistered))
        return unregistered

    def _discard(self, dataset: BegunPut, artifacts: Sequence[Artifact]) -> None:
        """Delete the bytes of a dataset, also those of which an interrupted write didn't tell."""
        if artifacts:
            self._datastore.remove(artifacts)
        else:
            self._datastore.discard(
                self._datastore.expected_paths(
                    dataset.id,
                    dataset.hint,
                    dataset.dataset_type.storage_class,
                    dataset.dataset_type.name,
                )
            )


def _identity(dataset: BegunPut, inputs: Sequence[str]) -> dict[str, Any]:
    return {
        "id": str(dataset.id),
        "dataset_type": dataset.dataset_type.name,
        "run": dataset.run,
        "data_id": dict(dataset.data_id),
        "inputs": list(inputs),
    }


def ref_of(dataset: BegunPut, artifacts: Sequence[Artifact]) -> DatasetRef:
    """Give the dataset that a put has made."""
    return DatasetRef(
        dataset.id, dataset.dataset_type, DataId(dataset.data_id), dataset.run, tuple(artifacts)
    )
