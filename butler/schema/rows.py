"""What a change of the tables would lose.

Tables are named with their schemas, whatever search_path the session has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import Connection, text

from butler.schema.install import registries
from butler.schema.tables import COMMON

__all__ = ["Column", "columns", "deleted_rows", "registered_rows", "rows_in"]


class Column(NamedTuple):
    """A column that holds data, where it is and what fills it by itself."""

    table: str
    name: str
    column_type: str
    filler: str | None


_COLUMNS = text("""
    SELECT
        format('%I.%I', n.nspname, c.relname), quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
        pg_get_expr(d.adbin, d.adrelid)
    FROM pg_attribute AS a
    JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE n.nspname = ANY(:schemas) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    ORDER BY 1, a.attnum
""")

_DELETED = text("""
    SELECT format('%I.%I', t.schemaname, t.relname) AS "table", t.n_tup_del AS deleted
    FROM pg_stat_xact_user_tables AS t
    WHERE t.schemaname = ANY(:schemas) AND t.relname <> 'alembic_version' AND t.n_tup_del > 0
""")


def _schemas(connection: Connection) -> list[str]:
    return [COMMON, *(registry.tables for registry in registries(connection))]


def columns(connection: Connection) -> list[Column]:
    """List the columns of all tables of all registries, but those that are computed from others."""
    return [Column(*row) for row in connection.execute(_COLUMNS, {"schemas": _schemas(connection)})]


def deleted_rows(connection: Connection) -> Counter[str]:
    """Count the rows that this transaction has deleted, by table; also where that was taken back."""
    rows = connection.execute(_DELETED, {"schemas": _schemas(connection)})
    return Counter({row.table: row.deleted for row in rows})


def rows_in(connection: Connection, gone: Iterable[Column]) -> dict[str, int]:
    """Count the rows that have something in columns: what fills itself is nothing, unless the table goes.

    Returns
    -------
    rows : `dict` [`str`, `int`]
        By table, or table and columns; what is empty isn't listed.
    """
    present = {table: list(group) for table, group in groupby(columns(connection), lambda c: c.table)}
    found = {}
    for table, group in groupby(gone, lambda c: c.table):
        lost = list(group)
        whole = len(lost) == len(present[table])
        name = table if whole else f"{table} ({', '.join(column.name for column in lost)})"
        count = connection.exec_driver_sql(
            f"SELECT count(*) FROM {table}{'' if whole else f' WHERE {_filled(lost)}'}"
        ).scalar_one()
        if count:
            found[name] = count
    return found


def _filled(lost: Sequence[Column]) -> str:
    return " OR ".join(f"{column.name} IS DISTINCT FROM ({column.filler or 'NULL'})" for column in lost)


# What is there without anybody's having registered it: the dataset type of db/reference/dataset_types.sql,
# the datastore that a repository is made with.
_FROM_THE_FIRST = {
    "dataset_type": "SELECT count(*) FROM {table} WHERE dataset_type <> 'run_environment'",
    "datastore": "SELECT greatest(count(*) - 1, 0) FROM {table}",
    # Who registered what is now gone: each repository has rows of that from its first command.
    "activity": "SELECT 0",
}


def registered_rows(connection: Connection) -> dict[str, int]:
    """Count what people have registered, layers too; not who did what, which is no more than about that.

    Returns
    -------
    rows : `dict` [`str`, `int`]
        By table; what is empty isn't listed.
    """
    known = registries(connection)
    counts = {
        f"{registry.tables}.{table}": question
        for registry in known
        for table, question in _FROM_THE_FIRST.items()
    }
    present = columns(connection)
    found = rows_in(
        connection,
        [c for c in present if c.table not in counts and not c.table.startswith(f"{COMMON}.")],
    )
    for table, question in counts.items():
        found[table] = connection.exec_driver_sql(question.format(table=table)).scalar_one()
    found[f"{COMMON}.registry (layers)"] = sum(registry.depth > 0 for registry in known)
    return {table: count for table, count in found.items() if count}
