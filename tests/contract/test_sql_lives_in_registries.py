"""Who wants to know something of a registry asks one of its ports: SQL is written in few places."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "butler"

MAY = {
    "registry/": "adapters to PostgreSQL",
    "schema/": "makes and changes what adapters call",
    "backup/": "dumps and restores whole schemas",
    "cluster/": "makes databases and roles",
    "embedded/": "makes databases and roles",
    "repository.py": "makes a repository's database",
    "demo/": "shows users how to ask in SQL",
    "testing/": "holds registries to the common schema",
}
"""Parts of the package that write SQL, and for what."""

STATEMENT = re.compile(
    r"""\s*\(*\s*(?:
        SELECT\s+\S.*
      | WITH\s+(?:RECURSIVE\s+)?\w+\s*(?:\([^()]*\)\s*)?AS\b.*
      | INSERT\s+INTO\b.* | UPDATE\s+\S+\s.*\bSET\b.* | DELETE\s+FROM\b.* | MERGE\s+INTO\b.*
      | TRUNCATE\b.* | COPY\s+\S+\s.*\b(?:FROM|TO)\b.* | CALL\s+\w+.*\(.*
      | (?:CREATE|ALTER|DROP|GRANT|REVOKE)\s+\w+.*
    )""",
    re.VERBOSE | re.DOTALL,
)
LOWER_CASE = re.compile(
    r"\s*(?:select\s.+\sfrom\s|insert\s+into\s|update\s\S+\sset\s|delete\s+from\s).*",
    re.DOTALL | re.IGNORECASE,
)


def is_sql(text: str) -> bool:
    return bool(STATEMENT.match(text) or LOWER_CASE.match(text))


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Give the texts of a module but docstrings; of one with values in it, what stands before the first."""
    inner = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)
    } | {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [
                part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "x"
                for part in node.values
            ]
            yield node.lineno, "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            yield node.lineno, node.value


def examples(tree: ast.AST) -> set[int]:
    """Give the lines of what the command line shows as an example of a command."""
    return {
        argument.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "examples"
        for argument in node.args
    }


def test_sql_is_written_where_registries_are_and_nowhere_else() -> None:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith(tuple(MAY)):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            shown = examples(tree)
            found += [
                f"{name}:{line}: {text[:60]}"
                for line, text in texts(tree)
                if is_sql(text) and line not in shown
            ]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1",
        "\n    SELECT a FROM b",
        "select a from b where c",
        "WITH RECURSIVE below AS (SELECT 1) SELECT * FROM below",
        "INSERT INTO visit VALUES (1)",
        "UPDATE dataset SET state = 'removed'",
        "DELETE FROM dataset",
        "CREATE DATABASE x",
        "(SELECT 1)",
    ],
)
def test_a_statement_is_known_by_how_it_begins(text: str) -> None:
    assert is_sql(text)


@pytest.mark.parametrize(
    "text",
    ["Select files by --where.", "with", "update", "a SELECT", "Delete what is in the trash", "WITH", ""],
)
def test_plain_words_are_no_statement(text: str) -> None:
    assert not is_sql(text)


def test_texts_are_found_with_values_in_them_and_docstrings_are_not() -> None:
    tree = ast.parse('''
"""SELECT in a docstring"""
def f(view, n):
    """SELECT in another"""
    ask(f"SELECT {view}", "a" "b")
    ask(f"{view} SELECT")
''')
    assert sorted(texts(tree)) == [(5, "SELECT x"), (5, "ab"), (6, "x SELECT")]
