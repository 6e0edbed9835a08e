"""Delete what writers left that died before they put it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import UUID

from butler.context import Context
from butler.datastore.interfaces import inventory_of
from butler.errors import ArtifactMissingError, ButlerError, StorageError
from butler.maintenance.age import so_long_ago
from butler.maintenance.orphans import of_no_dataset
from butler.registry.interfaces.puts import LooseFile
from butler.roots import Roots
from butler.values import made_at

if TYPE_CHECKING:
    from butler.datastore.interfaces import Datastore, Inventory

__all__ = ["ReapedFile", "reap"]

_LISTED_TOGETHER = 5_000
_CLAIMED_TOGETHER = 1_000


@dataclass(frozen=True, slots=True)
class ReapedFile:
    """A file that no dataset has, and none can get any more.

    Parameters
    ----------
    uri : `str`
        The file.
    datastore : `str`
        Where it lay.
    path : `str`
        Its path there.
    dataset_id : `uuid.UUID` or `None`
        Of the dataset that was to be; `None` for what was being written under a temporary name.
    made : `datetime.datetime`
        When the id was made, or else the file was written, UTC.
    run : `str` or `None`
        The run that it says it is of, if it says that: any text, also one that no run is named by.
    failure : `str`
        Why it couldn't be deleted; it stays, for the next time.
    """

    uri: str
    datastore: str
    path: str
    dataset_id: UUID | None
    made: datetime
    run: str | None = None
    failure: str = ""

    def __str__(self) -> str:
        of = f" of run {self.run}" if self.run else ""
        return f"{self.uri}{of}, made at {self.made:%Y-%m-%dT%H:%M:%SZ}"


def reap(context: Context, *, dry_run: bool = False) -> Iterator[ReapedFile]:
    """Delete the loose files that are older than the grace period; see `butler.maintenance.namespace`."""
    before = so_long_ago(context.registry, context.registry.puts.grace_period())
    roots = Roots(context.registry, context.datastore)
    roots.check_all()
    for name, datastore in context.datastore.members.items():
        inventory = inventory_of(datastore)
        if inventory is not None and name in roots.registered:
            yield from _Reaper(context, roots, datastore, inventory, before, dry_run).reap()
    if not dry_run:
        for registry in context.registry.related():
            registry.administration.fold_counts()


class _Reaper:
    """Reaps one datastore."""

    def __init__(
        self,
        context: Context,
        roots: Roots,
        datastore: Datastore,
        inventory: Inventory,
        before: datetime,
        dry_run: bool,
    ) -> None:
        self._registry = context.registry
        self._roots = roots
        self._datastore = datastore
        self._inventory = inventory
        self._before = before
        self._dry_run = dry_run

    def reap(self) -> Iterator[ReapedFile]:
        """Look at all files, some thousands at a time."""
        with self._registry.puts.claim_loose_files(self._datastore.name, []):
            pass  # whoever may not learns so now, and not after hours
        paths = iter(self._inventory.paths())
        while batch := list(islice(paths, _LISTED_TOGETHER)):
            old = {found.path: found for path in batch if (found := self._if_old(path))}
            yield from (self._deleted(one) for one in old.values() if one.dataset_id is None)
            named = [path for path, one in old.items() if one.dataset_id is not None]
            loose = sorted(of_no_dataset(self._registry, self._datastore, named))
            for first in range(0, len(loose), _CLAIMED_TOGETHER):
                yield from self._claimed(
                    [self._identified(old[path]) for path in loose[first : first + _CLAIMED_TOGETHER]]
                )

    def _if_old(self, path: str) -> ReapedFile | None:
        """Take a file for old by the id in its name, else by when it was written."""
        dataset_id = None if self._inventory.is_temporary(path) else self._inventory.id_in_path(path)
        if dataset_id is None and not self._inventory.is_temporary(path):
            return None  # no writer of datasets has named it
        try:
            made = (dataset_id and made_at(dataset_id)) or self._inventory.modified(path)
        except ArtifactMissingError:
            return None
        if made > self._before:
            return None
        uri = self._datastore.root + path
        return ReapedFile(uri, self._datastore.name, path, dataset_id, made)

    def _identified(self, file: ReapedFile) -> ReapedFile:
        """Read which run a file says that it is of."""
        try:
            said: dict[str, Any] = self._inventory.identify(file.path) or {}
        except (StorageError, ArtifactMissingError) as error:
            return replace(file, failure=error.message)
        except (ButlerError, ValueError):  # it was cut short: nobody knows of which run
            return file
        except OSError as error:
            return replace(file, failure=str(error))
        run = said.get("run")
        return replace(file, run=run) if isinstance(run, str) else file

    def _claimed(self, files: Iterable[ReapedFile]) -> Iterator[ReapedFile]:
        """Delete those of which the registry says that no dataset can get them any more."""
        done: list[ReapedFile] = []
        readable: list[ReapedFile] = []
        for file in files:
            (done if file.failure else readable).append(file)
        loose = [
            LooseFile(file.path, modified)
            for file in readable
            if (modified := self._modified(file.path)) is not None
        ]
        with self._registry.puts.claim_loose_files(self._datastore.name, loose) as claimed:
            done += [self._deleted(file) for file in readable if file.path in claimed]
        yield from done

    def _modified(self, path: str) -> datetime | None:
        try:
            return self._inventory.modified(path)
        except ArtifactMissingError:
            return None

    def _deleted(self, file: ReapedFile) -> ReapedFile:
        if not self._dry_run:
            self._roots.check(self._datastore.name, steady=True)
            try:
                self._inventory.discard([file.path])
            except (ButlerError, OSError) as error:
                return replace(file, failure=error.message if isinstance(error, ButlerError) else str(error))
        return file
