"""Removing from PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from butler.arguments import name as text
from butler.registry.interfaces.removal import HeldTrash, RemovalRecord, Removals, TrashedArtifact
from butler.registry.postgres.held_trash import PostgresHeldTrash
from butler.registry.postgres.parameters import bound_id, bound_ids
from butler.registry.postgres.records import artifact_of
from butler.registry.postgres.session import Session
from butler.registry.postgres.user_sql import lazy_rows
from butler.registry.results import Rows
from butler.values import DatasetState, Removal, RemovalOutcome

__all__ = ["PostgresRemovals"]


class PostgresRemovals(Removals):
    """Calls of the functions under ``db/functions/removal``.

    Parameters
    ----------
    session : `~butler.registry.postgres.session.Session`
        Carries them out.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def unstore(
        self, dataset_ids: Sequence[UUID], *, reason: str = "", force: bool = False, dry_run: bool = False
    ) -> list[Removal]:
        return self._removals("unstore", bound_ids(dataset_ids), text(reason, "reason"), force, dry_run)

    def remove(
        self, dataset_ids: Sequence[UUID], *, reason: str = "", force: bool = False, dry_run: bool = False
    ) -> list[Removal]:
        return self._removals("remove", bound_ids(dataset_ids), text(reason, "reason"), force, dry_run)

    def remove_collection(
        self,
        name: str,
        *,
        datasets: bool = False,
        reason: str = "",
        force: bool = False,
        dry_run: bool = False,
    ) -> list[Removal]:
        return self._removals(
            "remove_collection", text(name, "name"), datasets, text(reason, "reason"), force, dry_run
        )

    def _removals(self, function: str, *parameters: Any) -> list[Removal]:
        return [
            Removal(
                RemovalOutcome(row.outcome),
                row.reason,
                row.datasets,
                row.files,
                int(row.bytes),
                tuple(row.dataset_ids),
            )
            for row in self._session.call(function, *parameters)
        ]

    def restore(self, dataset_ids: Sequence[UUID]) -> int:
        ((count,),) = self._session.call("restore", bound_ids(dataset_ids))
        return int(count)

    def record_of(self, dataset_id: UUID) -> RemovalRecord | None:
        for row in self._session.rows(
            "SELECT state, changed, changed_by, change_reason, bytes IS NOT NULL AS restorable"
            f" FROM {self._session.schema}.removal WHERE dataset_id = %s",
            (bound_id(dataset_id).value,),
        ):
            return RemovalRecord(
                DatasetState(row.state), row.changed, row.changed_by, row.change_reason or "", row.restorable
            )
        return None

    def restorable(self, run: str, dataset_type: str | None = None) -> list[UUID]:
        rows = self._session.rows(
            f"SELECT dataset_id FROM {self._session.schema}.removal WHERE run = %s AND bytes IS NOT NULL"
            " AND (%s::text IS NULL OR dataset_type = %s)",
            (run, dataset_type, dataset_type),
        )
        return [dataset_id for (dataset_id,) in rows]

    def trash(self) -> Rows:
        return lazy_rows(self._session, _TRASH)

    def due(self, *, now: bool = False) -> tuple[int, int]:
        ((datasets, size),) = self._session.rows(
            f"SELECT count(*), coalesce(sum(bytes), 0) FROM {self._session.schema}.removal"
            " WHERE bytes IS NOT NULL AND (%s OR restorable_until <= now())",
            (now,),
        )
        return datasets, int(size)

    def delay(self) -> str:
        ((delay,),) = self._session.rows(f"SELECT {self._session.schema}.trash_delay()::text")
        return str(delay)

    def claim(
        self, datastore: str, older_than: timedelta | None, limit: int, stuck: Iterable[UUID] = ()
    ) -> list[TrashedArtifact]:
        return [
            TrashedArtifact(row.dataset_id, artifact_of(row, datastore), row.delete_bytes)
            for row in self._session.call("claim_trash", datastore, older_than, limit, bound_ids(stuck))
        ]

    @contextmanager
    def hold(self, datastore: str, dataset_ids: Iterable[UUID]) -> Iterator[HeldTrash]:
        with self._session.transaction() as cursor:
            yield PostgresHeldTrash(cursor, self._session.statement, datastore, dataset_ids)


_TRASH = """
    SELECT run, dataset_type, state, changed, changed_by, change_reason,
        count(*) AS datasets, sum(bytes) AS bytes, restorable_until
    FROM removal WHERE bytes IS NOT NULL
    GROUP BY run, dataset_type, state, changed, changed_by, change_reason, restorable_until
    ORDER BY changed, run, dataset_type
"""
