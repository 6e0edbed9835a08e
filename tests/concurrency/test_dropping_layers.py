"""A layer that is dropped while somebody puts into it."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from db.session import Session
from db.world import dataset

from butler.registry.postgres.engine import one_transaction
from butler.schema.install import create_layer, drop_layer
from concurrency.conftest import Person


def test_files_of_a_put_that_a_drop_has_waited_for_are_older_than_the_root_s_mark_and_known(
    pair: tuple[Person, Person], own: Session, database: Any
) -> None:
    """What is younger would be the reaper's, though the files are to be kept."""
    writer, onlooker = pair
    with one_transaction(database.dsn("owner")) as connection:
        create_layer(connection, "mydb_ann", "butler")
    writer.rows("SELECT mydb_ann.register_collection('u/ann', 'run')")
    given = dataset("note", {"label": "twilight"})
    with one_transaction(database.dsn("owner")) as connection, ThreadPoolExecutor(1) as another:
        pid = connection.connection.dbapi_connection.get_backend_pid()  # type: ignore[union-attr]
        with writer.transaction():
            writer.rows("SELECT mydb_ann.put('u/ann', %s)", json.dumps([given]))
            dropping = another.submit(drop_layer, connection, "mydb_ann", keep_files=True)
            while not onlooker.scalar("SELECT cardinality(pg_blocking_pids(%s)) > 0", pid):
                assert not dropping.done()
                time.sleep(0.002)
            put_until = writer.scalar("SELECT clock_timestamp()")
        assert [artifact.path for artifact in dropping.result()] == [given["artifacts"][0]["path"]]
    assert own.scalar("SELECT marked FROM butler_internal.datastore WHERE datastore = 'main'") > put_until
