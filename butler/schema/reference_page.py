"""The schema reference: one page of Markdown, made from a database's own catalogue.

``docs/schema.md`` is that page, of a database at the newest revision; ``make
schema`` writes it, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from butler.schema.migrations import current_version

__all__ = ["reference_page"]

_UNITS = (
    "camera",
    "physical_sensor",
    "abstract_filter",
    "physical_filter",
    "visit",
    "observed_sensor",
    "snap",
    "visit_range",
    "skymap",
    "tract",
    "patch",
    "sky_pixel",
    "label",
)
_DATASETS = (
    "dataset_type",
    "dataset",
    "artifact",
    "datastore",
    "collection",
    "run",
    "execution",
    "quantum",
    "dataset_consumer",
    "calibration",
)

_RELATIONS = """
SELECT c.relname AS relation, c.relkind = 'c' AS is_type,
       coalesce(obj_description(c.oid, 'pg_class'), obj_description(c.reltype, 'pg_type')) AS comment,
       a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type,
       col_description(c.oid, a.attnum) AS column_comment
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'butler'::regnamespace AND c.relkind IN ('v', 'c')
  AND coalesce(obj_description(c.oid, 'pg_class'), '') NOT LIKE 'Visits of camera %'
ORDER BY c.relname, a.attnum
"""

_FUNCTIONS = """
SELECT p.proname AS function, pg_get_function_arguments(p.oid) AS arguments,
       replace(pg_get_function_result(p.oid), 'butler.', '') AS result,
       obj_description(p.oid, 'pg_proc') AS comment,
       has_function_privilege(butler.rolname, p.oid, 'EXECUTE') AS readers
FROM pg_catalog.pg_proc AS p
CROSS JOIN (
    SELECT i.role_prefix || '_reader' AS rolname FROM butler_common.installation AS i
) AS butler
WHERE p.pronamespace = 'butler'::regnamespace
ORDER BY p.proname, arguments
"""

_KEYS = """
SELECT t.relname AS table, k.conname AS name, k.contype = 'p' AS primary,
       r.relname AS target, array_agg(a.attname ORDER BY x.position) AS columns,
       bool_and(a.attnotnull) AS required
FROM pg_catalog.pg_constraint AS k
INNER JOIN pg_catalog.pg_class AS t ON t.oid = k.conrelid
LEFT JOIN pg_catalog.pg_class AS r ON r.oid = k.confrelid
CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY AS x (number, position)
INNER JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = x.number
WHERE k.connamespace = 'butler_internal'::regnamespace AND k.contype IN ('p', 'f')
GROUP BY t.relname, k.conname, k.contype, r.relname
ORDER BY t.relname, k.conname
"""

_RAISED = """
SELECT DISTINCT code[1] AS code, p.proname AS function
FROM pg_catalog.pg_proc AS p
CROSS JOIN LATERAL regexp_matches(pg_get_functiondef(p.oid), '''(UB[0-9]{3})''', 'g') AS code
WHERE p.pronamespace IN (
    'butler'::regnamespace, 'butler_internal'::regnamespace, 'butler_common'::regnamespace
)
ORDER BY 1, 2
"""


def reference_page(connection: Connection, exceptions: Mapping[str, str]) -> str:
    """Describe the base registry of a database.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        As the owner.
    exceptions : `~collections.abc.Mapping` [`str`, `str`]
        SQLSTATE to the name of the Python exception that it becomes.

    Returns
    -------
    page : `str`
        Markdown, with diagrams in Mermaid.
    """
    relations = _rows(connection, _RELATIONS)
    views = [row for row in relations if not row["is_type"]]
    functions = _rows(connection, _FUNCTIONS)
    keys = _rows(connection, _KEYS)
    raised = _rows(connection, _RAISED)
    lines = [
        "# Schema reference",
        "",
        "<!-- Written by make schema; don't edit it. -->",
        "",
        f"The common schema at revision `{current_version(connection)}`, made from the database's own"
        " catalogue. Every registry has these views and functions, a layer too."
        " [sql.md](sql.md) shows how to use them.",
        "",
        "- [The units](#the-units) and [the datasets](#the-datasets), as diagrams",
        "- [Views](#views), and [row types](#row-types) of functions",
        "- [Functions that read](#functions-that-read), [functions that write](#functions-that-write)",
        "- [Error codes](#error-codes)",
        "",
        "## The units",
        "",
        *_diagram(_UNITS, views, keys),
        "",
        "## The datasets",
        "",
        *_diagram(_DATASETS, views, keys),
        "",
        "A dataset has a column for the value of each unit, null where its type hasn't that unit;"
        " each is checked against the unit's own table.",
        "",
        "## Views",
        "",
        *_relation_sections(views),
        "## Row types",
        "",
        "What several functions return: rows with these columns.",
        "",
        *_relation_sections([row for row in relations if row["is_type"]]),
        "## Functions that read",
        "",
        "Readers and writers may call these.",
        "",
        *_function_sections([f for f in functions if f["readers"]]),
        "## Functions that write",
        "",
        "Only writers may call these. `Butler` and `butler` do it for you.",
        "",
        *_function_sections([f for f in functions if not f["readers"]]),
        "## Error codes",
        "",
        "What stored logic refuses has an SQLSTATE of class `UB`, its facts as JSON in DETAIL and the remedy"
        " in HINT. [errors.md](errors.md) says what to do about each.",
        "",
        *_table(
            ("code", "exception", "raised by"),
            [
                (f"`{code}`", f"`{exceptions[code]}`", ", ".join(f"`{r['function']}`" for r in rows))
                for code, rows in _grouped(raised, "code")
            ],
        ),
    ]
    return "\n".join(lines) + "\n"


def _rows(connection: Connection, query: str) -> Sequence[Mapping[str, Any]]:
    rows = connection.execute(text(query.replace(":", r"\:"))).mappings()
    return [dict(row) for row in rows]


def _grouped(rows: Sequence[Mapping[str, Any]], key: str) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    for value in dict.fromkeys(row[key] for row in rows):
        yield value, [row for row in rows if row[key] == value]


def _diagram(
    names: Sequence[str], views: Sequence[Mapping[str, Any]], keys: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    """Draw views and how they point at each other, as the tables behind them do."""
    yield "```mermaid"
    yield "erDiagram"
    arrows: dict[tuple[str, str], bool] = {}
    for key in keys:
        table, target = key["table"], key["target"]
        if table in names and target in {*names, *_UNITS} and table != target:
            arrows[target, table] = arrows.get((target, table), False) or key["required"]
    for (target, table), required in sorted(arrows.items()):
        end, verb = "||" if required else "|o", "has" if target in names else "identifies"
        yield f"    {target} {end}--o{{ {table} : {verb}"
    for name in names:
        columns = [row for row in views if row["relation"] == name]
        types = {column["column"]: column["type"].split("(")[0].split()[0] for column in columns}
        yield f"    {name} {{"
        for column in next(key["columns"] for key in keys if key["table"] == name and key["primary"]):
            # A view has the name of what a table has by number.
            shown = column if column in types else column.removesuffix("_id")
            yield f"        {types[shown]} {shown} PK"
        yield "    }"
    yield "```"


def _relation_sections(relations: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for relation, columns in _grouped(relations, "relation"):
        yield f"### {relation}"
        yield ""
        yield _sentence(columns[0]["comment"])
        yield ""
        yield from _table(
            ("column", "type", "meaning"),
            [(f"`{c['column']}`", f"`{c['type']}`", _sentence(c["column_comment"])) for c in columns],
        )
        yield ""


def _function_sections(functions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for function in functions:
        yield f"### {function['function']}"
        yield ""
        yield _sentence(function["comment"])
        yield ""
        yield f"    {function['function']}({function['arguments']})"
        yield f"    → {function['result']}"
        yield ""


def _sentence(comment: str | None) -> str:
    return " ".join((comment or "").split())


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + " --- |" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
