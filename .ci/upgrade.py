"""Upgrades a database, whose owner's DSN is given, to the newest revision of this project."""

from __future__ import annotations

import sys

from butler.registry.postgres.engine import one_transaction
from butler.schema.migrations import upgrade

with one_transaction(sys.argv[1]) as connection:
    upgrade(connection)
