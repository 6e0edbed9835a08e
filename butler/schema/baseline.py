"""Freeze the first revision anew, and what is derived from it.

``python -m butler.schema.baseline``: only until the first release. After it a
change of the schema is a revision of its own, and this module goes.
"""

from __future__ import annotations

from sqlalchemy import text

__all__ = ["main"]

FIRST = "0001"


def main() -> None:
    """Freeze tables and SQL files, build them on a throw-away server, list the catalogue."""
    from butler.registry.postgres.engine import one_transaction, open_engine
    from butler.schema.migrations import catalog, initialise, upgrade
    from butler.schema.reference import write_expected_catalog
    from butler.schema.revisions import freeze_baseline
    from butler.testing.postgres import TemporaryServer

    freeze_baseline(FIRST)
    with TemporaryServer() as server:
        administrator = open_engine(server.dsn("postgres"))
        with administrator.connect() as connection:
            connection.execute(text("CREATE DATABASE butler"))
        administrator.dispose()
        with one_transaction(server.dsn("butler")) as connection:
            initialise(connection)
            connection.execute(text("SET LOCAL ROLE butler_owner"))
            upgrade(connection)
            write_expected_catalog(catalog(connection))


if __name__ == "__main__":
    main()
