"""Finish what dead processes left: puts that began and never ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from butler.errors import ButlerError

if TYPE_CHECKING:
    from butler.datastore import Datastore
    from butler.registry.base import OpenIntent, Registry

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


def reap(
    registry: Registry, datastore: Datastore, *, older_than: timedelta, dry_run: bool = False
) -> Iterator[ReapedPut]:
    """Delete what puts left that began longer ago than this, and forget them; see `butler.Butler.reap`."""
    for each in registry.related():
        found = _due(each, datastore, older_than) if dry_run else _reaped(each, datastore, older_than)
        for put, failure in found:
            yield ReapedPut(put.id, put.dataset_type, put.hint, put.begun, put.begun_by, each.name, failure)


def clear(datastore: Datastore, put: OpenIntent) -> str:
    """Delete the files that a dead put may have written; returns why that failed, or nothing."""
    if put.registered:
        return ""
    try:
        datastore.discard(datastore.expected_paths(put.id, put.hint, put.storage_class, put.dataset_type))
    except (ButlerError, OSError) as error:
        return error.message if isinstance(error, ButlerError) else str(error)
    return ""


def _due(registry: Registry, datastore: Datastore, older_than: timedelta) -> Iterator[tuple[OpenIntent, str]]:
    for intent in registry.open_intents(older_than):
        if intent.datastore == datastore.name:
            yield intent, ""


def _reaped(
    registry: Registry, datastore: Datastore, older_than: timedelta
) -> Iterator[tuple[OpenIntent, str]]:
    after: UUID | None = None
    while puts := registry.reap_puts(datastore.name, older_than, after=after):
        results = [(put, clear(datastore, put)) for put in puts]
        if cleared := [put.id for put, failure in results if not failure]:
            registry.forget_puts(cleared)
        yield from results
        after = puts[-1].id
