"""TLS and passwords: from the service file and the password file, and shown nowhere."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest
from cli.conftest import Command

from butler import Butler
from butler.cluster.account import Account
from butler.config import RepositoryConfig
from butler.errors import ButlerError, DatabaseUnavailableError
from butler.registry.engine import hidden, open_engine
from butler.registry.postgres import PostgresRegistry
from butler.repository import create_repository
from butler.testing.cluster import TestCluster
from servers.work import work

SECRET = "c0rrect-h0rse"


@dataclass
class Authority:
    """Who signs certificates."""

    folder: Path
    name: str

    def __post_init__(self) -> None:
        self._openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
            *("-subj", f"/CN={self.name}", "-keyout", f"{self.name}.key", "-out", f"{self.name}.crt"),
        )

    @property
    def certificate(self) -> Path:
        return self.folder / f"{self.name}.crt"

    def sign(self, host: str) -> None:
        self._openssl(
            *(
                "req",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-subj",
                f"/CN={host}",
            ),
            *("-addext", f"subjectAltName=DNS:{host}", "-keyout", "server.key", "-out", "server.csr"),
        )
        self._openssl(
            *("x509", "-req", "-in", "server.csr", "-days", "2", "-copy_extensions", "copy"),
            *(
                "-CA",
                f"{self.name}.crt",
                "-CAkey",
                f"{self.name}.key",
                "-CAcreateserial",
                "-out",
                "server.crt",
            ),
        )

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)


def free_port() -> str:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return str(asked.getsockname()[1])


@pytest.fixture(scope="module")
def certificates() -> Iterator[Path]:
    """A folder with the server's certificate, which the server's user can read."""
    folder = Path(tempfile.mkdtemp(prefix="butler-tls-", dir="/tmp"))
    Authority(folder, "observatory").sign("localhost")
    Authority(folder, "stranger")
    (folder / "pg_hba.conf").write_text(
        "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\nhost all all all reject\n"
    )
    account = Account.of_server(os.geteuid())
    for path in (folder, *folder.iterdir()):
        os.chown(path, account.uid, account.gid)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def server(certificates: Path) -> Iterator[TestCluster]:
    with TestCluster(
        listen_addresses="127.0.0.1",
        port=free_port(),
        ssl="on",
        ssl_cert_file=str(certificates / "server.crt"),
        ssl_key_file=str(certificates / "server.key"),
        hba_file=str(certificates / "pg_hba.conf"),
    ) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def template(server: TestCluster, make_template: Callable[[TestCluster], str]) -> str:
    name = make_template(server)
    connection = psycopg2.connect(server.dsn("postgres"))
    connection.autocommit = True
    connection.cursor().execute(f"CREATE ROLE observer LOGIN PASSWORD '{SECRET}' IN ROLE butler_writer")
    connection.close()
    return name


@dataclass
class Files:
    """The service file and the password file of a user."""

    folder: Path
    server: TestCluster
    database: str
    certificates: Path

    def service(
        self, authority: str = "observatory", host: str = "localhost", sslmode: str = "verify-full"
    ) -> None:
        (self.folder / "services").write_text(
            f"[survey]\nhost={host}\nhostaddr=127.0.0.1\nport={self.server.port}\ndbname={self.database}\nuser=observer\n"
            f"sslmode={sslmode}\nsslrootcert={self.certificates / authority}.crt\n"
        )

    def password(self, password: str = SECRET) -> None:
        file = self.folder / "passwords"
        file.write_text(f"*:*:*:observer:{password}\n")
        file.chmod(0o600)


@pytest.fixture
def files(
    tmp_path: Path,
    server: TestCluster,
    database: object,
    certificates: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Files:
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "passwords"))
    files = Files(tmp_path, server, database.name, certificates)  # type: ignore[attr-defined]
    files.service()
    files.password()
    return files


SERVICE = "postgresql:///?service=survey"


def test_a_repository_works_by_service_file_and_password_file(files: Files, tmp_path: Path) -> None:
    create_repository(tmp_path / "repo", dsn=SERVICE)
    with Butler(tmp_path / "repo", run="u/me") as butler:
        work(butler, "a", tmp_path)
        ssl = "SELECT ssl, pid FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        (first,), (second,) = butler.registry.query(ssl), butler.registry.query(ssl)
        assert first.ssl
        assert first == second, "a healthy connection is kept"


def test_a_password_is_shown_nowhere(files: Files, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    repo = tmp_path / "repo"
    command = Command(repo)
    shown = [command.out("create", repo, "--dsn", SERVICE)]
    for words in (
        ("status",),
        ("config", "show"),
        ("config", "check"),
        ("db", "status"),
        ("db", "dsn", "--role", "writer"),
        ("-vv", "--log-file", tmp_path / "log", "query", "camera"),
        ("-vv", "get", "nothing"),
    ):
        result = command(*words)
        shown += [result.stdout, result.stderr]
    shown += [(tmp_path / "log").read_text(), caplog.text]
    shown += [path.read_text(errors="replace") for path in repo.rglob("*") if path.is_file()]
    with Butler(repo) as butler:
        engine = butler.registry._engine  # type: ignore[attr-defined]
        shown += [repr(butler), repr(butler.registry), repr(engine), repr(vars(butler.registry))]
        shown += [repr(pickle.dumps(butler)), repr(pickle.dumps(butler.registry))]
    # What other users of the computer see of a process that has connected.
    program = "import sys, butler; butler.Butler(sys.argv[1]); print(open('/proc/self/cmdline').read())"
    done = subprocess.run(
        [sys.executable, "-c", program, str(repo)], capture_output=True, text=True, check=True
    )
    assert "repo" in done.stdout
    for text in (*shown, done.stdout, done.stderr):
        assert SECRET not in text


def test_a_wrong_password_is_told_of_but_not_told(files: Files) -> None:
    files.password("wr0ng-horse")
    with pytest.raises(DatabaseUnavailableError, match="password authentication failed") as caught:
        PostgresRegistry(SERVICE).cameras()
    assert "~/.pgpass" in str(caught.value)
    assert "wr0ng" not in str(caught.value) + repr(caught.value.__cause__)


@pytest.mark.parametrize(
    ("change", "says", "hint"),
    [
        ({"authority": "stranger"}, "certificate verify failed", "sslrootcert"),
        ({"authority": "nobody"}, "root certificate file", "sslrootcert"),
        ({"host": "elsewhere.example"}, "elsewhere.example", "another name"),
        ({"sslmode": "disable"}, "no encryption|rejects", "sslmode|administrator"),
    ],
)
def test_a_server_that_can_t_be_trusted_is_unavailable(
    files: Files, change: dict[str, str], says: str, hint: str
) -> None:
    files.service(**change)
    with pytest.raises(DatabaseUnavailableError, match=says) as caught:
        PostgresRegistry(SERVICE).cameras()
    assert caught.value.hint
    assert any(word in caught.value.hint for word in hint.split("|"))


def test_an_unknown_service_is_told_of(files: Files) -> None:
    with pytest.raises(DatabaseUnavailableError, match="nobody") as caught:
        PostgresRegistry("postgresql:///?service=nobody").cameras()
    assert "PGSERVICEFILE" in str(caught.value)


def test_a_host_that_vanishes_is_noticed(files: Files) -> None:
    """Within the time that the kernel is told; a DSN says otherwise."""
    wanted = ((SERVICE, 30, 60_000), (f"{SERVICE}&keepalives_idle=7&tcp_user_timeout=9000", 7, 9000))
    for dsn, idle, unanswered in wanted:
        with open_engine(dsn).connect() as connection:
            descriptor = os.dup(connection.connection.fileno())  # type: ignore[attr-defined]
            with socket.socket(fileno=descriptor) as tcp:
                assert tcp.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
                assert tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == idle
                assert tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == unanswered


WITH_PASSWORD = [
    f"postgresql://observer:{SECRET}@localhost/survey",
    f"postgresql://observer@localhost/survey?password={SECRET}",
    f"postgresql:///survey?user=observer&sslpassword={SECRET}",
]


@pytest.mark.parametrize("dsn", WITH_PASSWORD)
def test_a_password_is_not_written_into_a_repository(tmp_path: Path, dsn: str) -> None:
    command = Command(tmp_path / "repo")
    result = command("create", tmp_path / "repo", "--dsn", dsn)
    assert result.exit_code == 1
    assert "~/.pgpass" in result.stderr
    assert SECRET not in result.output
    assert not (tmp_path / "repo").exists()


@pytest.mark.parametrize("dsn", WITH_PASSWORD)
def test_a_password_written_into_a_repository_by_hand_is_warned_of_and_hidden(
    tmp_path: Path, dsn: str
) -> None:
    (tmp_path / "butler.yaml").write_text(f"database:\n  dsn: {dsn}\n")
    with pytest.warns(UserWarning, match=r"database.dsn.writer holds a password.*pgpass") as caught:
        RepositoryConfig.read(tmp_path)
    with pytest.warns(UserWarning, match="holds a password"):
        shown = Command(tmp_path).out("config", "show")
    assert SECRET not in shown + str(caught[0].message)


@pytest.mark.parametrize(
    "dsn",
    [
        f"postgresql://observer:{SECRET}/x@localhost/survey",
        f"mysql://observer:{SECRET}@localhost/survey",
        f"postgresql://observer:{SECRET}@localhost:port/survey",
        f"observer:{SECRET}@localhost",
    ],
)
def test_a_malformed_dsn_is_not_shown(dsn: str) -> None:
    with pytest.raises(ButlerError) as caught:
        PostgresRegistry(dsn).cameras()
    error: BaseException | None = caught.value
    while error is not None:
        assert SECRET not in str(error)
        error = error.__cause__


def test_what_is_shown_of_a_dsn_hides_each_secret() -> None:
    for dsn in WITH_PASSWORD:
        assert SECRET not in hidden(dsn)


def open_in_a_process(repo: Path) -> bool:
    with Butler(repo) as butler:
        return butler.registry.cameras() == []


def test_a_worker_process_finds_the_password_where_its_parent_did(files: Files, tmp_path: Path) -> None:
    create_repository(tmp_path / "repo", dsn=SERVICE)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(open_in_a_process, [tmp_path / "repo"])
