"""Datasets are looked up on a real streaming replica, and never less is seen than was written here."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml
from sending import noting_statements
from typer.testing import CliRunner

from butler import Butler, DatasetType
from butler.cli.application import application
from butler.config import RepositoryConfig
from butler.embedded import EmbeddedServer
from butler.embedded.account import Account
from butler.embedded.configuration import write_configuration
from butler.embedded.paths import make_private_folders
from butler.embedded.postmaster import Postmaster
from butler.embedded.programs import find_programs
from butler.errors import ConfigError, DatabaseUnavailableError, DatasetNotFoundError
from butler.registry.postgres import replica
from butler.repository import create_repository

PATIENCE = 300


class Standby:
    """A copy of a server that follows it, on the same computer, at a socket of its own."""

    def __init__(self, folder: Path, source: EmbeddedServer) -> None:
        self.folder = folder
        account = Account.of_server(os.geteuid())
        assert make_private_folders(folder, account)
        os.chown(folder, account.uid, account.gid)
        self._postmaster = Postmaster(folder, account)
        program, data = find_programs().folder / "pg_basebackup", self._postmaster.data
        copied = account.run(
            [program, "-D", data, "-R", "-X", "stream", "-c", "fast", "-d", source.dsn("superuser")]
        )
        assert copied.returncode == 0, copied.stderr
        write_configuration(
            folder,
            {"listen_addresses": "", "unix_socket_directories": str(folder), "fsync": False},
            access=["local all all trust"],
        )
        self.start()

    def start(self) -> None:
        self._server = self._postmaster.start_as_child()
        until(lambda: self.ask("SELECT pg_is_in_recovery()"))

    def stop(self) -> None:
        self._server.send_signal(signal.SIGINT)
        self._server.wait()

    @property
    def dsn(self) -> str:
        return f"postgresql://butler_reader@/butler?host={self.folder}"

    def ask(self, statement: str) -> Any:
        connection = psycopg2.connect(f"postgresql://postgres@/butler?host={self.folder}")
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall()[0][0] if cursor.description else None
        finally:
            connection.close()

    def pause(self) -> None:
        self.ask("SELECT pg_wal_replay_pause()")
        until(lambda: self.ask("SELECT pg_get_wal_replay_pause_state()") == "paused")

    def resume(self) -> None:
        self.ask("SELECT pg_wal_replay_resume()")


def until(holds: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            if holds():
                return
        except psycopg2.OperationalError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def land() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="butler-replica-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def repo(land: Path) -> Iterator[Path]:
    """A repository with a server of its own, and one dataset."""
    create_repository(land / "repo", durable=False)
    with Butler(land / "repo", run="u/me/first") as butler:
        butler.registry.definitions.register_dataset_type(DatasetType("note", "Text", ("label",)))
        butler.registry.definitions.register_units(
            "label", [{"label": f"n{number}"} for number in range(100)]
        )
        butler.put("first", "note", label="n0")
    yield land / "repo"
    EmbeddedServer(land / "repo").destroy()


@pytest.fixture(scope="module")
def standby(land: Path, repo: Path) -> Iterator[Standby]:
    (land / "standby").mkdir()
    standby = Standby(land / "standby", EmbeddedServer(repo))
    config = RepositoryConfig.read(repo)
    replace(config, replica=standby.dsn).write()
    yield standby
    standby.stop()


@pytest.fixture
def butler(repo: Path, standby: Standby, monkeypatch: pytest.MonkeyPatch) -> Iterator[Butler]:
    monkeypatch.setattr(replica, "_SECONDS_TRUSTED", 3600.0)
    with Butler(repo, run="u/me/first") as butler:
        yield butler
    standby.resume()


@pytest.fixture
def asked(butler: Butler) -> Iterator[Callable[[], str]]:
    """Which server answered the last look-up."""
    seen: list[str] = []

    def note(host: str, statement: str) -> None:
        if "find_dataset" in statement or "get_dataset" in statement or "query_datasets" in statement:
            seen.append("replica" if "standby" in host else "primary")

    with noting_statements(note):
        yield lambda: seen[-1]


_labels = (f"n{number}" for number in range(1, 100))


def follow(butler: Butler, standby: Standby, asked: Callable[[], str]) -> None:
    """Read until the replica answers."""
    until(lambda: butler.get("note", label="n0") == "first" and asked() == "replica")


def test_datasets_are_looked_up_on_the_replica_in_one_statement(
    butler: Butler, standby: Standby, asked: Callable[[], str], statements: list[str]
) -> None:
    follow(butler, standby, asked)
    statements.clear()
    assert butler.get("note", label="n0") == "first"
    assert asked() == "replica"
    assert len(statements) == 1
    assert len(butler.query.datasets("note", label="n0")) == 1
    assert asked() == "replica"


def test_what_was_written_here_is_read_here_though_the_replica_lags(
    butler: Butler, standby: Standby, asked: Callable[[], str], statements: list[str]
) -> None:
    follow(butler, standby, asked)
    standby.pause()
    label = next(_labels)
    butler.put("just written", "note", label=label)
    statements.clear()
    assert butler.get("note", label=label) == "just written"
    assert asked() == "primary"
    assert len(statements) == 1, "nobody is asked whether the replica has it already"
    assert len(butler.query.datasets("note", label=label)) == 1
    time.sleep(0.6)
    assert butler.get("note", label=label) == "just written"
    assert asked() == "primary", "by now it was asked, and has it not"
    standby.resume()
    follow(butler, standby, asked)
    assert butler.get("note", label=label) == "just written"
    assert asked() == "replica"


def test_what_others_wrote_and_the_replica_has_not_yet_is_not_taken_for_missing(
    butler: Butler, repo: Path, standby: Standby, asked: Callable[[], str]
) -> None:
    follow(butler, standby, asked)
    standby.pause()
    label = next(_labels)
    with Butler(repo, run="u/me/first") as other:
        ref = other.put("of another", "note", label=label)
    assert butler.get("note", label=label) == "of another"
    assert butler.registry.lookup.get_dataset(ref.id).id == ref.id
    with pytest.raises(DatasetNotFoundError):
        butler.get("note", label=next(_labels))
    assert asked() == "primary"


def test_a_butler_that_is_opened_or_sent_elsewhere_sees_what_was_there_before(
    butler: Butler, repo: Path, standby: Standby, asked: Callable[[], str]
) -> None:
    follow(butler, standby, asked)
    standby.pause()
    label = next(_labels)
    with Butler(repo, run="u/me/first") as other:
        other.put("before", "note", label=label)
    for opened in (Butler(repo, run="u/me/first"), pickle.loads(pickle.dumps(butler))):
        with opened:
            assert len(opened.query.datasets("note", label=label)) == 1
            assert asked() == "primary"


@pytest.fixture
def distrustful(
    repo: Path, standby: Standby, asked: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Butler]:
    """A Butler that sees at each look-up whether the replica follows."""
    monkeypatch.setattr(replica, "_SECONDS_TRUSTED", 0.0)
    with Butler(repo, run="u/me/first") as butler:
        follow(butler, standby, asked)
        yield butler


def test_a_replica_that_stands_still_is_soon_done_without(
    distrustful: Butler, repo: Path, standby: Standby, asked: Callable[[], str]
) -> None:
    standby.pause()
    with Butler(repo, run="u/me/first") as other:
        other.put("newer", "note", label=next(_labels))
    assert distrustful.get("note", label="n0") == "first"
    assert asked() == "replica", "it has what was there when it was last looked at"
    assert distrustful.get("note", label="n0") == "first"
    assert asked() == "primary"
    standby.resume()
    follow(distrustful, standby, asked)


def test_while_the_primary_can_not_be_reached_the_replica_is_asked(
    distrustful: Butler, repo: Path, asked: Callable[[], str]
) -> None:
    EmbeddedServer(repo).stop()
    try:
        assert distrustful.get("note", label="n0") == "first"
        assert asked() == "replica"
    finally:
        EmbeddedServer(repo).ensure_running()


def test_a_replica_that_is_down_is_done_without_and_named_by_status(
    butler: Butler, repo: Path, standby: Standby, asked: Callable[[], str]
) -> None:
    follow(butler, standby, asked)
    status = CliRunner().invoke(application, ["-r", str(repo), "status"]).stdout
    assert "bytes behind" in status
    standby.stop()
    try:
        assert butler.get("note", label="n0") == "first"
        assert asked() == "primary"
        with Butler(repo, collections="u/me/first") as opened:
            assert opened.get("note", label="n0") == "first"
        status = CliRunner().invoke(application, ["-r", str(repo), "status"]).stdout
        assert "can't be reached: reads go to the primary" in status
    finally:
        standby.start()


def test_a_replica_that_follows_no_more_is_not_asked(repo: Path, land: Path, standby: Standby) -> None:
    """The primary itself stands for one that was promoted: it isn't in recovery."""
    from butler.registry.postgres.connections import Connections
    from butler.registry.postgres.replica import Replica

    primary = Connections(EmbeddedServer(repo).dsn("reader"))
    promoted = Replica(EmbeddedServer(repo).dsn("reader"))
    assert promoted.ready(primary) is None
    assert "no replica" in promoted.describe(primary)
    primary.close()
    promoted.close()


def test_where_neither_can_be_reached_the_database_is_unavailable() -> None:
    from butler.registry.postgres import PostgresRegistry
    from butler.registry.postgres.replica import Replica

    dsns = "postgresql://x@127.0.0.1:1/x", "postgresql://u:secret@127.0.0.1:1,127.0.0.1:2/x"
    with (
        closing(PostgresRegistry(dsns[0], replica=Replica(dsns[1]))) as registry,
        pytest.raises(DatabaseUnavailableError),
    ):
        registry.lookup.find("note", {}, ["u/me/first"])


def test_one_of_several_hosts_that_is_down_is_done_without_and_its_password_not_told(
    repo: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from butler.registry.postgres import PostgresRegistry
    from butler.registry.postgres.replica import Replica

    down = Replica("postgresql://u:secret@127.0.0.1:1,127.0.0.1:2/x")
    with closing(PostgresRegistry(EmbeddedServer(repo).dsn("reader"), replica=down)) as registry:
        assert registry.lookup.find("note", {"label": "n0"}, ["u/me/first"]).run == "u/me/first"
    assert "postgresql://u:***@127.0.0.1:1,127.0.0.1:2/x" in caplog.text
    assert "secret" not in caplog.text


def test_a_replica_is_configured_by_its_dsn(tmp_path: Path) -> None:
    config = RepositoryConfig.from_plain({"database": {"replica": "postgresql://db2/survey"}}, tmp_path)
    assert config.embedded
    config.write()
    assert yaml.safe_load((tmp_path / "butler.yaml").read_text())["database"] == {
        "replica": "postgresql://db2/survey"
    }
    assert RepositoryConfig.read(tmp_path) == config
    with pytest.raises(ConfigError, match=r"database\.replica: is 3: expected `str`"):
        RepositoryConfig.from_plain({"database": {"replica": 3}}, tmp_path)
