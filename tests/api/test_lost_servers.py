"""A server that restarts or crashes under us: reads go on, writes tell the truth."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest

from butler import Butler, DatasetType
from butler.errors import DatabaseUnavailableError
from butler.testing.cluster import TestCluster


@pytest.fixture(scope="module")
def server() -> Iterator[TestCluster]:
    """A server of this module's own: a crash ends the sessions of all its databases."""
    with TestCluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def template(server: TestCluster, make_template: Callable[[TestCluster], str]) -> str:
    return make_template(server)


@pytest.fixture
def butler(butler: Butler) -> Butler:
    butler.registry.register_dataset_type(DatasetType("note", "Text", ("label",)))
    butler.registry.register_units("label", [{"label": name} for name in "ab"])
    butler.put("a", "note", label="a")
    return butler


def crash(database: Any) -> None:
    """Kill somebody else's session, upon which the server ends all of them, and wait for its recovery."""
    victim, onlooker = database.connect("reader"), database.connect("reader")
    os.kill(victim.get_backend_pid(), signal.SIGKILL)
    with pytest.raises(psycopg2.Error):
        onlooker.cursor().execute("SELECT pg_sleep(10)")
    deadline = time.monotonic() + 20
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


def test_a_put_during_which_the_server_crashes_is_undone_and_said_to_be(
    butler: Butler, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = butler.datastore.put

    def put_and_crash(*arguments: Any) -> Any:
        written = put(*arguments)
        crash(database)
        return written

    with monkeypatch.context() as patched:
        patched.setattr(butler.datastore, "put", put_and_crash)
        with pytest.raises(DatabaseUnavailableError):
            butler.put("b", "note", label="b")
    assert list(butler.verify()) == []
    assert butler.get(butler.put("b", "note", label="b")) == "b"


@pytest.mark.parametrize(
    "read",
    [
        lambda butler: butler.get("note", label="a"),
        lambda butler: butler.exists("note", label="a"),
        lambda butler: len(butler.query.datasets("note")),
        lambda butler: butler.registry.query("SELECT count(*) FROM label").scalar(),
        lambda butler: butler.registry.get_dataset(butler.find("note", label="a").id),
        lambda butler: butler.registry.collections(),
    ],
)
def test_the_first_read_after_a_restart_succeeds(
    butler: Butler, database: Any, read: Callable[[Butler], Any]
) -> None:
    before = read(butler)
    end_sessions(database)
    assert read(butler) == before


def test_a_write_after_a_restart_is_sent_once_and_never_half_done(butler: Butler, database: Any) -> None:
    end_sessions(database)
    with pytest.raises(DatabaseUnavailableError):
        butler.put("b", "note", label="b")
    assert list(butler.verify()) == []
    assert butler.get(butler.put("b", "note", label="b")) == "b"


def test_a_read_is_tried_no_more_than_twice(butler: Butler, database: Any) -> None:
    """A database that lets nobody in is told of, not waited for."""
    superuser = psycopg2.connect(database.server.dsn("postgres"))
    superuser.autocommit = True
    superuser.cursor().execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
    superuser.cursor().execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (database.name,)
    )
    with pytest.raises(DatabaseUnavailableError):
        butler.get("note", label="a")
    superuser.cursor().execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS true")
    superuser.close()
    assert butler.get("note", label="a") == "a"


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
        with butler.quantum("task"):
            end_sessions(database)
            raise KeyError("the user's own")

    with pytest.raises(KeyError, match="the user's own") as caught:
        work()
    (note,) = caught.value.__notes__
    assert "'task' isn't recorded as failed" in note
    assert note in caplog.text
