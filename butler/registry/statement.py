"""Recognise one statement: what a user gives as a query must not be two."""

from __future__ import annotations

import re

from butler.errors import ExpressionError

__all__ = ["one_statement"]

_QUOTED = re.compile(
    r"""(?<![\w$])[eE]'(?:[^'\\]|\\.|'')*'  # escape string
    | '(?:[^']|'')*'                  # string
    | "(?:[^"]|"")*"                  # identifier
    | (?<![\w$])\$((?:[^\W\d]\w*)?)\$.*?\$\1\$  # dollar-quoted string
    | --[^\n]*                        # comment
    | /\*.*?\*/                       # comment""",
    re.VERBOSE | re.DOTALL,
)


def one_statement(sql: str) -> str:
    """Give a statement without its closing semicolon.

    This serves the message only: what a query may do is limited by the role
    and by a read-only transaction.

    Raises
    ------
    ExpressionError
        If it is empty, holds a NUL, or several statements.
    """
    if "\x00" in sql:
        raise ExpressionError("the query holds a NUL character", hint="Take it out.")
    bare = _QUOTED.sub(" ", sql).strip()
    if not bare.strip("; \t\r\n"):
        raise ExpressionError("the query is empty", hint="Give one SELECT.")
    if ";" in bare.rstrip("; \t\r\n"):
        raise ExpressionError(
            "the query holds more than one statement",
            hint="Give one SELECT; a semicolon inside a text is fine.",
            details={"sql": sql[:200]},
        )
    return sql.rstrip("; \t\r\n") if bare.endswith(";") else sql
