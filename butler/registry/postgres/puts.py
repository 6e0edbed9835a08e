"""Registering datasets in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

from butler.arguments import items
from butler.arguments import name as text
from butler.concurrency import looking_ahead
from butler.errors import ArtifactMissingError
from butler.registry.interfaces.definitions import Definitions
from butler.registry.interfaces.puts import BegunPut, Hold, Puts, Registered, UnfinishedPut
from butler.registry.postgres.copy_in import StagedLot, staged_columns, staged_lots
from butler.registry.postgres.parameters import bound_id, bound_ids, bound_json
from butler.registry.postgres.records import data_id_of
from butler.registry.postgres.retry import execute
from butler.registry.postgres.session import Session
from butler.values import Artifact, DatasetType, json_ready

__all__ = ["PostgresPuts"]


class PostgresPuts(Puts):
    """Calls of the functions under ``db/functions/puts``.

    Parameters
    ----------
    session : `~butler.registry.postgres.session.Session`
        Carries them out.
    definitions : `~butler.registry.interfaces.Definitions`
        Knows the dataset types.
    """

    def __init__(self, session: Session, definitions: Definitions) -> None:
        self._session = session
        self._definitions = definitions

    def begin(
        self,
        run: str,
        dataset_type: str,
        data_ids: Sequence[Mapping[str, Any]],
        *,
        template: str,
        datastore: str,
        quantum_id: int | None = None,
        skip_existing: bool = False,
    ) -> list[BegunPut]:
        rows = self._session.call_repeatable(
            "begin_put",
            text(run, "run"),
            text(dataset_type, "dataset_type"),
            bound_json([json_ready(data_id) for data_id in items(data_ids, "data_ids", "mappings")]),
            template,
            datastore,
            quantum_id,
            skip_existing,
        )
        return [
            BegunPut(
                row.dataset_id,
                DatasetType(dataset_type, row.storage_class, tuple(row.units)),
                data_id_of(row.data_id, row.units),
                run,
                row.hint,
                row.needs_environment,
                row.there_already,
            )
            for row in rows
        ]

    def finish(self, written: Mapping[UUID, Sequence[Artifact]], *, skip_existing: bool = False) -> int:
        for dataset_id, artifacts in written.items():
            if not artifacts:  # no row would tell the server of it
                raise ArtifactMissingError(
                    f"dataset {dataset_id} has no artifact to be registered with",
                    hint="A datastore gives at least one for what it has written; put it again.",
                    details={"dataset_id": str(dataset_id)},
                )
        rows = [
            {
                "dataset_id": str(dataset_id),
                "component": artifact.component,
                "path": artifact.path,
                "formatter": artifact.formatter,
                "size": artifact.size,
                "sha256": artifact.sha256.hex(),
            }
            for dataset_id, artifacts in written.items()
            for artifact in artifacts
        ]
        ((registered,),) = self._session.call("finish_put", bound_json(rows), skip_existing)
        return int(registered)

    def abandon(self, dataset_ids: Sequence[UUID]) -> list[UUID]:
        return [
            unregistered
            for (unregistered,) in self._session.call_repeatable("abandon_put", bound_ids(dataset_ids))
        ]

    def forget(self, dataset_ids: Sequence[UUID]) -> int:
        ((count,),) = self._session.call_repeatable("forget_puts", bound_ids(dataset_ids))
        return int(count)

    def unfinished(self, older_than: timedelta) -> list[UnfinishedPut]:
        return [_unfinished(row) for row in self._session.look_up("unfinished_puts", older_than)]

    def reap(
        self, datastore: str, older_than: timedelta, *, after: UUID | None = None, limit: int = 1000
    ) -> list[UnfinishedPut]:
        rows = self._session.call("reap_puts", datastore, older_than, bound_id(after or UUID(int=0)), limit)
        return [_unfinished(row, row.registered) for row in rows]

    def register(
        self,
        run: str,
        dataset_type: str,
        datastore: str,
        rows: Iterable[tuple[UUID, Mapping[str, Any], Artifact]],
        *,
        skip_existing: bool = False,
    ) -> Registered:
        from concurrent.futures import ThreadPoolExecutor

        units = self._definitions.dataset_type(dataset_type).units
        schema = self._session.schema
        copy = f"COPY %s ({staged_columns(units)}) FROM STDIN"
        merge = f"SELECT * FROM {schema}.merge_datasets(%s, %s, %s, %s)"
        given = 0
        existing: dict[UUID, UUID] = {}

        def hand_over(lot: StagedLot) -> tuple[StagedLot, Sequence[Any]]:
            execute(cursor, f"SELECT {schema}.stage_datasets()")
            ((stage,),) = cursor.fetchall()
            cursor.copy_expert(copy % stage, BytesIO(lot.text()))
            execute(cursor, merge, (run, dataset_type, datastore, skip_existing))
            return lot, cursor.fetchall()

        with (
            self._session.transaction() as cursor,
            # A lot is handed over in a thread of its own, while the next one is read.
            ThreadPoolExecutor(1) as thread,
        ):
            for lot, passed_over in looking_ahead(thread, hand_over, staged_lots(rows, units), 1):
                given += lot.datasets
                for row in passed_over:
                    existing[lot.dataset_id(row.row_number)] = row.existing
        return Registered(given - len(existing), existing)

    def hold(self, run: str, until: datetime, reason: str = "") -> None:
        self._session.call_repeatable("hold_run", run, until, reason)

    def release(self, run: str) -> bool:
        ((released,),) = self._session.call_repeatable("release_run", run)
        return bool(released)

    def holds(self) -> list[Hold]:
        rows = self._session.rows(
            "SELECT run, held_by, since, until, reason"
            f" FROM {self._session.schema}.run_hold ORDER BY run, held_by"
        )
        return [Hold(*row) for row in rows]


def _unfinished(row: Any, registered: bool = False) -> UnfinishedPut:
    return UnfinishedPut(
        row.dataset_id,
        row.dataset_type,
        row.storage_class,
        row.datastore,
        row.hint,
        row.begun,
        row.begun_by,
        row.given_up,
        registered,
    )
