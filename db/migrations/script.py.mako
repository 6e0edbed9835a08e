<%!
    def of_each_registry(operations):
        indented = (operations or "pass").replace("\n    ", "\n            ")
        return indented.replace("schema='butler_internal'", "schema=registry.tables")
%>"""${message}

A revision runs in one transaction over every registry of the database. It reads only what is frozen
under db/migrations/sql; never edit a revision or a frozen file that has been released. Table
operations take ``schema=registry.tables``; what depends on data is written as SQL over sets. Keep locks short: add
indexes and foreign keys in a way that the size of ``dataset`` allows.

People work while it runs, and go on with the Butler that they have: ``oldest_client`` is the oldest
revision whose clients find all that they call. It stays, unless something of the contract has gone or
means something else; then it is at most the newest revision of the release before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from butler.schema.revisions import replaced_contract

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
oldest_client = ${repr(oldest_client)}


def upgrade() -> None:
    with replaced_contract(op.get_bind(), old=down_revision, new=revision) as registries:
        for registry in registries:
            ${of_each_registry(upgrades)}


def downgrade() -> None:
    with replaced_contract(op.get_bind(), old=revision, new=down_revision) as registries:
        for registry in registries:
            ${of_each_registry(downgrades)}
