"""A user's SELECTs: what is given as a query must be neither two statements nor a command."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from butler.errors import ExpressionError
from butler.registry.postgres.errors import translated
from butler.registry.postgres.retry import attempted, execute
from butler.registry.postgres.session import Session
from butler.registry.results import Fetched, Rows

__all__ = ["for_driver", "lazy_rows", "one_statement"]

_PARAMETER = re.compile(r"(?<![:\w\\]):([A-Za-z_]\w*)")
_ESCAPED_COLON = re.compile(r"\\:")

_LETTER = r"[A-Za-z_\x80-\U0010ffff]"
_TOKEN = re.compile(
    rf"""(?P<quoted>
      [eE]'(?:[^'\\]|\\.|'')*'(?:(?:\s|--[^\n\r]*)*'(?:[^'\\]|\\.|'')*')*  # escape string, continued
    | '(?:[^']|'')*'                               # string
    | "(?:[^"]|"")*"                               # identifier
    | \$(?P<tag>(?:{_LETTER}(?:{_LETTER}|\d)*)?)\$.*?\$(?P=tag)\$
    | --[^\n\r]*                                   # comment
    )
    | (?P<comment>/\*)
    | {_LETTER}(?:{_LETTER}|[\d$])*                # word: no string begins within""",
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_READS = re.compile(r"[\s(]*(?:select|with|values|table|explain|show)(?![\w$])", re.IGNORECASE)
_BLANK = "; \t\r\n\f\v"


def lazy_rows(session: Session, sql: str, parameters: Mapping[str, Any] | None = None) -> Rows:
    """Give the rows of one SELECT on the common schema, which is sent when they are first asked for.

    Parameters
    ----------
    session : `~butler.registry.postgres.session.Session`
        Carries it out, in a read-only transaction.
    sql : `str`
        One statement; parameters are written ``:name``.
    parameters : `~collections.abc.Mapping`, optional
        Their values.

    Raises
    ------
    ExpressionError
        If it isn't one statement that reads, or a parameter isn't given.
    """
    given = dict(parameters or {})
    # With what it reads for in one message: nothing lies between that another session could get.
    guarded = (
        f"BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; SET LOCAL search_path = {session.schema}, public; "
        f"{for_driver(one_statement(sql), given)}"
    )

    def read(connection: Any) -> Fetched:
        with connection.cursor() as cursor:
            try:
                execute(cursor, guarded, given)
                if cursor.description is None:
                    return Fetched((), [])
                return Fetched(tuple(column.name for column in cursor.description), cursor.fetchall())
            finally:
                _leave_nothing(connection)

    def fetch() -> Fetched:
        with translated(ExpressionError):
            return attempted(session.connections, read, repeatable=True, what="a query")

    return Rows(fetch)


def _leave_nothing(connection: Any) -> None:
    """End a user's query so that nothing of it outlasts it: settings are undone, locks given up.

    In one message again, which a pooler sends to one server, the same that had the query.
    """
    if not connection.closed:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK; SELECT pg_catalog.pg_advisory_unlock_all()")


def one_statement(sql: str) -> str:
    """Give a statement without its closing semicolon.

    This serves the message, and keeps sessions as they are: what a query may
    do is limited by the role and by a read-only transaction.

    Raises
    ------
    ExpressionError
        If it is empty, holds a NUL, several statements, or one of a kind that
        isn't for reading.
    """
    if "\x00" in sql:
        raise ExpressionError("the query holds a NUL character", hint="Take it out.")
    bare = _bare(sql).strip()
    if not bare.strip(_BLANK):
        raise ExpressionError("the query is empty", hint="Give one SELECT.")
    if ";" in bare.rstrip(_BLANK):
        raise ExpressionError(
            "the query holds more than one statement",
            hint="Give one SELECT; a semicolon inside a text is fine.",
            details={"sql": sql[:200]},
        )
    if not _READS.match(bare):
        raise ExpressionError(
            f"this isn't a query that only reads: it begins with {bare.split()[0][:50]!r}",
            hint="Begin with SELECT, WITH, VALUES, TABLE, EXPLAIN or SHOW; write by the registry's methods.",
            details={"sql": sql[:200]},
        )
    return sql.rstrip(_BLANK) if bare.endswith(";") else sql


def for_driver(sql: str, given: Collection[str]) -> str:
    """Give a statement as the driver takes it, with ``%(name)s`` for each ``:name``.

    A colon after another, as of a cast, or after a word begins no parameter,
    nor does one with a backslash before it, which is taken out.

    Raises
    ------
    ExpressionError
        If one of its parameters isn't given.
    """
    lacking = sorted(set(_PARAMETER.findall(sql)) - set(given))
    if lacking:
        raise ExpressionError(
            f"the query's parameter {':' + lacking[0]} is not given",
            hint=r"Give its value by this name, or write \: for a colon that begins no parameter.",
            details={"sql": sql[:200], "parameters": lacking},
        )
    named = _PARAMETER.sub(r"%(\1)s", sql.replace("%", "%%"))
    return _ESCAPED_COLON.sub(":", named)


def _bare(sql: str) -> str:
    """Give the statement with a blank for each text, quoted name and comment."""
    parts = []
    end = 0
    while token := _TOKEN.search(sql, end):
        parts.append(sql[end : token.start()])
        end = token.end()
        if token["comment"]:
            end = _end_of_comment(sql, end)
        elif not token["quoted"]:
            parts.append(token[0])
            continue
        parts.append(" ")
    return "".join((*parts, sql[end:]))


def _end_of_comment(sql: str, start: int) -> int:
    """Find where a comment ends that begins before ``start``; comments nest."""
    depth = 1
    while depth:
        edge = _COMMENT_EDGE.search(sql, start)
        if edge is None:
            return len(sql)
        start = edge.end()
        depth += 1 if edge[0] == "/*" else -1
    return start
