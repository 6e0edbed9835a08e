"""Nothing goes with a downgrade that anybody misses: what counts as registered, and who may write meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from db.session import Session, refused
from pytest_postgresql.executors import NoopExecutor
from sqlalchemy.exc import OperationalError

from butler import Butler, DatasetType
from butler.errors import SchemaVersionError
from butler.schema import rows
from butler.schema.install import create_layer
from butler.schema.migrations import current_version, downgrade
from butler.schema.revisions import begin_alone
from butler.version import SCHEMA_VERSION

Run = Callable[..., Any]


@pytest.fixture(scope="session")
def butler_template(butler_noproc: NoopExecutor) -> str:
    """The plug-in's: nothing is registered, no datastore either."""
    return butler_noproc.template_dbname


def lost(as_owner: Run) -> dict[str, int]:
    with pytest.raises(
        SchemaVersionError, match=r"a downgrade to base would lose .*\n.*--everything"
    ) as caught:
        as_owner(downgrade, "base")
    counts: dict[str, int] = caught.value.details["rows"]
    assert as_owner(current_version) == SCHEMA_VERSION
    return counts


@pytest.mark.parametrize("path", ["butler_internal,butler,public", "mydb_me_internal,butler_common", '""'])
def test_what_is_registered_is_counted_whatever_the_search_path(
    write: Session, as_owner: Run, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_owner(create_layer, "mydb_me", "butler")
    write.rows("SELECT mydb_me.open_run('u/me/above')")
    write.call("open_run", "u/me")
    monkeypatch.setenv("PGOPTIONS", f"-c search_path={path}")
    assert lost(as_owner) == {
        "butler_common.registry (layers)": 1,
        **{
            f"{schema}.{table}": 1
            for schema in ("butler_internal", "mydb_me_internal")
            for table in ("collection", "execution", "run")
        },
    }


@pytest.mark.parametrize("path", ["butler_internal,butler,public", '""'])
def test_deleted_rows_are_told_whatever_the_search_path(
    own: Session, as_owner: Run, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.rows("INSERT INTO butler_internal.label (label) VALUES ('a')")
    monkeypatch.setenv("PGOPTIONS", f"-c search_path={path}")

    def deleted(connection: Any) -> dict[str, int]:
        connection.exec_driver_sql("DELETE FROM butler_internal.label")
        return dict(rows.deleted_rows(connection))

    assert as_owner(deleted) == {"butler_internal.label": 1}


def test_all_is_registered_but_what_a_repository_is_made_with(
    butler_repository: Path, write: Session, as_owner: Run
) -> None:
    with Butler(butler_repository) as butler:
        butler.registry.definitions.register_dataset_type(DatasetType("note", "Text", ("label",)))
    assert lost(as_owner) == {"butler_internal.dataset_type": 1}
    write.call("register_datastore", "second", "file:///somewhere/else/")
    assert lost(as_owner) == {"butler_internal.dataset_type": 1, "butler_internal.datastore": 1}
    as_owner(lambda connection: downgrade(connection, "base", everything=True))
    assert as_owner(current_version) is None


def test_a_layer_is_registered_whatever_is_in_it(as_owner: Run) -> None:
    as_owner(create_layer, "mydb_me", "butler")
    assert lost(as_owner) == {"butler_common.registry (layers)": 1}


def test_a_new_repository_has_nothing_that_is_missed(butler_repository: Path, as_owner: Run) -> None:
    Butler(butler_repository).close()
    as_owner(downgrade, "base")
    assert as_owner(current_version) is None


def test_what_is_put_while_the_schema_is_taken_away_is_not_lost(
    write: Session, own: Session, as_owner: Run
) -> None:
    errors: list[Exception] = []

    def take_away() -> None:
        try:
            as_owner(downgrade, "base")
        except Exception as error:
            errors.append(error)

    taking = threading.Thread(target=take_away)
    with write.transaction():
        write.call("open_run", "u/me")
        taking.start()
        while taking.is_alive() and not own.scalar("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            time.sleep(0.002)
    taking.join()
    # Having waited for longer than it does, it has gone away; else it has counted what came.
    (error,) = errors
    if not isinstance(error, OperationalError):
        assert isinstance(error, SchemaVersionError)
        assert error.details["rows"]["butler_internal.collection"] == 1
    assert own.column("SELECT collection FROM butler.collection") == ["u/me"]


@pytest.mark.parametrize("target", ["base", SCHEMA_VERSION])
def test_nobody_writes_between_the_count_and_the_end_of_a_downgrade(
    write: Session, as_owner: Run, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    rows_in = rows.rows_in

    def count_and_try_to_write(*arguments: Any) -> dict[str, int]:
        found = rows_in(*arguments)
        try:
            write.rows("SET lock_timeout = 1")
            write.call("open_run", f"u/me/{len(counted)}")
        except psycopg2.errors.LockNotAvailable:
            counted.append("alone")
        else:
            counted.append("somebody wrote")
        return found

    monkeypatch.setattr(rows, "rows_in", count_and_try_to_write)
    if target == "base":
        # The first count keeps nobody waiting, and the second sees what came.
        with pytest.raises(SchemaVersionError, match=r"1 rows of butler_internal\.collection"):
            as_owner(downgrade, target)
        assert counted == ["somebody wrote", "alone"]
    else:
        as_owner(downgrade, target)
        assert counted == ["alone"]


def test_who_is_alone_has_the_tables_of_layers_too(write: Session, as_owner: Run) -> None:
    as_owner(create_layer, "mydb_me", "butler")

    def alone(connection: Any) -> None:
        begin_alone(connection)
        write.rows("SET lock_timeout = 1")
        for registry in ("butler", "mydb_me"):
            with refused("55P03"):
                write.rows(f"SELECT {registry}.open_run('u/me')")

    as_owner(alone)
