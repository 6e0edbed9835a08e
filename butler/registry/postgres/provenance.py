"""Provenance in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from butler.arguments import duration, short
from butler.arguments import name as text
from butler.errors import CollectionNotFoundError, InvalidNameError, nearest
from butler.registry.interfaces.provenance import Process, Provenance, RunningQuantum
from butler.registry.postgres.parameters import (
    bound_datasets,
    bound_id,
    bound_ids,
    bound_json,
    bound_moment,
)
from butler.registry.postgres.session import Session
from butler.registry.postgres.user_sql import lazy_rows
from butler.registry.results import Fetched, Rows
from butler.values import DatasetRef, QuantumStatus
from butler.values.data_ids import json_ready

__all__ = ["PostgresProvenance"]


class PostgresProvenance(Provenance):
    """Calls of the functions under ``db/functions/provenance``.

    Parameters
    ----------
    session : `~butler.registry.postgres.session.Session`
        Carries them out.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def set_environment(self, run: str, dataset_id: UUID) -> bool:
        ((first,),) = self._session.call("set_run_environment", run, bound_id(dataset_id))
        return bool(first)

    def begin_quantum(
        self,
        quantum_id: UUID,
        run: str,
        task: str,
        data_id: Mapping[str, Any],
        inputs: Sequence[UUID],
        process: Process,
    ) -> None:
        started = process.started
        self._session.call_repeatable(
            "begin_quantum",
            text(run, "run"),
            text(task, "task"),
            bound_json(json_ready(data_id)),
            bound_ids(inputs),
            bound_json(
                {
                    "host": process.host,
                    "pid": process.pid,
                    "started": None if started is None else started.isoformat(),
                    "mark": process.mark,
                }
            ),
            bound_id(quantum_id),
        )

    def predict_inputs(self, quantum_id: UUID, inputs: Sequence[UUID]) -> None:
        self._session.call_repeatable("predict_inputs", bound_id(quantum_id), bound_ids(inputs))

    def end_quantum(
        self,
        quantum_id: UUID,
        status: QuantumStatus,
        inputs_read: Sequence[UUID],
        message: str | None = None,
        *,
        outputs: Sequence[DatasetRef] = (),
        roots: Mapping[str, str] | None = None,
    ) -> int:
        ((new,),) = self._session.call(
            "end_quantum",
            bound_id(quantum_id),
            str(status),
            bound_ids(inputs_read),
            message,
            bound_datasets(outputs, roots or {}),
        )
        return int(new)

    def running_quanta(self) -> list[RunningQuantum]:
        rows = self._session.look_up("running_quanta")
        return [RunningQuantum(*row) for row in rows]

    def end_dead_quanta(self, quantum_ids: Sequence[UUID], message: str) -> int:
        ((ended,),) = self._session.call_repeatable("end_dead_quanta", bound_ids(quantum_ids), message)
        return int(ended)

    def activity(
        self,
        *,
        since: datetime | timedelta | str | None = None,
        by: str | None = None,
        collection: str | None = None,
        operation: str | None = None,
        limit: int | None = None,
    ) -> Rows:
        since = _since(since)
        if isinstance(since, timedelta):
            after = "clock_timestamp() - :since"
        else:
            after, since = "CAST(:since AS timestamptz)", bound_moment(since).value
        asked: dict[str, tuple[Any, str]] = {
            "since": (since, f"at >= {after}"),
            "by": (by and text(by, "by"), ":by IN (actor, login)"),
            "collection": (
                collection and text(collection, "collection"),
                "collections @> ARRAY[:collection]",
            ),
            "operation": (operation and text(operation, "operation"), "operation = :operation"),
        }
        conditions = [condition for value, condition in asked.values() if value is not None]
        rows = lazy_rows(
            self._session,
            f"SELECT * FROM activity WHERE {' AND '.join(conditions) or 'true'}"
            " ORDER BY at DESC, activity_id DESC LIMIT :number",
            {**{name: value for name, (value, _) in asked.items()}, "number": limit},
        )

        def fetch() -> Fetched:
            if not rows.fetched.rows:
                self._refuse_unknown(by, collection, operation)
            return rows.fetched

        return Rows(fetch)

    def _refuse_unknown(self, by: str | None, collection: str | None, operation: str | None) -> None:
        """Refuse a name that nothing has, and of which nothing is on record: what is gone is there still."""
        if operation and operation not in _OF_OPERATORS and not self._any(_OPERATION, operation):
            known = [*_OF_OPERATORS, *(row.operation for row in self._session.rows(_OPERATIONS))]
            raise InvalidNameError(f"no operation {short(operation)}", hint=nearest(operation, known))
        if by and not self._any(_ROLE, by):
            known = [row.rolname for row in self._session.rows(_ROLES)]
            raise InvalidNameError(f"no role {short(by)}", hint=nearest(by, known))
        if collection and not self._any(_COLLECTION, collection):
            known = [row.collection for row in self._rows_about(_COLLECTIONS, collection)]
            raise CollectionNotFoundError(
                f"no collection {short(collection)}", hint=nearest(collection, known)
            )

    def _any(self, query: str, name: str) -> bool:
        return bool(self._rows_about(query, name))

    def _rows_about(self, query: str, name: str) -> Sequence[Any]:
        """Give the rows of a query that speaks of one name, perhaps several times."""
        query = query.format(self._session.schema)
        return self._session.rows(query, (name,) * query.count("%s"))


def _since(value: datetime | timedelta | str | None) -> datetime | timedelta | str | None:
    """Read how long ago; a time is left as it is written."""
    if not isinstance(value, str) or (found := duration(value)) is None:
        return value
    return found


_OF_OPERATORS = ("create_layer", "drop_layer", "grant", "set_trash_delay")
"""What no function of the database does."""

_OPERATIONS = r"""
    SELECT DISTINCT r.found[1] AS operation
    FROM pg_catalog.pg_proc AS p
    CROSS JOIN LATERAL regexp_matches(p.prosrc, '\.record\(\s*''+([a-z_]+)''', 'g') AS r (found)
"""
"""The functions that record what they do name it."""

_OPERATION = f"""
    SELECT true FROM ({_OPERATIONS}) AS o WHERE o.operation = %s
    UNION ALL
    (SELECT true FROM {{0}}.activity WHERE operation = %s LIMIT 1)
"""
_ROLES = "SELECT rolname FROM pg_catalog.pg_roles WHERE NOT starts_with(rolname, 'pg_')"
_ROLE = """
    SELECT true FROM pg_catalog.pg_roles WHERE rolname = %s
    UNION ALL
    (SELECT true FROM {0}.activity WHERE %s IN (actor, login) LIMIT 1)
"""
_COLLECTIONS = """
    SELECT collection FROM {0}.collection
    ORDER BY left(collection, 4) = left(%s, 4) DESC, collection LIMIT 200
"""
_COLLECTION = """
    SELECT true FROM {0}.collection WHERE collection = %s
    UNION ALL
    (SELECT true FROM {0}.activity WHERE collections @> ARRAY[%s] LIMIT 1)
"""
