"""Freezes the newest revision of the schema anew, and writes what is made from it; ``make schema``.

What was released is never frozen anew: a change of the SQL is then a revision of its own, which
``make revision`` begins.
"""

from __future__ import annotations

import sys
from pathlib import Path

from released import releases
from sqlalchemy import text

from butler.registry.postgres.engine import one_transaction
from butler.registry.postgres.errors import BY_SQLSTATE
from butler.schema.contract import public_contract, write_contract
from butler.schema.migrations import catalog, initialise, upgrade
from butler.schema.objects import read_objects, sql_root
from butler.schema.reference import write_expected_catalog
from butler.schema.reference_page import reference_page
from butler.schema.revisions import freeze, freeze_baseline, frozen_objects, newest
from butler.testing.postgres import TemporaryServer

FIRST = "0001"
PROJECT = Path(__file__).parents[1]
PAGE = PROJECT / "docs" / "schema.md"


def main() -> None:
    """Freeze the SQL files, build them on a throw-away server, list the catalogue, describe it."""
    revision = newest()
    released = releases().get(revision)
    if released is None:
        freeze_baseline(revision) if revision == FIRST else freeze(revision)
    elif changed := changed_since(revision):
        sys.exit(
            f"{', '.join(changed)} changed since revision {revision}, which was released in {released.tag}:"
            " begin a revision by 'make revision MESSAGE=\"what changes\"'"
        )
    with TemporaryServer() as server, one_transaction(server.dsn("postgres")) as connection:
        initialise(connection)
        connection.execute(text("SET LOCAL ROLE butler_owner"))
        upgrade(connection)
        write_expected_catalog(catalog(connection))
        if released is None:
            write_contract(revision, public_contract(connection))
        errors = {code: error.__name__ for code, error in BY_SQLSTATE.items()}
        PAGE.write_text(reference_page(connection, errors), encoding="utf-8")


def changed_since(revision: str) -> list[str]:
    """List the files of objects that aren't as a revision has them."""
    now = {obj.path: obj.sql for obj in read_objects(sql_root())}
    then = {obj.path: obj.sql for obj in frozen_objects(revision)}
    return sorted(path for path in now.keys() | then.keys() if now.get(path) != then.get(path))


if __name__ == "__main__":
    main()
