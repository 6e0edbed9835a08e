"""Make a registry's tables and contract in a database, take them away, list what there is.

All of it runs in the caller's transaction, as the owner role.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from butler.errors import (
    DefinitionConflictError,
    InvalidNameError,
    SchemaVersionError,
    UnitNotFoundError,
)
from butler.schema.activity import record
from butler.schema.objects import SqlObject, instantiate, read_objects, sql_root
from butler.schema.tables import registry_tables
from butler.values import Artifact
from butler.version import SCHEMA_VERSION

__all__ = [
    "RegistrySchema",
    "become_owner",
    "build_common",
    "build_contract",
    "create_layer",
    "drop_contract",
    "drop_layer",
    "registries",
    "role_prefix",
    "run_sql",
    "schema_owner",
]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,53}")


@dataclass(frozen=True, slots=True)
class RegistrySchema:
    """A registry of a database: a pair of schemas.

    Parameters
    ----------
    name : `str`
        Its public schema.
    base : `str` or `None`
        The registry that it is a layer over.
    depth : `int`
        0 for the base.
    """

    name: str
    base: str | None
    depth: int

    @property
    def tables(self) -> str:
        """Its private schema."""
        return f"{self.name}_internal"


def run_sql(connection: Connection, sql: str) -> None:
    """Run a whole SQL file, in which percent signs and colons mean themselves."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(sql)
    finally:
        cursor.close()


def registries(connection: Connection) -> list[RegistrySchema]:
    """List the registries of a database, the base first."""
    rows = connection.execute(
        text("SELECT registry, base, depth FROM butler_common.registry ORDER BY depth, registry")
    )
    return [RegistrySchema(row.registry, row.base, row.depth) for row in rows]


def become_owner(connection: Connection) -> None:
    """Take the role of the schema's owner until the transaction ends; nothing where there is none yet."""
    if owner := schema_owner(connection):
        connection.execute(text(f"SET LOCAL ROLE {owner}"))


def schema_owner(connection: Connection) -> str | None:
    """Give the role that owns the schema, quoted where it must be; `None` where there is no schema yet."""
    owner: str | None = connection.execute(
        text("SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'butler_common'")
    ).scalar_one_or_none()
    return owner


def role_prefix(connection: Connection) -> str:
    """Give what the roles of this database begin with."""
    prefix: str = connection.execute(text("SELECT role_prefix FROM butler_common.installation")).scalar_one()
    return prefix


def build_common(connection: Connection, objects: Iterable[SqlObject], prefix: str) -> None:
    """Make the functions that all registries of a database share, or replace them."""
    for obj in objects:
        if obj.common:
            run_sql(connection, instantiate(obj.sql, "butler", prefix))


def build_contract(
    connection: Connection, registry: RegistrySchema, objects: Sequence[SqlObject], prefix: str
) -> None:
    """Make the contract of a registry whose tables are there, and grant access to it."""
    own = [obj for obj in objects if not obj.common]
    name = {"registry": registry.name}

    def make(part: Iterable[SqlObject]) -> None:
        for obj in part:
            run_sql(connection, instantiate(obj.sql, registry.name, prefix))

    make(obj for obj in own if obj.object_type == "type")
    connection.execute(text("SELECT butler_common.make_layer(:registry)"), name)
    make(obj for obj in own if obj.object_type != "type")
    connection.execute(text("SELECT butler_common.make_unit_joins(:registry)"), name)
    connection.execute(text("SELECT butler_common.make_triggers(:registry)"), name)
    connection.execute(text("SELECT butler_common.copy_comments(:registry)"), name)
    connection.execute(text("SELECT butler_common.grant_access(:registry)"), name)
    run_sql(
        connection,
        f"SELECT {registry.tables}.make_camera_view(c.camera) FROM {registry.tables}.all_camera AS c",
    )


def drop_contract(connection: Connection, registry: RegistrySchema) -> None:
    """Drop the views, functions and triggers of a registry; its tables stay."""
    connection.execute(text("SELECT butler_common.drop_contract(:registry)"), {"registry": registry.name})


def create_layer(
    connection: Connection, name: str, base: str, *, owner: str = "", root: Path | None = None
) -> RegistrySchema:
    """Make a registry as a layer over another.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        As the owner, in a transaction.
    name : `str`
        Of its public schema: lower-case letters, digits, underscores.
    base : `str`
        The registry under it.
    owner : `str`, optional
        The database role that it is made for.
    root : `pathlib.Path`, optional
        Folder of the SQL files; the package's own by default.

    Raises
    ------
    InvalidNameError
        If the name isn't one for a schema, or is a word of SQL, one of PostgreSQL's or ours.
    UnitNotFoundError
        If there is no such base.
    DefinitionConflictError
        If a schema of that name is there.
    SchemaVersionError
        If the database is at another revision than this version of Butler makes.
    """
    if (
        not _NAME.fullmatch(name)
        or name.startswith("pg_")
        or name.endswith("_internal")
        or name in _RESERVED
        or _is_keyword(connection, name)
    ):
        raise InvalidNameError(
            f"{name!r} is not a name for a layer",
            hint="Use lower-case letters, digits and underscores, at most 54, such as 'mydb_alice'.",
            details={"name": name},
        )
    found = connection.execute(text("SELECT version_num FROM butler_common.alembic_version")).scalar_one()
    if found != SCHEMA_VERSION:
        raise SchemaVersionError(
            f"a layer is of its database's revision, {found}; this Butler makes those of {SCHEMA_VERSION}",
            hint="Make it by the version of Butler that the database is upgraded to.",
            details={"found": found, "needed": SCHEMA_VERSION},
        )
    below = {registry.name: registry for registry in registries(connection)}
    if base not in below:
        raise UnitNotFoundError(
            f"no registry {base!r} to make a layer over",
            hint=f"There are {', '.join(below)}.",
            details={"registry": base},
        )
    taken = connection.execute(
        text("SELECT count(*) FROM pg_namespace WHERE nspname IN (:name, :tables)"),
        {"name": name, "tables": f"{name}_internal"},
    ).scalar_one()
    if taken:
        raise DefinitionConflictError(
            f"the database has a schema {name!r} already",
            hint="Choose another name, or drop the layer first.",
            details={"name": name},
        )
    layer = RegistrySchema(name, base, below[base].depth + 1)
    run_sql(connection, f"CREATE SCHEMA {layer.name}; CREATE SCHEMA {layer.tables};")
    connection.execute(
        text(
            "INSERT INTO butler_common.registry (registry, base, depth, owner)"
            " VALUES (:name, :base, :depth, coalesce(nullif(:owner, ''), session_user))"
        ),
        {"name": name, "base": base, "depth": layer.depth, "owner": owner},
    )
    registry_tables(layer.tables).create_all(connection, checkfirst=False)
    build_contract(connection, layer, read_objects(root or sql_root()), role_prefix(connection))
    record(connection, "create_layer", layer=name, base=base)
    return layer


def _is_keyword(connection: Connection, name: str) -> bool:
    """Whether SQL would need quotes around the name."""
    return bool(
        connection.execute(
            text("SELECT count(*) FROM pg_get_keywords() WHERE word = :name AND catcode <> 'U'"),
            {"name": name},
        ).scalar_one()
    )


_RESERVED = frozenset({"butler", "butler_common", "public", "information_schema"})


def drop_layer(connection: Connection, name: str, *, keep_files: bool = False) -> list[Artifact]:
    """Drop a layer with all that was registered in it.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        As the owner, in a transaction.
    name : `str`
        Of the layer.
    keep_files : `bool`
        Whether its files are to stay, as no dataset's, until they are
        adopted: `butler.maintenance.reap` leaves them then, as it leaves
        what was there before a root was marked.

    Returns
    -------
    artifacts : `list` [`~butler.Artifact`]
        What was stored for it, without what lies in place. The files are
        still there: delete them once the transaction is committed.

    Raises
    ------
    UnitNotFoundError
        If there is no such layer.
    DefinitionConflictError
        If it is the base, or other layers lie over it.
    """
    known = registries(connection)
    found = next((registry for registry in known if registry.name == name), None)
    if found is None:
        raise UnitNotFoundError(
            f"no layer {name!r}",
            hint=f"There are {', '.join(r.name for r in known if r.depth) or 'none'}.",
            details={"registry": name},
        )
    above = [registry.name for registry in known if registry.base == name]
    if found.depth == 0 or above:
        raise DefinitionConflictError(
            f"registry {name!r} is the base of {', '.join(above) or 'the database'}",
            hint="Drop the layers over it first; the base goes with its database only.",
            details={"registry": name, "layers": above},
        )
    # Every put reads this table first, and keeps it until it ends: whoever has it exclusively sees what
    # all of them left, and is later than they.
    connection.execute(text(f"LOCK TABLE {found.tables}.collection IN ACCESS EXCLUSIVE MODE"))
    stored = connection.execute(
        text(
            f"SELECT s.datastore, {found.name}.artifact_path(a.path, a.dataset_id) AS path, a.formatter,"
            " a.size, a.sha256, a.component,"
            # What was ingested in place is its owner's. What bears the id of another's dataset, or of none
            # that is there yet, isn't the layer's.
            " a.path !~ '^[a-z][a-z0-9+.-]*:' AND ("
            "  strpos(a.path, '{}') > 0 OR butler_common.id_in_path(a.path) IS NULL OR EXISTS ("
            f"   SELECT FROM {found.tables}.dataset AS d"
            "    WHERE d.dataset_id = butler_common.id_in_path(a.path))) AS own"
            f" FROM {found.tables}.artifact AS a"
            f" INNER JOIN {found.tables}.all_datastore AS s ON s.datastore_id = a.datastore_id"
            " ORDER BY path"
        )
    ).all()
    if keep_files:
        for registry in known:
            connection.execute(
                text(
                    f"UPDATE {registry.tables}.datastore AS s SET marked = clock_timestamp()"
                    " WHERE s.datastore = ANY(:names)"
                ),
                {"names": sorted({row.datastore for row in stored})},
            )
    connection.execute(text("DELETE FROM butler_common.registry WHERE registry = :name"), {"name": name})
    run_sql(connection, f"DROP SCHEMA {found.name} CASCADE; DROP SCHEMA {found.tables} CASCADE;")
    record(connection, "drop_layer", layer=name, artifacts=len(stored))
    return [
        Artifact(row.datastore, row.path, row.formatter, row.size, bytes(row.sha256), row.component)
        for row in stored
        if row.own
    ]
