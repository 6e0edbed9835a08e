"""A query is one statement that reads, by PostgreSQL's own rules of where a text or a comment ends."""

from __future__ import annotations

import pytest

from butler import Butler
from butler.errors import ExpressionError
from butler.registry.postgres.user_sql import one_statement

SECOND = "COMMIT; SELECT register_collection('hidden', 'tagged')"


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT 1 --\r; {SECOND}",
        f"SELECT 1 --\n; {SECOND}",
        f"SELECT 1 /* a /* b */ c */; {SECOND}",
        f"SELECT 'a\\'; {SECOND} --'",
        f"SELECT E'a'\n'\\'' ; {SECOND} --'",
        f"SELECT E'a' --c\n'\\'' ; {SECOND} --'",
        f"SELECT 1 AS x🔭e'\\'; {SECOND} --'",
        f"SELECT 1 AS a$$; {SECOND} --$$",
        f"SELECT $a$ $A$ $a$; {SECOND}",
        f'SELECT 1 AS "a""b"; {SECOND}',
        f"SELECT 1 - -- \n 1; {SECOND}",
    ],
)
def test_a_second_statement_is_refused_wherever_it_hides(butler: Butler, sql: str) -> None:
    with pytest.raises(ExpressionError, match="more than one"):
        list(butler.registry.query(sql))
    assert butler.registry.collections.matching("hidden") == []


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("SELECT 1 /* a /* ; */ b ; */", 1),
        ("/* ; */ SELECT 1; -- ;", 1),
        ("-- ;\r SELECT 1 ;\f", 1),
        ("SELECT E'\\';' || 'b'", "';b"),
        ("SELECT E'a'\n';\\''", "a;'"),
        ("SELECT $a$;$b$;$a$", ";$b$;"),
        ("SELECT $$;$$", ";"),
        ('SELECT 1 AS ";"', 1),
        ("((SELECT 1))", 1),
        ("WITH a AS (SELECT 1 AS n) SELECT n FROM a", 1),
        ("values(1)", 1),
        ("SHOW transaction_read_only", "on"),
        ("EXPLAIN (COSTS false) SELECT 1", "Result"),
        ("select'a'", "a"),
    ],
)
def test_one_statement_that_reads_is_run(butler: Butler, sql: str, value: object) -> None:
    assert butler.registry.query(sql).scalar() == value


def test_table_is_a_query_too(butler: Butler) -> None:
    assert butler.registry.query("TABLE camera").columns[0] == "camera"


@pytest.mark.parametrize(
    "sql",
    [
        "SET statement_timeout = '1ms'",
        "RESET ALL",
        "DISCARD ALL",
        "LISTEN x",
        "LOCK TABLE visit",
        "COPY visit TO STDOUT",
        "DO $$BEGIN END$$",
        "/* SELECT */ DELETE FROM visit",
        "'SELECT' SET x = 1",
        "selects",
        "COMMIT",
        "(",
    ],
)
def test_a_command_is_refused_with_what_queries_begin_with(sql: str) -> None:
    with pytest.raises(ExpressionError, match=r"begins with(?s:.*)SELECT, WITH"):
        one_statement(sql)


@pytest.mark.parametrize(
    "sql", ["SELECT 'a" + "''" * 50_000, "SELECT " + "/*" * 50_000, "SELECT $a" * 20_000]
)
def test_a_long_statement_without_an_end_is_read_in_one_go(sql: str) -> None:
    assert one_statement(sql) == sql
