"""Lists from PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any
from uuid import UUID

from butler.arguments import name as text
from butler.errors import InvalidDataIdError, nearest
from butler.registry.interfaces.definitions import Definitions
from butler.registry.interfaces.lookup import Lookup
from butler.registry.interfaces.queries import Queries
from butler.registry.postgres.parameters import bound_ids, bound_json, bound_moment, bound_texts
from butler.registry.postgres.session import Session
from butler.registry.postgres.user_sql import lazy_rows
from butler.registry.results import DatasetRefs, Fetched, Rows, dataset_columns
from butler.values.data_ids import json_ready

if TYPE_CHECKING:
    import pyarrow

__all__ = ["PostgresQueries"]


class PostgresQueries(Queries):
    """Calls of the functions under ``db/functions/queries``, and SELECTs on the common schema.

    Parameters
    ----------
    session : `~butler.registry.postgres.session.Session`
        Carries them out.
    definitions : `~butler.registry.interfaces.Definitions`
        Knows the dataset types.
    lookup : `~butler.registry.interfaces.Lookup`
        Knows the artifacts.
    """

    def __init__(self, session: Session, definitions: Definitions, lookup: Lookup) -> None:
        self._session = session
        self._definitions = definitions
        self._lookup = lookup

    def datasets(
        self,
        dataset_type: str,
        collections: Sequence[str],
        data_id: Mapping[str, Any],
        *,
        find_first: bool = True,
        as_of: datetime | str | None = None,
    ) -> DatasetRefs:
        asked = (
            text(dataset_type, "dataset_type"),
            bound_texts(collections),
            bound_json(json_ready(data_id)),
            find_first,
            bound_moment(as_of),
        )

        def fetch() -> Fetched:
            rows = self._session.look_up_dataset("query_datasets", *asked)
            return Fetched(("dataset_id", "data_id", "run", "collection"), rows)

        def stream() -> Iterator[pyarrow.RecordBatch]:
            columns = dataset_columns(self._definitions.dataset_type(dataset_type).units)
            found, parameters = self._session.statement("query_dataset_columns", asked)
            names = ", ".join(_AS_TEXT.get(name, name) for name in columns.names)
            batches = self._session.batches(f"SELECT {names} FROM ({found}) AS found", parameters, columns)
            # What is wrong with the query is said here, not when the rows are taken.
            first = list(islice(batches, 1))
            return chain(first, batches)

        return DatasetRefs(
            fetch,
            lambda: self._definitions.dataset_type(dataset_type),
            self._lookup.with_artifacts,
            stream,
        )

    def units(self, view: str, values: Mapping[str, Any], *, limit: int | None = None) -> Rows:
        text(view, "view")
        columns = [
            row.column_name for row in self._session.rows(_PLAIN_COLUMNS, (self._session.schema, view))
        ]
        if not columns:
            raise InvalidDataIdError(f"there is no unit {view!r}", hint="'butler query --help' lists them.")
        meant = [self._column(word, view, columns) for word in values]
        conditions = " AND ".join(
            f"v.{column} IS NULL" if value is None else f"v.{column} = :v{n}"
            for n, (column, value) in enumerate(zip(meant, values.values(), strict=True))
        )
        order = ", ".join(map(str, range(1, min(len(columns), 4) + 1)))
        return self.sql(
            f"SELECT {', '.join(f'v.{column}' for column in columns)} FROM {view} AS v"
            f" WHERE {conditions or 'true'} ORDER BY {order} LIMIT :number",
            {**{f"v{n}": value for n, value in enumerate(values.values())}, "number": limit},
        )

    def _column(self, word: str, view: str, columns: Sequence[str]) -> str:
        """Give the column that a word means: its own name, or that of a unit with another name."""
        if word in columns:
            return word
        for (unit,) in self._session.rows(
            f"SELECT unit FROM {self._session.schema}.unit WHERE %s = ANY (aliases)", (word,)
        ):
            if unit in columns:
                return str(unit)
        raise InvalidDataIdError(f"{view} has no column {word!r}", hint=nearest(word, columns))

    def uris(self, dataset_ids: Iterable[UUID]) -> Rows:
        return self.sql(_URIS, {"ids": bound_ids(dataset_ids).value})

    def sql(self, statement: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        return lazy_rows(self._session, statement, parameters)


_AS_TEXT = {
    "visit_range": "lower(visit_range) || '..' || coalesce(upper(visit_range)::text, '') AS visit_range"
}
"""Units whose texts, as data IDs have them, aren't PostgreSQL's own."""

_PLAIN_COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_schema = %s AND table_name = %s AND udt_name <> 'geography' ORDER BY ordinal_position
"""
_URIS = """
    SELECT d.dataset_id, a.component, a.uri
    FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS d (dataset_id, place)
    LEFT JOIN (
        artifact AS a INNER JOIN dataset AS e ON e.dataset_id = a.dataset_id AND e.state = 'present'
    ) ON a.dataset_id = d.dataset_id AND a.state IN ('present', 'lost')
    ORDER BY d.place, a.component
"""
