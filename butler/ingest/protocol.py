"""Writing datasets so that nothing can be half done.

The registry is asked first, and refuses what can be refused; then bytes are
written under a name that nobody reads; then the registry is told. No database
transaction is open while bytes move.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any
from uuid import UUID

from butler.arguments import name
from butler.datastore.interfaces import inventory_of
from butler.datastore.storage_classes import storage_class as find_storage_class
from butler.errors import (
    DatabaseUnavailableError,
    DatasetNotFoundError,
    InvalidDataIdError,
    NotSupportedError,
)
from butler.roots import Roots
from butler.values import Artifact, DatasetRef

if TYPE_CHECKING:
    from butler.datastore.interfaces import Datastore
    from butler.registry import Registry
    from butler.registry.interfaces.puts import BegunPut

__all__ = ["PutProtocol", "ref_of", "refuse_astray", "refuse_component"]


class PutProtocol:
    """The steps of a put, and the way back from each.

    Parameters
    ----------
    registry : `~butler.registry.Registry`
        Where datasets are registered.
    datastore : `~butler.datastore.Datastore`
        Where their bytes go.
    """

    def __init__(self, registry: Registry, datastore: Datastore) -> None:
        self._registry = registry
        self._datastore = datastore
        self.roots = Roots(registry, datastore)

    def begin(
        self,
        dataset_type: str,
        data_ids: Sequence[Mapping[str, Any]],
        run: str,
        *,
        quantum_id: int | None = None,
        skip_existing: bool = False,
    ) -> list[BegunPut]:
        """Begin to put; everything that can be refused before a byte is written is refused here."""
        refuse_component(dataset_type)
        self.roots.check()
        storage_class = self._registry.definitions.dataset_type(dataset_type).storage_class
        # Without its definition nobody could tell what a put that dies has written.
        find_storage_class(storage_class)
        return self._registry.puts.begin(
            run,
            dataset_type,
            data_ids,
            template=self._datastore.template(dataset_type, storage_class),
            datastore=self._datastore.name,
            quantum_id=quantum_id,
            skip_existing=skip_existing,
        )

    def finish(self, written: Mapping[UUID, Sequence[Artifact]], *, skip_existing: bool = False) -> bool:
        """Register what was written; say whether that is all of it.

        Raises
        ------
        NotSupportedError
            If an artifact isn't in the datastore that is written to: the registry would take it for one
            that is.
        """
        puts = self._registry.puts
        for artifact in chain.from_iterable(written.values()):
            refuse_astray(artifact, self._datastore.name)
        self.roots.check()

        def finish() -> bool:
            return puts.finish(written, skip_existing=skip_existing) == len(written)

        try:
            try:
                return finish()
            except DatabaseUnavailableError:
                return finish()  # perhaps only the answer was lost: a put ends once
        except DatasetNotFoundError as error:
            known = {put.id for put in puts.unfinished(timedelta(0))}
            unregistered = puts.abandon(list(written))
            if len(unregistered) < len(written):  # it was carried out the first time
                return not unregistered
            if not known.isdisjoint(written):
                raise
            raise DatabaseUnavailableError(
                "nobody knows any more that the put began: the server crashed while the bytes were written,"
                " or the put took so long that it was taken for dead; nothing was registered",
                hint="Put it again.",
                details=error.details,
            ) from error

    @contextmanager
    def abandoned_on_error(
        self, begun: Sequence[BegunPut], written: Mapping[UUID, Sequence[Artifact]]
    ) -> Iterator[None]:
        """Delete what was written and give the puts up, if anything goes wrong.

        What is being written has no artifacts yet, what hasn't been begun is in ``written`` not at all.
        """
        try:
            yield
        except BaseException:
            # If the database is gone, nobody knows what it registered: the bytes stay. Whatever is left
            # undone here, the puts stay begun, and the reaper finds them later. What went wrong first is
            # told, not what it led to.
            with suppress(Exception):
                self.abandon(begun, written)
            raise

    def abandon(self, begun: Sequence[BegunPut], written: Mapping[UUID, Sequence[Artifact]]) -> set[UUID]:
        """Give puts up, and delete what was written; give the ids of those that aren't registered.

        Where the root doesn't bear its mark any more they stay begun: what was written may lie elsewhere.
        """
        self.roots.check()
        unregistered = set(self._registry.puts.abandon([dataset.id for dataset in begun]))
        for dataset in begun:
            if dataset.id in unregistered and dataset.id in written:
                self._discard(dataset, written[dataset.id])
        self._registry.puts.forget(list(unregistered))
        return unregistered

    def _discard(self, dataset: BegunPut, artifacts: Sequence[Artifact]) -> None:
        """Delete the bytes of a dataset, also those of which an interrupted write didn't tell."""
        if artifacts:
            self._datastore.remove(artifacts)
            return
        inventory = inventory_of(self._datastore)
        if inventory is None:  # it has promised that a put which fails leaves nothing
            return
        inventory.discard(
            inventory.expected_paths(
                dataset.id, dataset.hint, dataset.dataset_type.storage_class, dataset.dataset_type.name
            )
        )


def refuse_astray(artifact: Artifact, datastore: str) -> None:
    """Refuse an artifact of another datastore than is written to: the registry would take it for one of that.

    Raises
    ------
    NotSupportedError
    """
    if artifact.datastore != datastore:
        raise NotSupportedError(
            f"{artifact.path!r} was put into datastore {artifact.datastore!r}, not into {datastore!r}",
            hint="A put goes to one datastore as yet: let it return artifacts of its own name.",
            details={"datastore": artifact.datastore, "path": artifact.path},
        )


def refuse_component(dataset_type: str) -> None:
    """Refuse to put a part of a dataset.

    Raises
    ------
    InvalidDataIdError
        If the dataset type names a component.
    """
    if "." in name(dataset_type, "dataset_type"):
        raise InvalidDataIdError(
            f"{dataset_type} is a component; only whole datasets can be put",
            hint=f"Put {dataset_type.split('.')[0]}.",
        )


def ref_of(dataset: BegunPut, artifacts: Sequence[Artifact]) -> DatasetRef:
    """Give the dataset that a put has made."""
    return DatasetRef(dataset.id, dataset.dataset_type, dataset.data_id, dataset.run, tuple(artifacts))
