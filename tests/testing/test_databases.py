"""Copies of a template database are all that it is."""

from __future__ import annotations

from typing import Any

import psycopg2
import pytest
from embedded.conftest import ask

from butler.testing.databases import copied, fresh_database, make_template
from butler.testing.postgres import TemporaryServer


def databases(server: TemporaryServer) -> set[str]:
    found: list[str] = ask(server.dsn("postgres"), "SELECT array_agg(datname::text) FROM pg_database")
    return set(found)


def test_a_copy_has_the_templates_rows_and_is_dropped_in_the_end(butler_server: TemporaryServer) -> None:
    def load(*, host: str, port: int, user: str, dbname: str, **_: Any) -> None:
        ask(butler_server.dsn(dbname), "CREATE TABLE star AS SELECT 'Vega' AS name")

    with copied(butler_server, make_template(butler_server, load)) as copy:
        assert ask(copy.dsn("superuser"), "SELECT name FROM star") == "Vega"
    assert copy.name not in databases(butler_server)


def test_a_copy_is_dropped_although_somebody_is_connected(
    butler_server: TemporaryServer, butler_template: str
) -> None:
    with copied(butler_server, butler_template) as copy:
        connection = psycopg2.connect(copy.dsn("reader"))
    assert copy.name not in databases(butler_server)
    with pytest.raises(psycopg2.OperationalError):
        connection.cursor().execute("SELECT 1")


def test_of_a_fresh_database_settings_and_privileges_are_those_of_an_installation(
    butler_server: TemporaryServer, butler_template: str
) -> None:
    may_write_temporary = "SELECT has_database_privilege('butler_reader', current_database(), 'TEMPORARY')"
    with copied(butler_server, butler_template) as bare:
        assert ask(bare.dsn("superuser"), may_write_temporary)
    with fresh_database(butler_server, butler_template) as fresh:
        assert not ask(fresh.dsn("superuser"), may_write_temporary)
        assert ask(fresh.dsn("reader"), "SHOW search_path") == "butler, public"


def test_connections_of_a_database_are_closed_with_it(
    butler_server: TemporaryServer, butler_template: str
) -> None:
    with copied(butler_server, butler_template) as copy:
        connections = [copy.connect(role) for role in ("owner", "writer", "reader", "superuser")]
        users: list[str] = []
        for connection in connections:
            cursor = connection.cursor()
            cursor.execute("SELECT session_user::text")
            users += cursor.fetchone() or ()
    assert users == ["butler_owner", "butler_writer", "butler_reader", "postgres"]
    assert all(connection.closed for connection in connections)
