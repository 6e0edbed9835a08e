"""Compare registry and datastore: what is missing, what was altered, what belongs to nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING
from uuid import UUID

from butler.errors import ArtifactMissingError, ButlerError
from butler.concurrency import looking_ahead, unwaited

if TYPE_CHECKING:
    from butler.datastore import Datastore
    from butler.registry import Registry
    from butler.registry.upkeep import Drift, StoredArtifact

__all__ = ["Fault", "Verification", "unclaimed"]

_REMEDIES = {
    "missing": "restore the file, or let --repair record that it is lost",
    "size": "restore the file: it isn't the one that was written",
    "sha256": "restore the file: it isn't the one that was written",
    "found": "it was lost and is whole again: let --repair record that",
    "orphan": "no dataset has it: --repair registers it, if it says what it is; or delete it",
    "temporary": "a writer is at work, or died: --repair deletes it when it is old",
    "unfinished": "a put began and didn't end: its writer is at work, or died; 'butler reap' clears up",
    "unreadable": "it can't be looked at: correct what the reason names, or ask who registered it",
    "unbacked": "it is said to be present and has no file: unstore or remove it",
    "leftover": "its dataset has no bytes any more: unstore the dataset again",
    "overlap": "let --repair compute it anew",
    "region": "let --repair compute it anew",
}

_THREADS = min(8, (os.cpu_count() or 1) + 2)
_FILES_AT_ONCE = 5_000
_SUSPECTS_AT_ONCE = 50_000
_CHECKPOINT = 1_000


@dataclass(frozen=True, slots=True)
class Fault:
    """One difference between registry and datastore.

    Parameters
    ----------
    kind : `str`
        Of a recorded file ``missing``, ``size``, ``sha256``, ``unreadable``,
        ``found``, ``leftover``; of a file ``orphan``, ``temporary``; of a put
        ``unfinished``, ``unreadable``; of a dataset ``unbacked``; of what is
        derived ``overlap``, ``region``.
    dataset_id : `str`
        Of the dataset, if it is one.
    uri : `str`
        Of the file; of an unfinished or unreadable one what is recorded; of
        what is derived the labels.
    detail : `str`
        Who began what is unfinished, and when, UTC; why it is unreadable; in
        what it differs.
    registry : `str`
        Name of the registry that has it.
    path, component : `str`
        As they are recorded.
    drift : `~butler.registry.upkeep.Drift` or `None`
        Of what is derived.
    """

    kind: str
    dataset_id: str
    uri: str
    detail: str = ""
    registry: str = ""
    path: str = ""
    component: str = ""
    drift: Drift | None = field(default=None, repr=False)

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return _REMEDIES[self.kind]

    def __str__(self) -> str:
        of = f" of dataset {self.dataset_id}" if self.dataset_id else ""
        return f"{self.kind}: {self.uri}{of}{f', {self.detail}' if self.detail else ''}"


class Verification(Iterator[Fault]):
    """Differences between registry and datastore, found as they are asked for.

    It holds no more than a page of rows and some thousand paths in memory,
    however many there are.

    Parameters
    ----------
    registry : `~butler.registry.Registry`
        Compared with those under it and over it.
    datastore : `~butler.datastore.Datastore`
        The datastore.
    checksum : `bool`
        Whether to read every byte.
    incremental : `bool`
        Whether to go on where the last incremental one stopped.
    time_limit : `datetime.timedelta`, optional
        Stop after so long.
    older_than : `datetime.timedelta`
        Leave out puts and files that nobody has which are younger.
    on_progress : callable, optional
        Called with artifacts done and artifacts in all.

    Attributes
    ----------
    checked : `int`
        Artifacts compared so far.
    lost : `int`
        Those of them that are known to be lost, and are still.
    complete : `bool`
        Whether it came to the end, when nothing more comes.
    """

    def __init__(
        self,
        registry: Registry,
        datastore: Datastore,
        *,
        checksum: bool = True,
        incremental: bool = False,
        time_limit: timedelta | None = None,
        older_than: timedelta = timedelta(0),
        on_progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._registry = registry
        self._datastore = datastore
        self._checksum = checksum
        self._incremental = incremental
        self._deadline = None if time_limit is None else time.monotonic() + time_limit.total_seconds()
        self._older_than = older_than
        self._on_progress = on_progress
        self.checked = 0
        self.lost = 0
        self.complete = False
        self._expected = 0
        self._faults = self._compare()

    def __next__(self) -> Fault:
        return next(self._faults)

    def close(self) -> None:
        """Stop half way, and wait for no file that is being read."""
        self._faults.close()

    def _out_of_time(self) -> bool:
        return self._deadline is not None and time.monotonic() > self._deadline

    def _compare(self) -> Generator[Fault]:
        registries = list(self._registry.related())
        for registry in registries:
            yield from self._unfinished(registry)
        begin = {}
        for registry in registries:
            begin[registry.name] = self._position(registry) if self._incremental else None
            self._expected += registry.count_artifacts(self._datastore.name, begin[registry.name])
        for registry in registries:
            yield from self._artifacts(registry, begin[registry.name])
            if self._out_of_time():
                return
        for fault in self._files():
            if fault is not None:
                yield fault
            if self._out_of_time():
                return
        for registry in registries:
            for fault in self._derived(registry):
                if fault is not None:
                    yield fault
                if self._out_of_time():
                    return
        if self._incremental:
            for registry in registries:
                registry.set_progress(self._datastore.name, None)
        self.complete = True

    # Puts ----------------------------------------------------------------

    def _unfinished(self, registry: Registry) -> Iterator[Fault]:
        for intent in registry.open_intents(self._older_than):
            if intent.datastore != self._datastore.name:
                continue
            when = f"begun by {intent.begun_by} at {intent.begun.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
            given_up = ", given up" if intent.given_up else ""
            yield Fault("unfinished", str(intent.id), intent.hint, when + given_up, registry.name)
            try:
                self._datastore.expected_paths(
                    intent.id, intent.hint, intent.storage_class, intent.dataset_type
                )
            except ButlerError as error:
                yield Fault("unreadable", str(intent.id), intent.hint, error.message, registry.name)

    # Artifacts -----------------------------------------------------------

    def _position(self, registry: Registry) -> tuple[UUID, str] | None:
        found = registry.progress(self._datastore.name)
        last = None if found is None or found.dataset_id is None else (found.dataset_id, found.component)
        # Whoever may not record it learns so now, and not after hours.
        registry.set_progress(self._datastore.name, last)
        return last

    def _artifacts(self, registry: Registry, after: tuple[UUID, str] | None) -> Iterator[Fault]:
        """Compare the artifacts of one registry, in their order, several at once."""
        stored = registry.stored_artifacts(self._datastore.name, after)
        last, kept = after, self.checked
        with unwaited(ThreadPoolExecutor(_THREADS, thread_name_prefix="butler-verify")) as threads:
            for row, fault in looking_ahead(threads, self._compared, stored, 2 * _THREADS):
                if fault is not None and self._is_still(registry, row):
                    yield Fault(
                        fault[0],
                        str(row.dataset_id),
                        fault[1],
                        fault[2],
                        registry.name,
                        row.artifact.path,
                        row.artifact.component,
                    )
                elif row.artifact.state == "lost":
                    self.lost += 1
                self.checked += 1
                last = row.dataset_id, row.artifact.component
                if self._on_progress:
                    self._on_progress(self.checked, self._expected)
                if self._incremental and self.checked - kept >= _CHECKPOINT:
                    registry.set_progress(self._datastore.name, last)
                    kept = self.checked
                if self._out_of_time():
                    break
        if self._incremental and self.checked > kept and last is not None:
            registry.set_progress(self._datastore.name, last)

    def _compared(self, row: StoredArtifact) -> tuple[StoredArtifact, tuple[str, str, str] | None]:
        return row, self._checked(row)

    def _checked(self, row: StoredArtifact) -> tuple[str, str, str] | None:
        """Compare one row with its file; whatever a row may hold, the others are compared too."""
        artifact = row.artifact
        try:
            uri = self._datastore.uri(artifact)
            if row.dataset_state != "present":
                return "leftover", uri, f"the dataset is {row.dataset_state}"
            lost = artifact.state == "lost"
            # That something is whole again is said only of what was read whole.
            found = self._datastore.check(artifact, checksum=self._checksum or lost)
        except (ButlerError, OSError, ValueError) as error:
            return "unreadable", artifact.path, getattr(error, "message", str(error))
        if lost:
            return None if found else ("found", uri, "")
        return (found, uri, "") if found else None

    def _is_still(self, registry: Registry, row: StoredArtifact) -> bool:
        """Whether the row is as it was: one that was unstored meanwhile is nobody's fault."""
        rows = registry.query(
            "SELECT count(*) FROM artifact INNER JOIN dataset USING (dataset_id)"
            " WHERE artifact.dataset_id = :id AND datastore = :datastore AND component = :component"
            " AND artifact.state = :state AND dataset.state = :dataset_state",
            {
                "id": str(row.dataset_id),
                "datastore": self._datastore.name,
                "component": row.artifact.component,
                "state": row.artifact.state,
                "dataset_state": row.dataset_state,
            },
        )
        return row.dataset_state == "removed" or bool(rows.scalar())

    # Files ---------------------------------------------------------------

    def _files(self) -> Iterator[Fault | None]:
        """Name the files that no dataset has and no put may be writing; `None` between two batches."""
        suspects: list[str] = []
        paths = iter(self._datastore.paths())
        while batch := list(islice(paths, _FILES_AT_ONCE)):
            suspects += self._of_no_dataset(batch)
            if len(suspects) >= _SUSPECTS_AT_ONCE:
                yield from self._orphans(suspects)
                suspects.clear()
            yield None
        yield from self._orphans(suspects)

    def _of_no_dataset(self, paths: Iterable[str]) -> Iterator[str]:
        """Leave out the files whose names carry the id of a dataset, or a put, that has them.

        The registry is asked after the files were listed: one that was
        written meanwhile is registered by then, or still being put.
        """
        ids = {path: self._datastore.id_in_path(path) for path in paths}
        claimed: set[str | None] = set()
        puts: set[UUID | None] = set()
        for claim in self._registry.claims_of_datasets({i for i in ids.values() if i is not None}):
            if claim.hint is None:
                claimed.add(claim.uri)
                if claim.datastore == self._datastore.name:
                    claimed.add(claim.path)
                continue
            try:
                claimed.update(
                    self._datastore.expected_paths(
                        claim.dataset_id, claim.hint, claim.storage_class or "", claim.dataset_type or ""
                    )
                )
            except ButlerError:
                puts.add(claim.dataset_id)  # what it may write isn't known: nothing of it is an orphan
        for path, dataset_id in ids.items():
            if path not in claimed and self._datastore.root + path not in claimed and dataset_id not in puts:
                yield path

    def _orphans(self, paths: list[str]) -> Iterator[Fault]:
        for path in sorted(unclaimed(self._registry, self._datastore, paths)):
            if _is_old(self._datastore, path, self._older_than):
                kind = "temporary" if self._datastore.is_temporary(path) else "orphan"
                yield Fault(kind, "", self._datastore.root + path, path=path)

    # What the database derives -------------------------------------------

    def _derived(self, registry: Registry) -> Iterator[Fault | None]:
        for dataset_id in registry.unbacked_datasets():
            yield Fault("unbacked", str(dataset_id), "", registry=registry.name)
        for drift in registry.drifts():
            if drift is None:
                yield None
                continue
            labels = f"camera={drift.camera} visit={drift.visit}"
            if drift.sensor is not None:
                labels += f" sensor={drift.sensor}"
            yield Fault(drift.kind, "", labels, drift.detail, registry.name, drift=drift)


def unclaimed(registry: Registry, datastore: Datastore, paths: list[str]) -> set[str]:
    """Give those of these paths that no artifact of any registry of the database is.

    Parameters
    ----------
    registry : `~butler.registry.Registry`
        One of them.
    datastore : `~butler.datastore.Datastore`
        The datastore.
    paths : `list` [`str`]
        As `butler.datastore.Datastore.paths` spells them.
    """
    if not paths:
        return set()
    return set(paths) - registry.claimed_files(datastore.name, datastore.root, paths)


def _is_old(datastore: Datastore, path: str, age: timedelta) -> bool:
    """Whether a file is older than this, and still there."""
    try:
        return datastore.modified(path) <= datetime.now(UTC) - age
    except ArtifactMissingError:
        return False
