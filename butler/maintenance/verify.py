"""Compare registry and datastore: what is missing, what was altered, what belongs to nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING
from uuid import UUID

from butler.concurrency import THREADS, looking_ahead, unwaited
from butler.context import Context
from butler.datastore.interfaces import inventory_of
from butler.errors import ButlerError
from butler.maintenance.age import so_long_ago
from butler.maintenance.file_checks import FileChecks
from butler.maintenance.findings import Fault, Finding
from butler.maintenance.orphans import is_in_flight, of_no_dataset, unclaimed
from butler.roots import Roots
from butler.values import ArtifactFault, ArtifactState, DatasetState

if TYPE_CHECKING:
    from butler.datastore.interfaces import Datastore
    from butler.registry import Registry
    from butler.registry.interfaces.maintenance import StoredArtifact

__all__ = ["Verification"]

_FILES_AT_ONCE = 5_000
_SUSPECTS_AT_ONCE = 50_000
_CHECKPOINT = 1_000

_BEGIN = (UUID(int=0), "")
"""Before all artifacts."""

_OF_ARTIFACTS = {fault: Fault(fault.value) for fault in ArtifactFault}


class Verification(Iterator[Finding]):
    """Differences between registry and datastore, found as they are asked for.

    It holds no more than a page of rows and some thousand paths in memory,
    however many there are.

    Parameters
    ----------
    context : `~butler.context.Context`
        Its registry is compared, with those under it and over it, and each
        member of its datastore.
    **options
        As for `butler.maintenance.namespace.Maintenance.verify`.

    Attributes
    ----------
    checked : `int`
        Artifacts compared so far.
    lost : `int`
        Those of them that are known to be lost, and are still.
    not_compared : `tuple` [`str`]
        Datastores of the registry that aren't configured here.
    complete : `bool`
        Whether it came to the end, when nothing more comes.
    """

    def __init__(
        self,
        context: Context,
        *,
        checksum: bool = True,
        incremental: bool = False,
        time_limit: timedelta | None = None,
        older_than: timedelta | None = None,
        unmarked: bool = False,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._registry = context.registry
        self._roots = Roots(context.registry, context.datastore)
        self._unmarked = unmarked
        self._datastore = context.datastore
        self._datastores = dict(context.datastore.members)
        self._checksum = checksum
        self._incremental = incremental
        self._deadline = None if time_limit is None else time.monotonic() + time_limit.total_seconds()
        self._in_flight = older_than
        self._on_progress = on_progress
        self._checks = FileChecks()
        self.checked = 0
        self.lost = 0
        self.complete = False
        self.not_compared: tuple[str, ...] = ()
        self._expected = 0
        self._findings = self._compare()

    def __next__(self) -> Finding:
        return next(self._findings)

    def close(self) -> None:
        """Stop half way, and wait for no file that is being read."""
        self._findings.close()

    def _out_of_time(self) -> bool:
        return self._deadline is not None and time.monotonic() > self._deadline

    def _compare(self) -> Generator[Finding]:
        registered = self._roots.registered
        self._check_roots()
        self.not_compared = tuple(name for name in registered if name not in self._datastores)
        # Nothing was put into one that is configured and not registered yet.
        self._datastores = {name: each for name, each in self._datastores.items() if name in registered}
        registries = list(self._registry.related())
        begin = {}
        for datastore in self._datastores.values():
            for registry in registries:
                after = self._position(registry, datastore) if self._incremental else None
                begin[datastore.name, registry.name] = after
                self._expected += registry.maintenance.count_artifacts(datastore.name, after)
        for datastore in self._datastores.values():
            for registry in registries:
                yield from self._artifacts(registry, datastore, begin[datastore.name, registry.name])
                if self._out_of_time():
                    return
        for finding in self._afterwards(registries):
            if finding is not None:
                yield finding
            if self._out_of_time():
                return
        if self._incremental:
            for datastore in self._datastores.values():
                for registry in registries:
                    registry.maintenance.set_progress(datastore.name, None)
        self.complete = True

    def _check_roots(self, *names: str) -> None:
        """Refuse to compare a datastore with a root that isn't its own, where nothing would be found."""
        if not self._unmarked:
            for name in names or self._datastores:
                self._roots.check(name)

    def _afterwards(self, registries: Iterable[Registry]) -> Iterator[Finding | None]:
        """Look at what isn't an artifact; `None` between two parts of the work."""
        age = self._registry.puts.grace_period() if self._in_flight is None else self._in_flight
        for datastore in self._datastores.values():
            yield from self._files(datastore, so_long_ago(self._registry, age))
        for registry in registries:
            yield from self._derived(registry)

    # Artifacts -----------------------------------------------------------

    def _position(self, registry: Registry, datastore: Datastore) -> tuple[UUID, str]:
        found = registry.maintenance.progress(datastore.name)
        last = _BEGIN if found is None or found.dataset_id is None else (found.dataset_id, found.component)
        # Whoever may not record it learns so now, and not after hours.
        registry.maintenance.set_progress(datastore.name, last)
        return last

    def _artifacts(
        self, registry: Registry, datastore: Datastore, after: tuple[UUID, str] | None
    ) -> Iterator[Finding]:
        """Compare the artifacts of one registry in one datastore, in their order, several at once."""
        maintenance = registry.maintenance
        stored = maintenance.stored_artifacts(datastore.name, after)
        last, kept = after, self.checked

        def compare(row: StoredArtifact) -> tuple[StoredArtifact, tuple[Fault, str, str] | None]:
            return row, self._difference(datastore, row)

        with unwaited(ThreadPoolExecutor(THREADS, thread_name_prefix="butler-verify")) as threads:
            for row, difference in looking_ahead(threads, compare, stored, 2 * THREADS):
                # One that was unstored meanwhile is nobody's fault.
                if difference is not None:
                    self._check_roots(datastore.name)
                if difference is not None and maintenance.is_as_recorded(datastore.name, row):
                    fault, uri, detail = difference
                    yield Finding(
                        fault,
                        str(row.dataset_id),
                        uri,
                        detail,
                        registry.name,
                        datastore.name,
                        row.artifact.path,
                        row.artifact.component,
                    )
                elif row.artifact.state == ArtifactState.LOST:
                    self.lost += 1
                self.checked += 1
                last = row.dataset_id, row.artifact.component
                if self._on_progress:
                    self._on_progress(self.checked, self._expected)
                if self._incremental and self.checked - kept >= _CHECKPOINT:
                    maintenance.set_progress(datastore.name, last)
                    kept = self.checked
                if self._out_of_time():
                    break
        if self._incremental and self.checked > kept and last is not None:
            maintenance.set_progress(datastore.name, last)

    def _difference(self, datastore: Datastore, row: StoredArtifact) -> tuple[Fault, str, str] | None:
        """Compare one row with its file; whatever a row may hold, the others are compared too."""
        artifact = row.artifact
        try:
            uri = datastore.uri(artifact)
            if row.dataset_state != DatasetState.PRESENT:
                return Fault.STALE, uri, f"the dataset is {row.dataset_state}"
            lost = artifact.state == ArtifactState.LOST
            # That something is whole again is said only of what was read whole.
            fault = self._checks.check(datastore, artifact, checksum=self._checksum or lost)
        except (ButlerError, OSError, ValueError) as error:
            return Fault.UNREADABLE, artifact.path, getattr(error, "message", str(error))
        if lost:
            return None if fault else (Fault.FOUND, uri, "")
        return (_OF_ARTIFACTS[fault], uri, "") if fault else None

    # Files ---------------------------------------------------------------

    def _files(self, datastore: Datastore, since: datetime) -> Iterator[Finding | None]:
        """Name the files that no dataset has; `None` between two batches."""
        inventory = inventory_of(datastore)
        if inventory is None:
            return
        self._check_roots(datastore.name)
        suspects: list[str] = []
        paths = iter(inventory.paths())
        while batch := list(islice(paths, _FILES_AT_ONCE)):
            suspects += of_no_dataset(self._registry, datastore, batch)
            if len(suspects) >= _SUSPECTS_AT_ONCE:
                yield from self._orphans(datastore, suspects, since)
                suspects.clear()
            yield None
        yield from self._orphans(datastore, suspects, since)

    def _orphans(self, datastore: Datastore, paths: list[str], since: datetime) -> Iterator[Finding]:
        for path in sorted(unclaimed(self._registry, datastore, paths)):
            in_flight = is_in_flight(datastore, path, since)
            if in_flight is None:
                continue
            temporary = datastore.inventory.is_temporary(path)
            fault = Fault.IN_FLIGHT if in_flight else Fault.TEMPORARY if temporary else Fault.ORPHAN
            yield Finding(fault, "", datastore.root + path, datastore=datastore.name, path=path)

    # What the database derives -------------------------------------------

    def _derived(self, registry: Registry) -> Iterator[Finding | None]:
        for dataset_id in registry.maintenance.datasets_without_artifacts():
            yield Finding(Fault.NO_ARTIFACT, str(dataset_id), "", registry=registry.name)
        for drift in registry.maintenance.drifts():
            if drift is None:
                yield None
                continue
            yield Finding(Fault(drift.derived), "", drift.subject, drift.detail, registry.name, drift=drift)
