from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from butler.registry.postgres.engine import one_transaction
from butler.schema.install import create_layer
from butler.testing.databases import Database, fresh_database
from butler.testing.postgres import TemporaryServer
from plans.watch import Watched

LAYER = "mydb_alice"


@pytest.fixture(scope="package")
def butler_template(butler_server: TemporaryServer, butler_template: str) -> Iterator[str]:
    """The survey, with a layer over it that has a run of its own."""
    with fresh_database(butler_server, butler_template) as survey:
        with one_transaction(survey.dsn("owner")) as owner:
            create_layer(owner, LAYER, "butler")
        cursor = survey.connect("superuser").cursor()
        cursor.execute((Path(__file__).parent / "survey.sql").read_text(encoding="utf-8"))
        # They came in past the triggers.
        cursor.execute("SELECT butler.recompute_storage_use(), butler.fold_storage_use()")
        cursor.execute(f"SELECT {LAYER}.register_collection('mine', 'run')")
        survey.close()
        yield survey.name


@pytest.fixture
def watched(database: Database) -> Callable[..., Watched]:
    """What opens a session as a writer whose plans are seen, for the name of a registry."""

    def connect(registry: str, role: str = "butler_writer") -> Watched:
        session = Watched(database.connect("superuser"), role)
        session.rows(f"SET search_path = {registry}, public")
        return session

    return connect
