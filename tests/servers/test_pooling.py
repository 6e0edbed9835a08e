"""Through pgbouncer in transaction mode: two server connections for all, and nothing left in them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, nullcontext
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from sqlalchemy import select, text

from butler import Butler, models
from butler.config import RepositoryConfig
from butler.errors import ExpressionError
from butler.registry.postgres import PostgresRegistry
from butler.registry.postgres.engine import one_transaction
from butler.schema.install import create_layer
from butler.testing.databases import make_template
from butler.testing.postgres import TemporaryServer
from butler.values import Artifact, CollectionType, new_dataset_id
from servers.conftest import Pooler
from servers.work import NOTE, work


@pytest.fixture(scope="module")
def butler_server() -> Iterator[TemporaryServer]:
    """A server of the module's own: it is restarted."""
    with TemporaryServer() as server:
        yield server


@pytest.fixture(scope="module")
def butler_template(butler_server: TemporaryServer) -> str:
    return make_template(butler_server)


@pytest.fixture
def pooled(repo: Path, database: Any, pooler: Pooler) -> Path:
    """The repository, reached through the pooler alone."""
    config = RepositoryConfig.read(repo)
    dsns = {role: pooler.dsn(database.name, role) for role in ("owner", "writer", "reader")}
    RepositoryConfig(repo, dsns, config.registry, config.datastores).write()
    return repo


SESSION_STATE = """
    SELECT 'setting ' || name || ' = ' || setting FROM pg_settings
    WHERE source = 'session' AND name NOT IN (
        'application_name', 'client_encoding', 'DateStyle', 'TimeZone', 'standard_conforming_strings',
        'IntervalStyle', 'transaction_isolation', 'transaction_read_only', 'transaction_deferrable'
    )
    UNION ALL SELECT 'lock ' || objid FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
    UNION ALL SELECT 'prepared ' || name FROM pg_prepared_statements
    UNION ALL SELECT 'listens ' || c FROM pg_listening_channels() AS c
    UNION ALL SELECT 'cursor ' || name FROM pg_cursors WHERE is_holdable
    UNION ALL SELECT 'temporary ' || relname FROM pg_class WHERE relnamespace = pg_my_temp_schema()
"""


def left_behind(database: Any, pooler: Pooler, role: str = "writer") -> list[str]:
    """Look into both server connections of a role at once, so that each is another."""
    with ExitStack() as closed:
        cursors = []
        for _ in range(2):
            connection = psycopg2.connect(pooler.dsn(database.name, role))
            closed.callback(connection.close)
            cursor = connection.cursor()
            cursor.execute("SELECT pg_backend_pid()")  # begins a transaction, which keeps the connection
            cursors.append((cursor, cursor.fetchone()))
        assert cursors[0][1] != cursors[1][1]
        found = []
        for cursor, _ in cursors:
            cursor.execute(SESSION_STATE)
            found += [state for (state,) in cursor.fetchall()]
        return found


def work_in_a_process(repo: Path, who: str) -> None:
    with Butler(repo, run="u/me/pooled") as butler:
        work(butler, who, repo.parent)


def test_processes_share_two_server_connections_and_leave_nothing_in_them(
    pooled: Path, database: Any, pooler: Pooler
) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        list(pool.map(work_in_a_process, [pooled] * 3, [f"w{number}" for number in range(3)]))
    with database.connect("superuser").cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'butler_writer'")
        assert cursor.fetchone() <= (2,)
    assert left_behind(database, pooler) == []
    with Butler(pooled, collections="u/me/pooled") as butler:
        assert len(butler.query.datasets("note")) == 18
        assert list(butler.verify()) == []


def test_layers_and_bulk_loads_work_through_it(
    pooled: Path, database: Any, pooler: Pooler, tmp_path: Path
) -> None:
    with one_transaction(pooler.dsn(database.name, "owner")) as connection:
        create_layer(connection, "mydb_me", "butler")
    with (
        Butler(pooled, run="u/base") as base,
        Butler(pooled, run="u/me", collections="u/base", registry="mydb_me") as layer,
    ):
        base.registry.definitions.register_dataset_type(NOTE)
        base.registry.collections.register("u/base", CollectionType.RUN)
        work(layer, "a", tmp_path)
        work(base, "b", tmp_path)
        assert layer.get("note", label="b0") == "b"
        assert list(layer.verify()) == []
        registry = base.registry
        registry.definitions.register_units("label", [{"label": f"bulk{number}"} for number in range(100)])
        rows = [
            (
                new_dataset_id(),
                {"label": f"bulk{number}"},
                Artifact(base.datastore.name, f"bulk/{number}", "text", 0, b"0" * 32),
            )
            for number in range(100)
        ]
        assert registry.puts.register("u/base", "note", base.datastore.name, rows).new == 100
    assert left_behind(database, pooler) == []
    assert left_behind(database, pooler, "owner") == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT set_config('search_path', 'mine', false)",
        "SELECT set_config('statement_timeout', '1ms', false), set_config('role', 'none', false)",
        "SELECT set_config('default_transaction_read_only', 'off', false)",
        "SELECT set_config('timezone', 'Asia/Tokyo', false), 1 / 0",
    ],
)
@pytest.mark.parametrize("through", ["pooler", "our own pool"])
def test_a_setting_of_a_query_doesn_t_outlast_it(
    pooled: Path, database: Any, pooler: Pooler, sql: str, through: str
) -> None:
    registry = PostgresRegistry(
        pooler.dsn(database.name, "reader") if through == "pooler" else database.dsn("reader")
    )
    show = (
        "SELECT current_setting('search_path'), current_setting('timezone'), current_setting('role'),"
        " current_setting('statement_timeout'), current_setting('default_transaction_read_only')"
    )
    (before,) = registry.query(show)
    with pytest.raises(ExpressionError) if "1 / 0" in sql else nullcontext():
        list(registry.query(sql))
    (after,) = registry.query(show)
    assert after == before
    registry.close()
    assert left_behind(database, pooler, "reader") == []


def test_a_lock_of_a_query_doesn_t_outlast_it(pooled: Path, database: Any, pooler: Pooler) -> None:
    """Where no superuser has closed the functions, as on a managed server."""
    with database.connect("superuser").cursor() as cursor:
        cursor.execute("GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO PUBLIC")
    for dsn in (pooler.dsn(database.name, "reader"), database.dsn("reader")):
        registry = PostgresRegistry(dsn)
        list(registry.query("SELECT pg_advisory_lock(12)"))
        with database.connect("superuser").cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
            assert cursor.fetchone() == (0,)
        registry.close()


def test_sessions_of_the_models_leave_nothing(pooled: Path, database: Any, pooler: Pooler) -> None:
    with Butler(pooled, run="u/me") as butler:
        for _ in range(3):
            with butler.registry.session() as session:
                session.scalars(select(models.Visit)).all()
                session.execute(text("SELECT set_config('search_path', 'mine', false)"))
                session.commit()
        butler.registry.collections.register("a", CollectionType.TAGGED)
    assert left_behind(database, pooler) == []


def test_a_restarted_pooler_is_found_again(pooled: Path, pooler: Pooler, tmp_path: Path) -> None:
    with Butler(pooled, run="u/me") as butler:
        work(butler, "a", tmp_path)
        pooler.stop()
        pooler.start()
        assert butler.get("note", label="a0") == "a"
        pooler.stop()
        pooler.start()
        work(butler, "b", tmp_path)
        assert list(butler.verify()) == []


def test_a_restarted_server_behind_the_pooler_is_found_again(
    pooled: Path, butler_server: TemporaryServer, tmp_path: Path
) -> None:
    with Butler(pooled, run="u/me") as butler:
        work(butler, "a", tmp_path)
        butler_server.restart()
        assert butler.get("note", label="a0") == "a"
        work(butler, "b", tmp_path)
        assert list(butler.verify()) == []
