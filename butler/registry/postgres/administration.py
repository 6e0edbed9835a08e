"""Counts, sizes and versions of a PostgreSQL registry."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, get_args

from butler.errors import ExpressionError, InvalidNameError, SchemaVersionError, nearest
from butler.registry.interfaces.administration import Administration, UsedBy
from butler.registry.postgres.parameters import like_pattern
from butler.registry.postgres.session import Session
from butler.registry.postgres.user_sql import lazy_rows
from butler.registry.results import Fetched, Rows

__all__ = ["PostgresAdministration"]


class PostgresAdministration(Administration):
    """SELECTs on the views under ``db/views/administration``, which read what is kept counted.

    Parameters
    ----------
    session : `~butler.registry.postgres.session.Session`
        Carries them out.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def summary(self) -> dict[str, Any]:
        (found,) = self._counted(_SUMMARY)
        replica = self._session.replica
        return {
            **found._asdict(),
            "replica": None if replica is None else replica.describe(self._session.connections),
        }

    def server(self) -> dict[str, Any]:
        (found,) = lazy_rows(self._session, _SERVER)
        try:
            (schema,) = lazy_rows(self._session, _SCHEMA)
        except (ExpressionError, SchemaVersionError):  # a server may be asked how it does before there is one
            return dict(found._asdict())
        return {**found._asdict(), **schema._asdict()}

    def storage_use(self, pattern: str = "*", *, by: UsedBy = "run") -> Rows:
        if by not in get_args(UsedBy):
            raise InvalidNameError(
                f"storage is not added up by {by!r}", hint=nearest(by, get_args(UsedBy)), details={"by": by}
            )
        query = _USE_BY_COLLECTION if by == "collection" else _USE.format(by)
        return self._counted(query, {"name": like_pattern(pattern)})

    def count_datasets(self, dataset_type: str) -> int:
        ((count,),) = self._session.rows(
            f"SELECT coalesce(sum(datasets), 0) FROM {self._session.schema}.dataset_count"
            " WHERE dataset_type = %s AND state <> 'removed'",
            (dataset_type,),
        )
        return int(count)

    def fold_counts(self) -> int:
        ((count,),) = self._session.call_repeatable("fold_storage_use")
        return int(count)

    def datastores(self) -> Rows:
        return self._counted(_DATASTORES)

    def _counted(self, query: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        """Give rows whose totals are Python's integers, however large: PostgreSQL adds up to decimals."""
        rows = lazy_rows(self._session, query, parameters)

        def fetch() -> Fetched:
            columns, found = rows.fetched
            return Fetched(columns, [tuple(map(_integer, row)) for row in found])

        return Rows(fetch)


def _integer(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) else value


# What is recorded as a file's size may be anything up to what a bigint holds, so that no sum of it is one.
_SUMMARY = """
    SELECT
        current_schema() AS registry,
        (SELECT schema_version FROM schema_version) AS schema,
        (SELECT oldest_client FROM schema_version) AS oldest_client,
        current_setting('server_version') AS postgresql,
        postgis_lib_version() AS postgis,
        (SELECT count(*) FROM camera) AS cameras,
        (SELECT count(*) FROM skymap) AS skymaps,
        (SELECT count(*) FROM visit) AS visits,
        (SELECT count(*) FROM collection) AS collections,
        (SELECT count(*) FROM dataset_type) AS dataset_types,
        (SELECT coalesce(sum(datasets), 0) FROM dataset_count WHERE state <> 'removed') AS datasets,
        (SELECT coalesce(sum(bytes), 0) FROM storage_use WHERE state = 'present') AS bytes,
        (SELECT max(last_created) FROM dataset_count) AS last_ingest
"""
_SERVER = """
    SELECT current_setting('server_version') AS version, current_user AS login,
        pg_database_size(current_database()) AS bytes
"""
_SCHEMA = "SELECT schema_version AS schema, oldest_client FROM schema_version"
_USE = """
    SELECT {0},
        coalesce(sum(datasets) FILTER (WHERE state = 'present'), 0) AS datasets,
        coalesce(sum(bytes) FILTER (WHERE state = 'present' AND NOT in_place), 0) AS bytes,
        coalesce(sum(bytes) FILTER (WHERE state = 'present' AND in_place), 0) AS in_place,
        coalesce(sum(bytes) FILTER (WHERE state = 'trashed'), 0) AS trashed
    FROM storage_use WHERE {0} LIKE :name GROUP BY {0} ORDER BY {0}
"""
_USE_BY_COLLECTION = """
    SELECT c.collection, c.collection_type AS collection_type, count(DISTINCT c.dataset_id) AS datasets,
        coalesce(sum(c.size) FILTER (WHERE c.path !~ '^[a-z][a-z0-9+.-]*:'), 0) AS bytes,
        coalesce(sum(c.size) FILTER (WHERE c.path ~ '^[a-z][a-z0-9+.-]*:'), 0) AS in_place
    FROM (
        SELECT c.collection, c.collection_type, c.dataset_id, a.path, CASE
            WHEN a.part IS NULL OR lag(a.part) OVER (PARTITION BY c.collection, a.uri ORDER BY a.part) IS NULL
                THEN a.size
        END AS size
        FROM dataset_collection AS c
        INNER JOIN artifact AS a ON a.dataset_id = c.dataset_id AND a.state = 'present'
        WHERE c.collection LIKE :name
    ) AS c
    GROUP BY c.collection, c.collection_type ORDER BY c.collection
"""
_DATASTORES = """
    SELECT s.datastore, s.root, coalesce(sum(u.artifacts), 0) AS artifacts, coalesce(sum(u.bytes), 0) AS bytes
    FROM datastore AS s LEFT JOIN storage_use AS u ON u.datastore = s.datastore AND u.state = 'present'
    GROUP BY s.datastore, s.root ORDER BY s.datastore
"""
