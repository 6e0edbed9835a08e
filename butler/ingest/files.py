"""Taking in files that exist: copied, moved, linked, or left where they lie.

Where bytes are written, the registry is asked before and told after, as for
objects; files that stay in place are filed by `InPlaceFiler`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

from butler.datastore.fingerprint import fingerprint, regular_file
from butler.datastore.paths import file_uri
from butler.errors import ArtifactMissingError, ButlerError, DatasetExistsError, NotSupportedError
from butler.concurrency import THREADS, looking_ahead
from butler.registry.base import BegunPut
from butler.values import Artifact, DatasetRef
from butler.writing.in_place import InPlaceFiler
from butler.writing.intake import GivenFile, Intake, TakenFile, differs, refs_of
from butler.writing.objects import Writer, ref_of

__all__ = ["FileWriter"]

_ATTEMPTS = 3


class _OvertakenError(DatasetExistsError):
    """Another process filed one of the datasets since they began."""


class FileWriter(Writer):
    """Puts objects and files into a registry and a datastore."""

    def take(self, files: Sequence[GivenFile], intake: Intake) -> list[TakenFile | ButlerError]:
        """File files of one type.

        Parameters
        ----------
        files : sequence of `GivenFile`
            The files.
        intake : `Intake`
            How.

        Returns
        -------
        taken : `list` [`TakenFile` or `~butler.errors.ButlerError`]
            What became of each, in their order; errors only if the intake
            isn't strict.

        Raises
        ------
        ButlerError
            If the intake is strict, for any file; else for what concerns all
            of them, or one that can't be told.
        """
        if not files:
            return []
        self._refuse_component(intake.dataset_type)
        if intake.mode == "in-place":
            filer = InPlaceFiler(self._registry, self._datastore, files, intake)
            taken = filer.take()
            if filer.needs_environment():
                self._describe_run(intake.run, intake.dataset_type)
            return taken
        for attempt in range(_ATTEMPTS):
            try:
                return self._take_written(files, intake)
            except _OvertakenError:
                # Nothing of it is left; what overtook it is there now, and is compared.
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    # Files whose bytes are written -----------------------------------------

    def _take_written(self, files: Sequence[GivenFile], intake: Intake) -> list[TakenFile | ButlerError]:
        begun = self._begin(
            intake.dataset_type, [file.labels for file in files], intake.run, skip_existing=True
        )
        new = [dataset for dataset in begun if not dataset.there_already]
        there = refs_of(
            self._registry,
            begun[0].dataset_type,
            intake.run,
            {dataset.id: dataset.data_id for dataset in begun if dataset.there_already},
        )
        claimed = self._claimed(files) if intake.mode == "move" else {}
        written: dict[UUID, Sequence[Artifact]] = {}

        def take(place: int) -> TakenFile | ButlerError:
            dataset, file = begun[place], files[place]
            try:
                for uri in _uris(file.path):
                    if claimed.get(uri, dataset.id) != dataset.id:
                        raise _belongs_to_another(uri, claimed[uri])
                if dataset.there_already:
                    return _compared(file.path, there[dataset.id], intake)
                written[dataset.id] = ()
                written[dataset.id] = self._datastore.ingest(
                    file.path,
                    dataset.id,
                    dataset.hint,
                    dataset.dataset_type.storage_class,
                    intake.dataset_type,
                    intake.mode,
                    intake.formatter,
                )
                return TakenFile(ref_of(dataset, written[dataset.id]))
            except ButlerError as error:
                if intake.strict:
                    raise
                return error

        with self._abandoned_on_error(new, written):
            with ThreadPoolExecutor(min(THREADS, len(files))) as threads:
                taken = list(looking_ahead(threads, take, range(len(files)), THREADS))
            self._give_up_failed(begun, taken, written)
            self._finish_files(begun, files, taken, written, intake)
        if new and new[0].needs_environment:
            self._describe_run(intake.run, intake.dataset_type)
        if intake.mode == "move":
            self._finish_moves(files, taken, intake)
        return taken

    def _give_up_failed(
        self,
        begun: Sequence[BegunPut],
        taken: Sequence[TakenFile | ButlerError],
        written: dict[UUID, Sequence[Artifact]],
    ) -> None:
        failed = [
            dataset
            for dataset, one in zip(begun, taken, strict=True)
            if isinstance(one, ButlerError) and not dataset.there_already
        ]
        if failed:
            self._abandon(failed, written)
        for dataset in failed:
            written.pop(dataset.id, None)

    def _finish_files(
        self,
        begun: Sequence[BegunPut],
        files: Sequence[GivenFile],
        taken: list[TakenFile | ButlerError],
        written: Mapping[UUID, Sequence[Artifact]],
        intake: Intake,
    ) -> None:
        """Register what was written; what was overtaken is given up, and is what overtook it."""
        if not written:
            return
        try:
            if self._finish(written, skip_existing=not intake.strict):
                return
        except DatasetExistsError as error:
            raise _OvertakenError(error.message, hint=error.hint, details=error.details) from error
        overtaken = self._abandon([dataset for dataset in begun if dataset.id in written], written)
        for place, dataset in enumerate(begun):
            if dataset.id in overtaken:
                taken[place] = self._overtaken(files[place].path, dataset, intake)

    def _overtaken(self, file: Path, dataset: BegunPut, intake: Intake) -> TakenFile | ButlerError:
        """Compare a file with what another process has filed under its labels meanwhile."""
        try:
            ref = self._registry.find(intake.dataset_type, dataset.data_id, [intake.run])
            assert ref is not None  # a required one is found or is an error
            return _compared(file, ref, intake)
        except ButlerError as error:
            return error

    def _finish_moves(
        self, files: Sequence[GivenFile], taken: list[TakenFile | ButlerError], intake: Intake
    ) -> None:
        """Unlink the sources whose bytes are filed."""
        for place, (file, one) in enumerate(zip(files, taken, strict=True)):
            if isinstance(one, ButlerError) or not one.same:
                continue
            try:
                self._datastore.finish_move(file.path, one.ref.artifacts)
            except ButlerError as error:
                if intake.strict:
                    raise
                taken[place] = error

    def _claimed(self, files: Sequence[GivenFile]) -> dict[str, UUID]:
        """Find which of the files are, where they lie, the bytes of datasets: URI to dataset."""
        rows = self._registry.query(
            "SELECT path, dataset_id FROM artifact WHERE datastore = :datastore AND path = ANY(:uris)",
            {"datastore": self._datastore.name, "uris": [uri for file in files for uri in _uris(file.path)]},
        )
        return {row.path: UUID(str(row.dataset_id)) for row in rows}


def _compared(file: Path, ref: DatasetRef, intake: Intake) -> TakenFile:
    """Compare a file with the dataset that the run has under its labels, unless that may be skipped.

    A source of a move is compared in any case: where its bytes are filed, it is to go.
    """
    moving = intake.mode == "move"
    if intake.skip_existing and not moving:
        return TakenFile(ref, new=False, same=None)
    try:
        regular_file(file)
        same = fingerprint(file).sha256 in {artifact.sha256 for artifact in ref.artifacts}
    except ArtifactMissingError:
        if moving:  # finished by an earlier run of the same, or another process
            return TakenFile(ref, new=False)
        raise
    if not same and not intake.skip_existing:
        raise differs(file, ref)
    return TakenFile(ref, new=False, same=same)


def _uris(file: Path) -> set[str]:
    """Give what an artifact in place may call the file."""
    return {file_uri(file), file_uri(file.resolve())}


def _belongs_to_another(uri: str, dataset_id: UUID) -> NotSupportedError:
    return NotSupportedError(
        f"{uri} can't be moved: it is dataset {dataset_id}, ingested in place",
        hint="Ingest it with mode 'copy' or 'hardlink'.",
        details={"uri": uri, "dataset_id": str(dataset_id)},
    )
