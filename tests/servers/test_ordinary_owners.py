"""Whoever owns a database and is no superuser needs the administrator once, for what a script says."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest
from cli.conftest import Command
from sqlalchemy import text

from butler import Butler
from butler.errors import DatabaseUnavailableError, PermissionDeniedError
from butler.registry.postgres.engine import one_transaction
from butler.schema.install import create_layer
from butler.schema.migrations import initialise
from butler.testing.databases import Database, make_template
from butler.testing.postgres import TemporaryServer
from servers.conftest import Administrator
from servers.work import work

MakeDatabase = Callable[..., str]


@pytest.fixture(scope="module")
def butler_server() -> Iterator[TemporaryServer]:
    """A server of the module's own: roles belong to a whole server."""
    with TemporaryServer() as server:
        yield server


@pytest.fixture(scope="module")
def butler_template(butler_server: TemporaryServer) -> str:
    return make_template(butler_server)


def failed(command: Command, *words: str | Path) -> str:
    result = command(*words)
    assert result.exit_code == 1, result.output
    return str(result.output)


def everything_works(command: Command, owner: str, writer: str, repo: Path) -> None:
    """Go on as somebody would after ``butler db init``: none of it is the administrator's."""
    command.out("create", repo, "--dsn", writer)
    with Butler(repo, run="u/me") as butler:
        work(butler, "a", repo.parent)
        assert list(butler.verify()) == []
    (repo / "butler.yaml").write_text(
        (repo / "butler.yaml").read_text().replace("writer:", f"owner: {owner}\n    writer:")
    )
    command.out("layer", "create", "mydb_me")
    with Butler(repo, run="u/layer", collections="u/me", registry="mydb_me") as butler:
        work(butler, "b", repo.parent)
        assert butler.get("note", label="a0") == "a"
    command.out("layer", "drop", "mydb_me", "--yes")
    command.out("db", "grant")
    command.out("db", "check")
    command.out("db", "upgrade")
    command.out("verify")


def test_an_owner_without_createrole_gets_all_from_the_script(
    command: Command,
    butler_server: TemporaryServer,
    administrator: Administrator,
    make_database: MakeDatabase,
    tmp_path: Path,
) -> None:
    database = make_database("plain")
    owner = butler_server.dsn(database, "plain_admin")
    said = failed(command, "db", "check", owner, "--role-prefix", "plain")
    for missing in (
        "extension postgis: it is missing: let the administrator",
        "extension btree_gist: it is missing: run 'butler db init",
        "role plain_owner: it is missing, and plain_admin has no CREATEROLE",
        "role plain_writer: it is missing",
        "role plain_reader: it is missing",
        "setting timezone: the database's is not UTC",
        "grant: anybody may connect",
        "grant: anybody may make temporary tables",
        "schema: there is none: run 'butler db init --role-prefix plain'",
        "'butler db init --sql --role-prefix plain --login plain_admin'",
    ):
        assert missing in said
    assert "may not initialise" in failed(command, "db", "init", "--dsn", owner, "--role-prefix", "plain")

    script = command.out("db", "init", "--sql", "--role-prefix", "plain", "--login", "plain_admin")
    administrator.psql(script, database)
    administrator.psql(script, database)
    said = failed(command, "db", "check", owner, "--role-prefix", "plain")
    assert said == "schema: there is none: run 'butler db init --role-prefix plain'\n"

    assert "'butler db check" in failed(command, "create", tmp_path / "early", "--dsn", owner)
    command.out("db", "init", "--dsn", owner, "--role-prefix", "plain")
    assert command("db", "check", owner).exit_code == 0
    administrator.sql("CREATE ROLE plain_observer LOGIN")
    with one_transaction(owner) as connection:  # the login may let others in
        connection.execute(text("GRANT plain_writer TO plain_observer"))
    everything_works(command, owner, butler_server.dsn(database, "plain_observer"), tmp_path / "repo")


def test_an_owner_with_createrole_makes_the_roles_alone(
    command: Command,
    butler_server: TemporaryServer,
    administrator: Administrator,
    make_database: MakeDatabase,
    tmp_path: Path,
) -> None:
    database = make_database("maker", "CREATEROLE")
    owner = butler_server.dsn(database, "maker_admin")
    said = failed(command, "db", "check", owner, "--role-prefix", "maker")
    assert "role maker_owner: it is missing: run 'butler db init" in said
    administrator.sql("CREATE EXTENSION postgis", database=database)
    command.out("db", "init", "--dsn", owner, "--role-prefix", "maker")
    with one_transaction(owner) as connection:
        connection.execute(text("CREATE ROLE maker_observer LOGIN IN ROLE maker_writer"))
    everything_works(command, owner, butler_server.dsn(database, "maker_observer"), tmp_path / "repo")


def test_functions_that_only_a_superuser_closes_are_advice(
    command: Command,
    butler_server: TemporaryServer,
    administrator: Administrator,
    make_database: MakeDatabase,
) -> None:
    database = make_database("advised", "CREATEROLE")
    administrator.sql("CREATE EXTENSION postgis", database=database)
    command.out(
        "db", "init", "--dsn", butler_server.dsn(database, "advised_admin"), "--role-prefix", "advised"
    )
    found = command("db", "check", butler_server.dsn(database, "advised_admin"))
    assert found.exit_code == 0
    assert "advice: functions for advisory locks" in found.stdout


def test_a_login_that_isn_t_the_owner_is_told_so(
    command: Command,
    butler_server: TemporaryServer,
    administrator: Administrator,
    make_database: MakeDatabase,
) -> None:
    database = make_database("other")
    administrator.psql(command.out("db", "init", "--sql", "--role-prefix", "other"), database)
    owner = butler_server.dsn(database, "other_admin")
    said = failed(command, "db", "check", owner, "--role-prefix", "other")
    assert "role other_owner: other_admin is no member of it: let the administrator" in said
    with pytest.raises(PermissionDeniedError, match="administrator"), one_transaction(owner) as connection:
        initialise(connection, role_prefix="other")


def test_extensions_may_be_there_before_but_postgis_in_public_only(
    command: Command,
    butler_server: TemporaryServer,
    administrator: Administrator,
    make_database: MakeDatabase,
    tmp_path: Path,
) -> None:
    database = make_database("moved")
    owner = butler_server.dsn(database, "moved_admin")
    administrator.sql(
        "CREATE SCHEMA extensions",
        "CREATE EXTENSION postgis SCHEMA extensions",
        "CREATE EXTENSION btree_gist SCHEMA extensions",
        database=database,
    )
    said = failed(command, "db", "check", owner, "--role-prefix", "moved")
    assert "extension postgis: it is in schema extensions" in said
    assert "DROP EXTENSION postgis; CREATE EXTENSION postgis SCHEMA public" in said
    with pytest.raises(DatabaseUnavailableError, match="schema extensions"), one_transaction(owner) as c:
        initialise(c, role_prefix="moved")

    administrator.sql("DROP EXTENSION postgis", "CREATE EXTENSION postgis SCHEMA public", database=database)
    administrator.psql(
        command.out("db", "init", "--sql", "--role-prefix", "moved", "--login", "moved_admin"), database
    )
    command.out("db", "init", "--dsn", owner, "--role-prefix", "moved")
    everything_works(command, owner, owner, tmp_path / "repo")


def test_a_database_that_can_t_be_ours_says_why(
    command: Command,
    butler_server: TemporaryServer,
    administrator: Administrator,
    make_database: MakeDatabase,
) -> None:
    database = make_database(
        "latin", database_options="TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
    )
    said = failed(command, "db", "check", butler_server.dsn(database, "latin_admin"))
    assert "database: its encoding is LATIN1, not UTF8: make another" in said


def test_whoever_begins_under_another_isolation_level_is_named_with_the_remedy(
    command: Command,
    butler_server: TemporaryServer,
    administrator: Administrator,
    make_database: MakeDatabase,
) -> None:
    database = make_database("level", "CREATEROLE")
    administrator.psql(
        command.out("db", "init", "--sql", "--role-prefix", "level", "--login", "level_admin"), database
    )
    owner = butler_server.dsn(database, "level_admin")
    command.out("db", "init", "--dsn", owner, "--role-prefix", "level")
    administrator.sql(
        *(f"CREATE ROLE level_{login} LOGIN" for login in ("ann", "bob", "eve")),
        "GRANT level_writer TO level_ann, level_bob",
        "GRANT level_reader TO level_eve",
    )
    command.out("db", "check", owner)
    settings = {
        f"ALTER DATABASE {database}": "the database",
        "ALTER ROLE level_ann": "role level_ann",
        f"ALTER ROLE level_bob IN DATABASE {database}": "role level_bob in the database",
        "ALTER ROLE level_owner": "role level_owner",
    }
    for whose in (*settings, "ALTER ROLE level_eve"):
        administrator.sql(f"{whose} SET default_transaction_isolation = 'repeatable read'")
    said = failed(command, "db", "check", owner).splitlines()
    assert sorted(said) == sorted(
        f"setting default_transaction_isolation: it is 'repeatable read' for {whose}, and functions that write"
        f" need 'read committed': {statement} RESET default_transaction_isolation"
        for statement, whose in settings.items()
    ), "a reader may read as he likes"
    for line in said:
        administrator.sql(line.rsplit(": ", 1)[1])
    command.out("db", "check", owner)


def test_a_level_of_the_environment_is_told_of_too(
    command: Command, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGOPTIONS", "-c default_transaction_isolation=serializable")
    assert "it is 'serializable' for the server, and" in failed(command, "db", "check", database.dsn("owner"))


def test_locks_for_many_layers_are_counted(command: Command) -> None:
    with TemporaryServer(max_locks_per_transaction="40", max_connections="10") as small:
        Administrator(small).sql("CREATE DATABASE tight")
        dsn = small.dsn("tight")
        command.out("db", "init", "--dsn", dsn)
        command.out("db", "check", dsn)
        for layer in ("mydb_you", "mydb_me"):
            with one_transaction(dsn) as connection:
                connection.execute(text("SET LOCAL ROLE butler_owner"))
                create_layer(connection, layer, "butler")
        said = failed(command, "db", "check", dsn)
    assert re.search(r"max_locks_per_transaction: an upgrade of 3 registries takes \d+ locks", said)
    assert "and restart the server" in said


# Two repositories -----------------------------------------------------------------------


@pytest.fixture
def two(
    command: Command,
    butler_server: TemporaryServer,
    administrator: Administrator,
    make_database: MakeDatabase,
) -> dict[str, str]:
    databases = {}
    for prefix in ("east", "west"):
        database = databases[prefix] = make_database(prefix)
        administrator.psql(
            command.out("db", "init", "--sql", "--role-prefix", prefix, "--login", f"{prefix}_admin"),
            database,
        )
        command.out(
            "db", "init", "--dsn", butler_server.dsn(database, f"{prefix}_admin"), "--role-prefix", prefix
        )
        for door in ("reader", "writer", "owner"):
            administrator.sql(f"CREATE ROLE {prefix}_a_{door} LOGIN IN ROLE {prefix}_{door}")
    return databases


def test_roles_of_two_repositories_on_one_server_don_t_meet(
    two: dict[str, str], butler_server: TemporaryServer, administrator: Administrator
) -> None:
    doors = ("a_reader", "a_writer", "a_owner", "admin")
    for door, (own, other) in itertools.product(doors, (("east", "west"), ("west", "east"))):
        login = f"{own}_{door}"
        psycopg2.connect(butler_server.dsn(two[own], login)).close()
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            psycopg2.connect(butler_server.dsn(two[other], login))
        for role in ("reader", "writer", "owner"):
            ((member,),) = administrator.sql(f"SELECT pg_has_role('{login}', '{other}_{role}', 'MEMBER')")
            assert not member
        ((readable,),) = administrator.sql(
            "SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
            f" WHERE n.nspname LIKE 'butler%' AND c.relkind IN ('r', 'v')"
            f" AND has_schema_privilege('{login}', n.oid, 'USAGE') AND has_table_privilege('{login}', c.oid, 'SELECT')",
            database=two[other],
        )
        assert readable == 0


def test_dropping_one_repository_leaves_the_other_whole(
    two: dict[str, str],
    command: Command,
    butler_server: TemporaryServer,
    administrator: Administrator,
    tmp_path: Path,
) -> None:
    command.out("create", tmp_path / "repo", "--dsn", butler_server.dsn(two["east"], "east_a_writer"))
    with Butler(tmp_path / "repo", run="u/me") as butler:
        work(butler, "a", tmp_path)
    administrator.sql(f"DROP DATABASE {two['west']} WITH (FORCE)")
    administrator.sql("DROP ROLE west_owner, west_writer, west_reader")
    with Butler(tmp_path / "repo", run="u/me") as butler:
        work(butler, "b", tmp_path)
        assert butler.get("note", label="a0") == "a"
        assert list(butler.verify()) == []
    assert command("db", "check", butler_server.dsn(two["east"], "east_admin")).exit_code == 0


def test_a_prefix_that_opens_another_database_is_told_of(
    two: dict[str, str],
    command: Command,
    butler_server: TemporaryServer,
    make_database: MakeDatabase,
) -> None:
    database = make_database("third", "CREATEROLE")
    said = failed(command, "db", "check", butler_server.dsn(database, "third_admin"), "--role-prefix", "east")
    assert f"advice: roles east_*: they open {two['east']} too" in said
