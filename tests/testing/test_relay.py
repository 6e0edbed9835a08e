"""A relay passes on what both sides say, later if it is told to."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
from embedded.conftest import ask

from butler.testing.postgres import TemporaryServer
from butler.testing.relay import Relay


def test_what_is_large_goes_through_whole_and_for_many_at_once(butler_server: TemporaryServer) -> None:
    with Relay(butler_server.host) as relay, ThreadPoolExecutor(8) as pool:
        dsn = relay.through(butler_server.dsn("postgres"))
        assert f"host={relay.host}" in dsn
        texts = pool.map(lambda word: ask(dsn, f"SELECT repeat('{word}', 1000000)"), "abcdefgh")
        assert [set(text) for text in texts] == [{word} for word in "abcdefgh"]


def test_a_round_trip_takes_at_least_as_long_as_told(butler_server: TemporaryServer) -> None:
    with Relay(butler_server.host, round_trip=0.02) as relay:
        connection = psycopg2.connect(relay.through(butler_server.dsn("postgres")))
        begun = time.monotonic()
        connection.cursor().execute("SELECT 1")  # begins a transaction first: two round trips
        assert time.monotonic() - begun >= 0.04
        connection.close()


def test_who_calls_while_the_server_is_down_hears_so_and_gets_through_afterwards() -> None:
    with TemporaryServer() as server, Relay(server.host) as relay:
        dsn = relay.through(server.dsn("postgres"))
        with server.down(), pytest.raises(psycopg2.OperationalError):
            ask(dsn, "SELECT 1")
        assert ask(dsn, "SELECT 1") == 1
