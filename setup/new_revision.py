"""Begins a revision of the schema: ``make revision MESSAGE="what changes"``.

Edit the tables and the SQL files first. Alembic drafts what the tables need, from a throw-away server
at the newest revision; the SQL files that changed are frozen beside it, and the rest as by ``make schema``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from freeze_schema import PROJECT

from butler.registry.postgres.engine import one_transaction
from butler.schema.migrations import initialise, upgrade
from butler.schema.objects import sql_root
from butler.schema.revisions import freeze, newest
from butler.testing.postgres import TemporaryServer

VERSION = Path("butler") / "version.py"


def main(message: str) -> None:
    """Write the draft of the next revision, freeze what changed, and make it the newest that Butler knows."""
    before = newest()
    revision = f"{int(before) + 1:04}"
    with TemporaryServer() as server:
        with one_transaction(server.dsn("postgres")) as connection:
            initialise(connection)
            connection.exec_driver_sql("ALTER ROLE butler_owner LOGIN")
        with one_transaction(server.dsn("postgres", "butler_owner")) as connection:
            upgrade(connection)
        with one_transaction(server.dsn("postgres", "butler_owner")) as connection:
            config = Config(PROJECT / "alembic.ini")
            config.set_main_option("script_location", str(sql_root() / "migrations"))
            config.attributes["connection"] = connection
            command.revision(config, message, autogenerate=True, rev_id=revision)
    changed = freeze(revision)
    file = PROJECT / VERSION
    text = file.read_text(encoding="utf-8")
    file.write_text(
        re.sub(rf'^SCHEMA_VERSION = "{before}"$', f'SCHEMA_VERSION = "{revision}"', text, flags=re.MULTILINE),
        encoding="utf-8",
    )
    print(f"revision {revision}: {len(changed)} SQL files changed; edit its draft, then 'make schema'")


if __name__ == "__main__":
    main(sys.argv[1])
