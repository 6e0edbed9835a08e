"""Registering datasets in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any, cast
from uuid import UUID

from butler.arguments import items
from butler.arguments import name as text
from butler.concurrency import looking_ahead
from butler.registry.interfaces.definitions import Definitions
from butler.registry.interfaces.puts import HeldRun, Hold, LooseFile, Prepared, Puts, Registered
from butler.registry.postgres.copy_in import StagedLot, staged_columns, staged_lots
from butler.registry.postgres.parameters import Bound, bound_datasets, bound_json
from butler.registry.postgres.records import data_id_of
from butler.registry.postgres.retry import execute
from butler.registry.postgres.session import Session
from butler.values import Artifact, DatasetRef
from butler.values.data_ids import json_ready

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

    def open_run(self, run: str) -> bool:
        ((described,),) = self._session.call_repeatable("open_run", text(run, "run"))
        return bool(described)

    def prepare(
        self,
        run: str,
        dataset_type: str,
        data_ids: Sequence[Mapping[str, Any]],
        *,
        skip_existing: bool = False,
    ) -> list[Prepared]:
        units = self._definitions.dataset_type(dataset_type).units
        rows = self._session.look_up(
            "prepare_put",
            text(run, "run"),
            dataset_type,
            bound_json([json_ready(data_id) for data_id in items(data_ids, "data_ids", "mappings")]),
            skip_existing,
        )
        return [Prepared(data_id_of(row.data_id, units), row.names, row.existing) for row in rows]

    def put(
        self,
        run: str,
        datasets: Sequence[DatasetRef],
        *,
        roots: Mapping[str, str] | None = None,
    ) -> int:
        ((new,),) = self._session.call("put", text(run, "run"), bound_datasets(datasets, roots or {}))
        return int(new)

    def register(
        self,
        run: str,
        dataset_type: str,
        datastore: str,
        rows: Iterable[tuple[UUID, Mapping[str, Any], Artifact]],
        *,
        skip_existing: bool = False,
        root: str | None = None,
    ) -> Registered:
        from concurrent.futures import ThreadPoolExecutor

        units = self._definitions.dataset_type(dataset_type).units
        schema = self._session.schema
        copy = f"COPY %s ({staged_columns(units)}) FROM STDIN"
        merge = f"SELECT * FROM {schema}.merge_datasets(%s, %s, %s, %s, NULL, %s)"
        given = 0
        existing: dict[UUID, UUID] = {}

        def hand_over(lot: StagedLot) -> tuple[StagedLot, Sequence[Any]]:
            execute(cursor, f"SELECT {schema}.stage_datasets()")
            ((stage,),) = cursor.fetchall()
            cursor.copy_expert(copy % stage, BytesIO(lot.text()))
            execute(cursor, merge, (run, dataset_type, datastore, skip_existing, root))
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

    def held_runs(self) -> list[HeldRun]:
        return [HeldRun(*row) for row in self._session.look_up("held_runs")]

    def grace_period(self) -> timedelta:
        ((grace,),) = self._session.look_up("grace_period")
        return cast(timedelta, grace)

    def now(self) -> datetime:
        ((now,),) = self._session.rows("SELECT clock_timestamp()")
        return cast(datetime, now)

    @contextmanager
    def claim_loose_files(self, datastore: str, files: Sequence[LooseFile]) -> Iterator[frozenset[str]]:
        with self._session.transaction() as cursor:
            sql, values = self._session.statement(
                "claim_loose_files",
                (
                    datastore,
                    Bound([file.path for file in files], "text[]"),
                    Bound([file.modified for file in files], "timestamptz[]"),
                ),
            )
            execute(cursor, sql, values)
            yield frozenset(path for (path,) in cursor.fetchall())
