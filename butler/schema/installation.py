"""What the owner of a database's schema decides for all of its registries."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, text
from sqlalchemy.exc import DataError, IntegrityError

from butler.errors import ConfigError
from butler.schema.activity import record
from butler.schema.install import registries
from butler.schema.migrations import initialise, upgrade

__all__ = ["install", "prune_activity", "set_trash_delay"]


def install(connection: Connection, *, role_prefix: str = "butler") -> None:
    """Make extensions, roles and the newest schema; what is there already stays as it is.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        As `~butler.schema.migrations.initialise` takes it.
    role_prefix : `str`
        What the names of the roles begin with.

    Raises
    ------
    DatabaseUnavailableError, PermissionDeniedError, InvalidNameError
        As `~butler.schema.migrations.initialise`.
    """
    initialise(connection, role_prefix=role_prefix)
    connection.execute(text(f"SET LOCAL ROLE {role_prefix}_owner"))
    upgrade(connection)


def set_trash_delay(connection: Connection, interval: str) -> None:
    """Say for how long what is in the trash can be restored.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        As the owner, in a transaction, which can't be used after an error.
    interval : `str`
        As PostgreSQL reads it.

    Raises
    ------
    ConfigError
        If it isn't a time, or is negative.
    """
    try:
        connection.execute(
            text("UPDATE butler_common.installation SET trash_delay = CAST(:delay AS interval)"),
            {"delay": interval},
        )
    except (DataError, IntegrityError) as error:
        raise ConfigError(f"{interval!r} is not a time: write '7 days' or '12 hours'") from error
    record(connection, "set_trash_delay", trash_delay=interval)


def prune_activity(connection: Connection, older_than: timedelta, *, dry_run: bool = False) -> int:
    """Forget who did what longer ago, in all registries of the database.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        As the owner, in a transaction.
    older_than : `datetime.timedelta`
        How long ago, by the server's clock.
    dry_run : `bool`
        Only count.

    Returns
    -------
    count : `int`
        How many rows that are, or would be.
    """
    return sum(
        connection.execute(
            text(f"SELECT {registry.tables}.prune_activity(:older_than, :dry_run)"),
            {"older_than": older_than, "dry_run": dry_run},
        ).scalar_one()
        for registry in registries(connection)
    )
