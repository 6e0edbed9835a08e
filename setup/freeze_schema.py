"""Freezes the first revision of the schema anew, and writes what is made from it; ``make schema``.

Only until the first release: after it a change of the schema is a revision of its own, and this
program writes the reference alone.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from butler.registry.postgres.engine import one_transaction
from butler.registry.postgres.errors import BY_SQLSTATE
from butler.schema.migrations import catalog, initialise, upgrade
from butler.schema.reference import write_expected_catalog
from butler.schema.reference_page import reference_page
from butler.schema.revisions import freeze_baseline
from butler.testing.postgres import TemporaryServer

FIRST = "0001"
PAGE = Path(__file__).parents[1] / "docs" / "schema.md"


def main() -> None:
    """Freeze tables and SQL files, build them on a throw-away server, list the catalogue, describe it."""
    freeze_baseline(FIRST)
    with TemporaryServer() as server, one_transaction(server.dsn("postgres")) as connection:
        initialise(connection)
        connection.execute(text("SET LOCAL ROLE butler_owner"))
        upgrade(connection)
        write_expected_catalog(catalog(connection))
        errors = {code: error.__name__ for code, error in BY_SQLSTATE.items()}
        PAGE.write_text(reference_page(connection, errors), encoding="utf-8")


if __name__ == "__main__":
    main()
