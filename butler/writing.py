"""Writing datasets so that nothing can be half done.

The registry is asked first, and refuses what can be refused; then bytes are
written under a name that nobody reads; then the registry is told. No database
transaction is open while bytes move.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from butler.errors import ButlerError, DatabaseUnavailableError, DatasetExistsError, InvalidDataIdError
from butler.values import Artifact, DataId, DatasetRef, DatasetType

if TYPE_CHECKING:
    from butler.datastore import Datastore
    from butler.quantum import Quantum
    from butler.registry.base import BegunPut, Registry

__all__ = ["Writer"]

ENVIRONMENT = DatasetType(
    "run_environment", "Dict", (), "Host, Python and packages of the process that first used a run."
)


class Writer:
    """Puts objects and files into a registry and a datastore.

    Parameters
    ----------
    registry : `~butler.registry.base.Registry`
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
                written[dataset.id] = self._datastore.put(
                    obj,
                    dataset.id,
                    dataset.hint,
                    dataset.dataset_type.storage_class,
                    dataset_type,
                    _identity(dataset, inputs),
                )
            self._finish(begun, written)
        return [_ref(dataset, written[dataset.id]) for dataset in begun]

    def ingest(
        self,
        files: Iterable[tuple[Path | str, Mapping[str, Any]]],
        dataset_type: str,
        run: str,
        mode: str,
        formatter: str | None,
    ) -> list[DatasetRef]:
        """File files of one type: all of them or none; see `butler.Butler.ingest`."""
        pairs = [(Path(file), data_id) for file, data_id in files]
        if not pairs:
            return []
        begun = self._begin(dataset_type, [data_id for _, data_id in pairs], run, skip_existing=True)
        new = [d for d in begun if not d.there_already]
        refs: dict[UUID, DatasetRef] = {}
        written: dict[UUID, Sequence[Artifact]] = {}
        with self._abandoned_on_error(new, written):
            for dataset, (file, _) in zip(begun, pairs, strict=True):
                if dataset.there_already:
                    refs[dataset.id] = self._same_file(file, dataset)
                else:
                    written[dataset.id] = self._datastore.ingest(
                        file,
                        dataset.id,
                        dataset.hint,
                        dataset.dataset_type.storage_class,
                        dataset_type,
                        mode,
                        formatter,
                    )
                    refs[dataset.id] = _ref(dataset, written[dataset.id])
            if written:
                self._finish(new, written)
        if mode == "move":
            for dataset, (file, _) in zip(begun, pairs, strict=True):
                self._datastore.finish_move(file, refs[dataset.id].artifacts)
        return [refs[dataset.id] for dataset in begun]

    def _same_file(self, file: Path, dataset: BegunPut) -> DatasetRef:
        """Look up a dataset that is there, and refuse a file that isn't the one it was made of."""
        import hashlib

        ref = self._registry.get_dataset(dataset.id)
        with file.open("rb") as opened:
            sha256 = hashlib.file_digest(opened, "sha256").digest()
        if sha256 not in {artifact.sha256 for artifact in ref.artifacts}:
            raise DatasetExistsError(
                f"{file} is not the file that run {ref.run} has as {ref.dataset_type.name}"
                f" with {ref.data_id}: dataset {ref.id}",
                hint="Datasets never change: ingest it into another run.",
                details={"file": str(file), "existing": str(ref.id)},
            )
        return ref

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
        if "." in dataset_type:
            raise InvalidDataIdError(
                f"{dataset_type} is a component; only whole datasets can be put",
                hint=f"Put {dataset_type.split('.')[0]}.",
            )
        storage_class = self._storage_class(dataset_type)

        return self._registry.begin_put(
            run,
            dataset_type,
            data_ids,
            template=self._datastore.template(dataset_type, storage_class),
            datastore=self._datastore.name,
            quantum_id=quantum.id if quantum else None,
            skip_existing=skip_existing,
        )

    def _finish(self, begun: Sequence[BegunPut], written: Mapping[UUID, Sequence[Artifact]]) -> None:
        """Register what was written; describe the process if the run is new to everybody."""
        try:
            self._registry.finish_put(written)
        except DatabaseUnavailableError:
            # Perhaps only the answer was lost.
            if self._registry.abandon_put(list(written)):
                raise
        if begun[0].needs_environment and begun[0].dataset_type.name != ENVIRONMENT.name:
            self._record_environment(begun[0].run)

    def _storage_class(self, dataset_type: str) -> str:
        return (
            ENVIRONMENT.storage_class
            if dataset_type == ENVIRONMENT.name
            else self._registry.dataset_type(dataset_type).storage_class
        )

    def _record_environment(self, run: str) -> None:
        """Put a description of this process into a run, unless another process was first."""
        from butler.environment import describe_environment

        self._registry.register_dataset_type(ENVIRONMENT)
        with suppress(DatasetExistsError):
            (ref,) = self.put([(describe_environment(), {})], ENVIRONMENT.name, run)
            self._registry.set_run_environment(run, ref.id)

    @contextmanager
    def _abandoned_on_error(
        self, begun: Sequence[BegunPut], written: Mapping[UUID, Sequence[Artifact]]
    ) -> Iterator[None]:
        """Delete what was written and give the puts up, if anything goes wrong."""
        try:
            yield
        except BaseException:
            # If the database is gone, nobody knows what it registered: the bytes stay, and the reaper
            # finds the intents later.
            with suppress(ButlerError):
                for dataset_id in self._registry.abandon_put([dataset.id for dataset in begun]):
                    self._datastore.remove(written.get(dataset_id, ()))
            raise


def _identity(dataset: BegunPut, inputs: Sequence[str]) -> dict[str, Any]:
    return {
        "id": str(dataset.id),
        "dataset_type": dataset.dataset_type.name,
        "run": dataset.run,
        "data_id": dict(dataset.data_id),
        "inputs": list(inputs),
    }


def _ref(dataset: BegunPut, artifacts: Sequence[Artifact]) -> DatasetRef:
    return DatasetRef(
        dataset.id, dataset.dataset_type, DataId(dataset.data_id), dataset.run, tuple(artifacts)
    )
