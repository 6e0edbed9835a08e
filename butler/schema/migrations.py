"""Bring a database's schema to a revision, and say how it differs from what it should be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, inspect, text

from butler.errors import (
    DatabaseUnavailableError,
    InvalidNameError,
    PermissionDeniedError,
    SchemaVersionError,
)
from butler.schema.activity import record
from butler.schema.install import registries, role_prefix, run_sql
from butler.schema.objects import instantiate, sql_root
from butler.schema.reference import expected_catalog
from butler.schema.requirements import gaps, obstacles, role_names
from butler.schema.tables import COMMON
from butler.version import SCHEMA_VERSION

__all__ = [
    "Difference",
    "administrator_script",
    "catalog",
    "check",
    "current_version",
    "downgrade",
    "grant",
    "initialise",
    "upgrade",
]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in a database's catalogue that isn't as it should be.

    Parameters
    ----------
    object_type : `str`
        What it is: table, column, constraint, index, trigger, view, function, grant.
    name : `str`
        Of the object.
    expected : `str` or `None`
        Its definition as it should be; `None` if it should not be there.
    found : `str` or `None`
        Its definition as it is; `None` if it is missing.
    """

    object_type: str
    name: str
    expected: str | None
    found: str | None

    def __str__(self) -> str:
        if self.found is None:
            return f"{self.object_type} {self.name} is missing"
        if self.expected is None:
            return f"{self.object_type} {self.name} is not ours"
        return f"{self.object_type} {self.name} differs"


def _alembic(connection: Connection) -> Any:
    from alembic.config import Config

    root = sql_root()
    config = Config(str(root.parent / "alembic.ini"))
    config.set_main_option("script_location", str(root / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def current_version(connection: Connection) -> str | None:
    """Give the revision that a database is at; `None` if it has no schema of ours."""
    if not inspect(connection).has_table("alembic_version", schema=COMMON):
        return None
    version: str | None = connection.execute(
        text(f"SELECT version_num FROM {COMMON}.alembic_version")
    ).scalar_one_or_none()
    return version


def initialise(connection: Connection, *, role_prefix: str = "butler") -> None:
    """Make extensions, roles and settings of a database; idempotent.

    Where nothing is missing, as after an administrator ran
    `administrator_script`, an ordinary role leaves it at that.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        As a role that may do that, in a transaction.
    role_prefix : `str`
        Roles belong to the whole server: two repositories on one have two prefixes.

    Raises
    ------
    DatabaseUnavailableError
        If the server is too old, or its PostGIS or the database isn't fit.
    PermissionDeniedError
        If the role may not; the hint says what the administrator must run.
    InvalidNameError
        If the prefix isn't one for roles.
    """
    _check_prefix(role_prefix)
    for obstacle in obstacles(connection):
        raise DatabaseUnavailableError(
            f"{obstacle.what}: {obstacle.problem}", hint=f"{obstacle.remedy[0].upper()}{obstacle.remedy[1:]}."
        )
    lacking = [finding for finding, _ in gaps(connection, role_prefix)]
    if not lacking and not _is_superuser(connection):
        return
    try:
        run_sql(connection, instantiate(_bootstrap(), "butler", role_prefix))
    except Exception as error:
        if getattr(error, "pgcode", None) == "42501":
            raise PermissionDeniedError(
                f"this role may not initialise the database: {str(error).splitlines()[0]}",
                hint="Let the server's administrator run what 'butler db init --sql' prints;"
                " 'butler db check DSN' lists what is missing.",
                details={"missing": [finding.what for finding in lacking]},
            ) from error
        raise


def administrator_script(*, role_prefix: str = "butler", login: str | None = None) -> str:
    """Give the SQL that an administrator runs in a database, by psql, before it can be ours.

    Parameters
    ----------
    role_prefix : `str`
        What the names of the roles begin with.
    login : `str`, optional
        Who shall own the schema, and may admit writers and readers.

    Raises
    ------
    InvalidNameError
        If the prefix isn't one for roles.
    """
    _check_prefix(role_prefix)
    owner, writer, reader = role_names(role_prefix)
    grants = ""
    if login is not None:
        quoted = '"' + login.replace('"', '""') + '"'
        grants = f"\nGRANT {owner} TO {quoted};\nGRANT {writer}, {reader} TO {quoted} WITH ADMIN OPTION;\n"
    return f"BEGIN;\n\n{instantiate(_bootstrap(), 'butler', role_prefix)}{grants}\nCOMMIT;\n"


def _check_prefix(role_prefix: str) -> None:
    if not re.fullmatch("[a-z][a-z0-9_]{0,53}", role_prefix):
        raise InvalidNameError(
            f"{role_prefix!r} is not a prefix for roles",
            hint="Use lower-case letters, digits and underscores, at most 54.",
        )


def _is_superuser(connection: Connection) -> bool:
    return bool(
        connection.execute(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")).scalar_one()
    )


def _bootstrap() -> str:
    return (sql_root() / "bootstrap.sql").read_text(encoding="utf-8")


def upgrade(connection: Connection, target: str = "head") -> None:
    """Upgrade the schema, as the owner, in the caller's transaction.

    Raises
    ------
    SchemaVersionError
        If the database is at a revision that this version of Butler doesn't know.
    """
    _migrate("upgrade", connection, target)


def downgrade(connection: Connection, target: str, *, everything: bool = False) -> None:
    """Downgrade the schema, as the owner, in the caller's transaction.

    It is rehearsed first: what the older schema has no room for must be empty.
    Nobody writes between that and the end of the transaction.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        In a transaction.
    target : `str`
        The revision; ``base`` takes everything away.
    everything : `bool`
        Whether what is registered may go with it, where that is ``base``;
        else there must be nothing but what making a repository brings: its
        first datastore, and the dataset type ``run_environment``. Who did
        what goes in any case: it is about what there was.

    Raises
    ------
    SchemaVersionError
        If the database is at a revision that this version of Butler doesn't
        know, or rows would be lost. It names the tables and how many.
    DatabaseError
        If others have used the tables for longer than four seconds.
    """
    if target == "base" and everything:
        lost = {}
    elif target == "base":
        lost = _rows_registered(connection)
    else:
        lost = _rows_without_room(connection, target)
    if lost:
        raise SchemaVersionError(
            f"a downgrade to {'base' if target == 'base' else f'revision {target}'} would lose "
            + ", ".join(f"{count} rows of {what}" for what, count in sorted(lost.items())),
            hint="Back it up first, and say --everything, if all that is registered is to go; the files stay."
            if target == "base"
            else "Copy out what is needed and take it away, or stay at this revision: it may still serve the"
            " older clients, see 'butler db status'.",
            details={"rows": lost},
        )
    _migrate("downgrade", connection, target)


def _rows_registered(connection: Connection) -> dict[str, int]:
    """Count what is registered; where that is nothing, again with nobody writing. A refusal blocks nobody."""
    from butler.schema.revisions import begin_alone
    from butler.schema.rows import registered_rows

    if lost := registered_rows(connection):
        return lost
    begin_alone(connection)
    return registered_rows(connection)


def _rows_without_room(connection: Connection, target: str) -> dict[str, int]:
    """Downgrade, see what has gone, take that back, and count what was in it."""
    from butler.schema.revisions import begin_alone
    from butler.schema.rows import columns, deleted_rows, rows_in

    # Before the savepoint of the rehearsal, so that what it gives back stays locked.
    begin_alone(connection)
    before, deleted_before = columns(connection), deleted_rows(connection)
    rehearsal = connection.begin_nested()
    try:
        _migrate("downgrade", connection, target)
        gone = [column for column in before if column not in set(columns(connection))]
        deleted = deleted_rows(connection) - deleted_before
    finally:
        rehearsal.rollback()
    return rows_in(connection, gone) | dict(deleted)


def _migrate(direction: str, connection: Connection, target: str) -> None:
    from alembic import command
    from alembic.util import CommandError

    try:
        getattr(command, direction)(_alembic(connection), target)
    except CommandError as error:
        raise SchemaVersionError(
            f"can't {direction} from {current_version(connection) or 'nothing'} to {target}: {error}",
            hint=f"This version of Butler knows revisions up to {SCHEMA_VERSION}; see 'butler db status'.",
        ) from error


def grant(connection: Connection) -> None:
    """Grant access to every registry again, after a restore, which brings no grants."""
    granted = registries(connection)
    for registry in granted:
        connection.execute(text(f"SELECT {COMMON}.grant_access(:registry)"), {"registry": registry.name})
    record(connection, "grant", registries=[registry.name for registry in granted])


def catalog(connection: Connection, registry: str = "butler") -> dict[tuple[str, str], str]:
    """Read a registry's catalogue: (object type, name) to definition, in the base's names.

    Views of single cameras are left out, as they depend on what was registered.
    """
    schemas = [registry, f"{registry}_internal"] + ([COMMON] if registry == "butler" else [])
    prefix = role_prefix(connection)
    listing = (sql_root() / "catalog.sql").read_text(encoding="utf-8")
    connection.execute(text("SET LOCAL search_path = ''"))
    rows = connection.exec_driver_sql(listing, {"schemas": schemas}).all()
    connection.execute(text("RESET search_path"))
    own_views = {
        name.split(".")[1]
        for object_type, name, definition in rows
        if object_type == "view" and "\ncomment Visits of camera " in definition
    }

    def in_base_names(value: str) -> str:
        if registry != "butler":
            value = re.sub(rf"\b{registry}_internal\b", "butler_internal", value)
            value = re.sub(rf"\b{registry}(?=\.|'::regnamespace|$)", "butler", value)
        for role in ("owner", "writer", "reader"):
            value = value.replace(f"{prefix}_{role}", f"butler_{role}")
        return value

    return {
        (object_type, in_base_names(name)): in_base_names(definition)
        for object_type, name, definition in rows
        if len(name.split(".")) < 2 or name.split(".")[1] not in own_views
    }


def check(connection: Connection) -> list[Difference]:
    """Compare the base registry's catalogue with that of this version of Butler.

    Alembic's own comparison is silent about grants, comments, function bodies
    and EXCLUDE constraints; this one sees whatever the catalogue shows.

    Returns
    -------
    differences : `list` [`Difference`]
        Empty if all is as it should be.
    """
    expected, found = expected_catalog(), catalog(connection)
    if expected.pop(_VERSION) != found.pop(_VERSION):
        expected, found = _without_parsed(expected), _without_parsed(found)
    return [
        Difference(*key, expected.get(key), found.get(key))
        for key in sorted(expected.keys() | found.keys())
        if expected.get(key) != found.get(key)
    ]


_VERSION = ("server", "version")
_PARSED = re.compile(r"\n ?(?:AS|BEGIN ATOMIC)\n.*", re.DOTALL)


def _without_parsed(listing: dict[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    """Leave out what another version of PostgreSQL than ours writes in another way."""
    return {key: _PARSED.sub("", definition) for key, definition in listing.items()}
