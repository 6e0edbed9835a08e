"""Writing datasets so that nothing can be half done.

The registry is asked first, and refuses what can be refused; then bytes are
written under a name that nobody reads; then the registry is told. No database
transaction is open while bytes move.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from butler.errors import (
    ArtifactMissingError,
    ButlerError,
    DatabaseUnavailableError,
    DatasetExistsError,
    InvalidDataIdError,
    NotSupportedError,
)
from butler.values import Artifact, DataId, DatasetRef

if TYPE_CHECKING:
    from butler.datastore import Datastore
    from butler.quantum import Quantum
    from butler.registry.base import BegunPut, Registry

__all__ = ["Writer"]

ENVIRONMENT = "run_environment"

_logger = logging.getLogger(__name__)


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
            self._finish(written)
        self._describe_run(begun[0])
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
            if mode == "move":
                self._refuse_others_files(begun, [file for file, _ in pairs])
            for dataset, (file, _) in zip(begun, pairs, strict=True):
                if dataset.there_already:
                    refs[dataset.id] = self._same_file(file, dataset, mode)
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
                self._finish(written)
        if new:
            self._describe_run(new[0])
        if mode == "move":
            for dataset, (file, _) in zip(begun, pairs, strict=True):
                self._datastore.finish_move(file, refs[dataset.id].artifacts)
        return [refs[dataset.id] for dataset in begun]

    def _same_file(self, file: Path, dataset: BegunPut, mode: str) -> DatasetRef:
        """Look up a dataset that is there, and refuse a file that isn't the one it was made of."""
        from butler.datastore.fingerprint import fingerprint, regular_file

        ref = self._registry.get_dataset(dataset.id)
        try:
            regular_file(file)
        except ArtifactMissingError:
            if mode == "move":  # finished by an earlier run of the same
                return ref
            raise
        if fingerprint(file).sha256 not in {artifact.sha256 for artifact in ref.artifacts}:
            raise DatasetExistsError(
                f"{file} is not the file that run {ref.run} has as {ref.dataset_type.name}"
                f" with {ref.data_id}: dataset {ref.id}",
                hint="Datasets never change: ingest it into another run.",
                details={"file": str(file), "existing": str(ref.id)},
            )
        return ref

    def _refuse_others_files(self, begun: Sequence[BegunPut], files: Sequence[Path]) -> None:
        """Refuse to move files that are, where they lie, the bytes of other datasets."""
        from butler.datastore.paths import file_uri

        of = {
            file_uri(name): dataset.id
            for file, dataset in zip(files, begun, strict=True)
            for name in (file, file.resolve())
        }
        rows = self._registry.query(
            "SELECT path, dataset_id FROM artifact WHERE datastore = :datastore AND path = ANY(:uris)",
            {"datastore": self._datastore.name, "uris": list(of)},
        )
        for row in rows:
            if UUID(str(row.dataset_id)) != of[row.path]:
                raise NotSupportedError(
                    f"{row.path} can't be moved: it is dataset {row.dataset_id}, ingested in place",
                    hint="Ingest it with mode 'copy' or 'hardlink'.",
                    details={"uri": row.path, "dataset_id": str(row.dataset_id)},
                )

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

    def _finish(self, written: Mapping[UUID, Sequence[Artifact]]) -> None:
        """Register what was written."""
        try:
            self._registry.finish_put(written)
        except DatabaseUnavailableError:
            # Perhaps only the answer was lost.
            if self._registry.abandon_put(list(written)):
                raise

    def _describe_run(self, filed: BegunPut) -> None:
        """Put a description of this process into a run that is new, unless another process was first.

        The dataset that was filed is safe by now, so that no failure of this may look like one of its.
        """
        if not filed.needs_environment or filed.dataset_type.name == ENVIRONMENT:
            return
        from butler.environment import describe_environment

        try:
            with suppress(DatasetExistsError):
                (ref,) = self.put([(describe_environment(), {})], ENVIRONMENT, filed.run)
                self._registry.set_run_environment(filed.run, ref.id)
        except Exception as error:
            _logger.warning("the environment of run %s isn't recorded: %s", filed.run, error)

    @contextmanager
    def _abandoned_on_error(
        self, begun: Sequence[BegunPut], written: Mapping[UUID, Sequence[Artifact]]
    ) -> Iterator[None]:
        """Delete what was written and give the puts up, if anything goes wrong."""
        try:
            yield
        except BaseException:
            # If the database is gone, nobody knows what it registered: the bytes stay. Whatever is left
            # undone here, the intents stay too, and the reaper finds them later.
            with suppress(ButlerError, OSError):
                unregistered = set(self._registry.abandon_put([dataset.id for dataset in begun]))
                for dataset in begun:
                    if dataset.id in unregistered:
                        self._discard(dataset, written)
                    if dataset.id not in written:
                        break  # they are written in order
                self._registry.forget_puts(list(unregistered))
            raise

    def _discard(self, dataset: BegunPut, written: Mapping[UUID, Sequence[Artifact]]) -> None:
        """Delete the bytes of a dataset, also those of which an interrupted write didn't tell."""
        if dataset.id in written:
            self._datastore.remove(written[dataset.id])
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


def _ref(dataset: BegunPut, artifacts: Sequence[Artifact]) -> DatasetRef:
    return DatasetRef(
        dataset.id, dataset.dataset_type, DataId(dataset.data_id), dataset.run, tuple(artifacts)
    )
