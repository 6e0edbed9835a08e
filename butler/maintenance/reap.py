"""Finish what dead processes left: puts that began and never ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from butler.context import Context
from butler.errors import ButlerError
from butler.roots import Roots

if TYPE_CHECKING:
    from butler.datastore.interfaces import Datastore
    from butler.registry.interfaces.puts import Puts, UnfinishedPut

__all__ = ["ReapedPut", "clear", "reap"]


@dataclass(frozen=True, slots=True)
class ReapedPut:
    """A put that never ended.

    Parameters
    ----------
    id : `uuid.UUID`
        Of the dataset that was to be.
    dataset_type, hint : `str`
        What it was to be, and the beginning of its files' names.
    begun : `datetime.datetime`
        When it began, UTC.
    begun_by : `str`
        The database role that began it.
    registry : `str`
        The registry that it was to go into.
    failure : `str`
        Why its files couldn't be deleted; it stays, for the next time.
    """

    id: UUID
    dataset_type: str
    hint: str
    begun: datetime
    begun_by: str
    registry: str
    failure: str = ""

    def __str__(self) -> str:
        return f"{self.hint}_{self.id.hex}, begun by {self.begun_by} at {self.begun:%Y-%m-%dT%H:%M:%SZ}"


def reap(context: Context, *, older_than: timedelta, dry_run: bool = False) -> Iterator[ReapedPut]:
    """Delete what puts left that began longer ago than this, and forget them.

    See `butler.maintenance.namespace.Maintenance.reap`.
    """
    registries = [(registry, registry.puts) for registry in context.registry.related()]
    roots = Roots(context.registry, context.datastore)
    roots.check_all()
    for registry, puts in registries:
        for datastore in context.datastore.members.values():
            found = (
                _due(puts, datastore, older_than) if dry_run else _reaped(puts, datastore, older_than, roots)
            )
            for put, failure in found:
                yield ReapedPut(
                    put.id, put.dataset_type, put.hint, put.begun, put.begun_by, registry.name, failure
                )


def clear(datastore: Datastore, put: UnfinishedPut) -> str:
    """Delete the files that a dead put may have written; returns why that failed, or nothing."""
    if put.registered:
        return ""
    try:
        inventory = datastore.inventory
        inventory.discard(inventory.expected_paths(put.id, put.hint, put.storage_class, put.dataset_type))
    except (ButlerError, OSError) as error:
        return error.message if isinstance(error, ButlerError) else str(error)
    return ""


def _due(puts: Puts, datastore: Datastore, older_than: timedelta) -> Iterator[tuple[UnfinishedPut, str]]:
    for put in puts.unfinished(older_than):
        if put.datastore == datastore.name:
            yield put, ""


def _reaped(
    puts: Puts, datastore: Datastore, older_than: timedelta, roots: Roots
) -> Iterator[tuple[UnfinishedPut, str]]:
    after: UUID | None = None
    while dead := puts.reap(datastore.name, older_than, after=after):
        roots.check(datastore.name)
        results = [(put, clear(datastore, put)) for put in dead]
        roots.check(datastore.name)
        if cleared := [put.id for put, failure in results if not failure]:
            puts.forget(cleared)
        yield from results
        after = dead[-1].id
