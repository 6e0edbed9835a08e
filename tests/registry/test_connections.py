"""Connections are lent, kept while they are good, and left to the process that made them."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from typing import Any

import pytest

from butler.errors import ConfigError, DatabaseUnavailableError
from butler.registry.postgres import connections as module
from butler.registry.postgres.connections import Connections
from butler.registry.postgres.engine import open_engine


@pytest.fixture
def connections(database: Any) -> Any:
    connections = Connections(database.dsn("writer"))
    yield connections
    connections.close()


def backend(connection: Any) -> int:
    return int(connection.info.backend_pid)


def test_one_after_the_other_is_the_same_connection(connections: Connections) -> None:
    with connections.lent() as first:
        pass
    with connections.lent() as second:
        assert second is first


def test_several_at_once_are_several_connections_of_which_some_are_kept(connections: Connections) -> None:
    with ExitStack() as stack:
        lent = [stack.enter_context(connections.lent()) for _ in range(8)]
        assert len({backend(connection) for connection in lent}) == 8
    assert sum(not connection.closed for connection in lent) == 5


def test_more_than_there_may_be_wait_and_are_then_refused(
    connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SECONDS_TO_WAIT", 0.05)
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(connections.lent())
        with pytest.raises(DatabaseUnavailableError, match="all 20 connections"), connections.lent():
            pass
    with connections.lent():
        pass


def test_one_that_the_server_ended_while_it_was_idle_is_not_lent_again(
    connections: Connections, database: Any
) -> None:
    with connections.lent() as connection:
        ended = backend(connection)
    database.connect("superuser").cursor().execute("SELECT pg_terminate_backend(%s, 5000)", [ended])
    with connections.lent() as connection:
        assert backend(connection) != ended
        connection.cursor().execute("SELECT 1")


def test_one_that_is_old_is_not_lent_again(connections: Connections, monkeypatch: pytest.MonkeyPatch) -> None:
    with connections.lent() as first:
        pass
    monkeypatch.setattr(module, "_SECONDS_TO_LAST", 0.0)
    with connections.lent() as second:
        assert second is not first
    assert first.closed


@pytest.mark.parametrize("statement", ["BEGIN", "BEGIN; SELECT 1"])
def test_one_that_is_left_in_a_transaction_is_closed(connections: Connections, statement: str) -> None:
    with connections.lent() as connection:
        connection.cursor().execute(statement)
    assert connection.closed


def test_one_is_kept_after_an_error_and_closed_after_an_interrupt(connections: Connections) -> None:
    with pytest.raises(ZeroDivisionError), connections.lent() as kept:
        raise ZeroDivisionError
    assert not kept.closed
    with pytest.raises(KeyboardInterrupt), connections.lent() as dropped:
        raise KeyboardInterrupt
    assert dropped.closed


def test_a_child_leaves_the_parent_s_connections_alone(connections: Connections) -> None:
    with connections.lent() as connection:
        parents = backend(connection)
    child = os.fork()
    if not child:
        with connections.lent() as own:
            os._exit(0 if backend(own) != parents else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    time.sleep(0.1)  # for a server that would have been told that the parent's ends
    with connections.lent() as connection:
        assert backend(connection) == parents
        connection.cursor().execute("SELECT 1")


@pytest.mark.parametrize(
    "dsn",
    [
        "",
        "survey",
        "mysql://me:secret@host/x",
        "postgresql://me:secret@host:x/db",
        "postgresql://h/d?secret=1",
    ],
)
def test_what_is_no_dsn_is_refused_without_its_password(dsn: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Connections(dsn)
    assert "secret" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_each_way_to_write_the_scheme_is_understood(database: Any, scheme: str) -> None:
    dsn = database.dsn("reader").replace("postgresql", scheme, 1)
    connections = Connections(dsn)
    with connections.lent() as connection:
        connection.cursor().execute("SELECT 1")
    connections.close()
    engine = open_engine(dsn)
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    engine.dispose()
