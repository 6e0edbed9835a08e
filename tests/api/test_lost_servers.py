"""A server that restarts or crashes under us: reads go on, writes tell the truth."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg2
import pytest

from butler import Butler, DatasetType
from butler.errors import DatabaseUnavailableError
from butler.registry.postgres.puts import PostgresPuts
from butler.testing.databases import make_template
from butler.testing.postgres import TemporaryServer

PATIENCE = 300.0
"""Seconds after which a test that would hang fails instead."""


@pytest.fixture(scope="module")
def butler_server() -> Iterator[TemporaryServer]:
    """A server of this module's own: a crash ends the sessions of all its databases.

    It leaves what is committed asynchronously in memory for longer than a test takes.
    """
    with TemporaryServer(wal_writer_delay="10s") as server:
        yield server


@pytest.fixture(scope="module")
def butler_template(butler_server: TemporaryServer) -> str:
    return make_template(butler_server)


@pytest.fixture
def butler(butler: Butler) -> Butler:
    butler.registry.definitions.register_dataset_type(DatasetType("note", "Text", ("label",)))
    butler.registry.definitions.register_units("label", [{"label": name} for name in "ab"])
    butler.put("a", "note", label="a")
    return butler


def crash(database: Any) -> None:
    """Kill somebody else's session, upon which the server ends all of them, and wait for its recovery."""
    victim, onlooker = database.connect("reader"), database.connect("reader")
    os.kill(victim.get_backend_pid(), signal.SIGKILL)
    with pytest.raises(psycopg2.Error):
        onlooker.cursor().execute("SELECT pg_sleep(600)")
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            database.connect("writer")
        except psycopg2.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server doesn't come back")


def end_sessions(database: Any) -> None:
    """End the sessions as a restart does."""
    with database.connect("superuser").cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = 'butler_writer'"
        )
        assert cursor.rowcount


@contextmanager
def shut(database: Any) -> Iterator[None]:
    """A database that lets nobody in."""
    superuser = psycopg2.connect(database.server.dsn("postgres"))
    superuser.autocommit = True
    superuser.cursor().execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
    superuser.cursor().execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (database.name,)
    )
    try:
        yield
    finally:
        superuser.cursor().execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS true")
        superuser.close()


def test_a_put_during_which_the_server_crashes_ends_when_it_is_back(
    butler: Butler, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was announced that the server could have forgotten."""
    put = butler.datastore.put

    def put_and_crash(*arguments: Any) -> Any:
        written = put(*arguments)
        crash(database)
        return written

    with monkeypatch.context() as patched:
        patched.setattr(butler.datastore, "put", put_and_crash)
        ref = butler.put("b", "note", label="b")
    assert butler.get(ref) == "b"
    assert list(butler.verify()) == []


@pytest.mark.parametrize(
    "read",
    [
        lambda butler: butler.get("note", label="a"),
        lambda butler: butler.exists("note", label="a"),
        lambda butler: len(butler.query.datasets("note")),
        lambda butler: butler.registry.query("SELECT count(*) FROM label").scalar(),
        lambda butler: butler.registry.lookup.get_dataset(butler.find("note", label="a").id),
        lambda butler: butler.registry.collections.matching(),
    ],
)
def test_the_first_read_after_a_restart_succeeds(
    butler: Butler, database: Any, read: Callable[[Butler], Any]
) -> None:
    before = read(butler)
    end_sessions(database)
    assert read(butler) == before


@pytest.mark.parametrize(
    "write",
    [
        lambda butler: butler.put("b", "note", label="b"),
        lambda butler: butler.put_many([("b", {"label": "b"})], "note"),
        lambda butler: butler.registry.definitions.register_units("label", [{"label": "c"}]),
        lambda butler: butler.registry.collections.register("tag", "tagged"),
        lambda butler: butler.quantum("task").__enter__(),
    ],
)
def test_the_first_write_after_a_restart_succeeds(
    butler: Butler, database: Any, write: Callable[[Butler], Any]
) -> None:
    """The connection's end is seen before anything is sent on it, so that nothing is sent twice."""
    end_sessions(database)
    assert write(butler)
    assert list(butler.verify()) == []


def test_a_put_heals_whenever_a_session_is_ended_during_it(
    butler: Butler, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = butler.datastore.put

    def put_and_end_sessions(*arguments: Any) -> Any:
        end_sessions(database)
        return put(*arguments)

    monkeypatch.setattr(butler.datastore, "put", put_and_end_sessions)
    assert butler.get(butler.put("b", "note", label="b")) == "b"
    assert list(butler.verify()) == []


def test_a_put_whose_last_answer_is_lost_is_kept(
    butler: Butler, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = PostgresPuts.put
    lost: list[DatabaseUnavailableError] = []

    def put_and_lose_the_answer(self: PostgresPuts, *arguments: Any, **options: Any) -> Any:
        new = put(self, *arguments, **options)
        if not lost:
            lost.append(DatabaseUnavailableError("the connection was lost", details={"carried_out": None}))
            raise lost[0]
        return new

    monkeypatch.setattr(PostgresPuts, "put", put_and_lose_the_answer)
    ref = butler.put("b", "note", label="b")
    assert lost
    assert butler.get(ref) == "b"
    assert len(butler.query.datasets("note")) == 2
    assert list(butler.verify()) == []


def test_a_write_that_is_cut_off_says_that_its_outcome_is_unknown(butler: Butler, database: Any) -> None:
    """Held up by a lock of somebody else's until its session is ended."""
    holder = database.connect("owner")
    holder.autocommit = False
    holder.cursor().execute("LOCK TABLE butler_internal.label IN ACCESS EXCLUSIVE MODE")
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(butler.registry.definitions.register_units, "label", [{"label": "c"}])
        wait_until_blocked(database)
        end_sessions(database)
        with pytest.raises(DatabaseUnavailableError, match="register_units") as caught:
            writing.result()
    holder.rollback()
    assert "isn't known whether it was carried out" in str(caught.value)
    assert butler.registry.definitions.register_units("label", [{"label": "c"}]) == 1


def test_what_may_be_done_twice_is_when_it_is_cut_off(butler: Butler, database: Any) -> None:
    holder = database.connect("owner")
    holder.autocommit = False
    holder.cursor().execute("LOCK TABLE butler_internal.artifact IN ACCESS EXCLUSIVE MODE")
    with ThreadPoolExecutor(1) as pool:
        putting = pool.submit(butler.put, "b", "note", label="b")
        wait_until_blocked(database)
        end_sessions(database)
        wait_until_blocked(database)
        holder.rollback()
        assert butler.get(putting.result()) == "b"
    assert list(butler.verify()) == []


def wait_until_blocked(database: Any) -> None:
    with database.connect("superuser").cursor() as cursor:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND usename = 'butler_writer' AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone() == (1,):
                return
            time.sleep(0.005)
    raise AssertionError("nobody waits")


def test_a_session_that_the_server_ends_for_idling_is_replaced(butler: Butler, database: Any) -> None:
    with database.connect("superuser").cursor() as cursor:
        cursor.execute(
            f"ALTER ROLE butler_writer IN DATABASE {database.name} SET idle_session_timeout = '20ms'"
        )
        end_sessions(database)
        butler.get("note", label="a")
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'butler_writer'")
            if cursor.fetchone() == (0,):
                break
            time.sleep(0.01)
        else:
            raise AssertionError("the session isn't ended")
    assert butler.get(butler.put("b", "note", label="b")) == "b"


def test_deadlocks_are_tried_again_until_both_have_their_way(butler: Butler, database: Any) -> None:
    """A trigger makes of two writers a deadlock, at their first try: each takes the other's lock second."""
    with database.connect("owner").cursor() as cursor:
        cursor.execute(
            """
            CREATE SEQUENCE butler_internal.attempt;
            CREATE FUNCTION butler_internal.collide() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM pg_advisory_xact_lock(1, CASE WHEN nextval('butler_internal.attempt') % 2 = 1 THEN 1 ELSE 2 END);
                WHILE (SELECT last_value FROM butler_internal.attempt) < 2 LOOP
                    PERFORM pg_sleep(0.01);  -- until each has its first
                END LOOP;
                PERFORM pg_advisory_xact_lock(1, 1), pg_advisory_xact_lock(1, 2);
                RETURN NULL;
            END $$;
            CREATE TRIGGER collide AFTER INSERT ON butler_internal.label
            FOR EACH STATEMENT EXECUTE FUNCTION butler_internal.collide();
            """
        )
    with ThreadPoolExecutor(2) as pool:
        pair = [
            pool.submit(butler.registry.definitions.register_units, "label", [{"label": name}])
            for name in ("c", "d")
        ]
        assert [one.result() for one in pair] == [1, 1]
    with database.connect("owner").cursor() as cursor:
        cursor.execute("SELECT last_value FROM butler_internal.attempt")
        assert cursor.fetchone() > (2,)


def test_a_restarted_server_is_found_again(butler: Butler, butler_server: TemporaryServer) -> None:
    butler_server.restart()
    assert butler.get("note", label="a") == "a"
    butler_server.restart()
    assert butler.get(butler.put("b", "note", label="b")) == "b"


def test_a_database_that_lets_nobody_in_is_told_of_not_waited_for(butler: Butler, database: Any) -> None:
    with shut(database):
        with pytest.raises(DatabaseUnavailableError):
            butler.get("note", label="a")
        with pytest.raises(DatabaseUnavailableError):
            butler.put("b", "note", label="b")
    assert butler.get("note", label="a") == "a"
    assert list(butler.verify()) == []


# Work that fails ---------------------------------------------------------------


@pytest.mark.parametrize("words", ["bad \x00 byte", "bad \udc80 byte", "x" * 5000, "\x00" * 5000])
def test_a_quantum_fails_by_its_own_exception_whatever_that_says(butler: Butler, words: str) -> None:
    with pytest.raises(ValueError, match="^" + words[:4]) as caught, butler.quantum("task"):
        raise ValueError(words)
    assert str(caught.value) == words
    (row,) = butler.registry.query("SELECT status, message FROM quantum")
    assert row.status == "failed"
    assert row.message.startswith(("ValueError: bad ", "ValueError: xxx", "ValueError: \\x00"))


def test_a_quantum_that_cannot_be_recorded_as_failed_keeps_its_own_exception(
    butler: Butler, database: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def work() -> None:
        with ExitStack() as closed, butler.quantum("task"):
            closed.enter_context(shut(database))
            raise KeyError("the user's own")

    with pytest.raises(KeyError, match="the user's own") as caught:
        work()
    (note,) = caught.value.__notes__
    assert "'task' isn't recorded as failed" in note
    assert note in caplog.text
