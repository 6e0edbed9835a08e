"""Make a backup: a dump and an inventory of one moment."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from butler.backup.clients import dump_schemas
from butler.backup.inventory import write_inventory
from butler.backup.manifest import DUMP, INVENTORY, Manifest, write_sums
from butler.errors import ConfigError, SchemaVersionError, StorageError
from butler.registry.postgres.engine import one_transaction
from butler.registry.postgres.errors import translated
from butler.schema.install import RegistrySchema, become_owner, registries, role_prefix
from butler.schema.migrations import current_version
from butler.schema.tables import COMMON

__all__ = ["BackupPlan", "back_up", "plan_backup"]


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """What a backup would hold.

    Parameters
    ----------
    registries : `list` [`str`]
        The base and its layers.
    tables : `int`
        How many tables they have.
    artifacts, bytes : `int`
        How many their inventory would list, and the size of their files.
    needed : `int`
        Bytes of disk to be sure that it fits.
    free : `int`
        Bytes of disk that are there.
    """

    registries: list[str]
    tables: int
    artifacts: int
    bytes: int
    needed: int
    free: int


def plan_backup(dsn: str, folder: Path) -> BackupPlan:
    """Look what a backup would hold; nothing is written.

    Raises
    ------
    ConfigError
        If there is something at ``folder``.
    SchemaVersionError
        If the database has no schema of ours.
    """
    target = _checked(folder)
    with translated(), one_transaction(dsn) as connection:
        return _plan(connection, _begin(connection), target)


def back_up(
    dsn: str, folder: Path, *, version: str, on_progress: Callable[[int, int], None] | None = None
) -> Manifest:
    """Write a dump of our schemas and an inventory of their artifacts, both of one snapshot.

    Parameters
    ----------
    dsn : `str`
        Of a login that may become the owner.
    folder : `~pathlib.Path`
        To make. It appears when all of it is written and safe.
    version : `str`
        Of Butler.
    on_progress : callable, optional
        Called with steps done and steps in all: rows of the inventory, then tables.

    Raises
    ------
    ConfigError
        If there is something at ``folder``, or nothing can be made there.
    StorageError
        If the disk hasn't enough room, or fails.
    SchemaVersionError
        If the database has no schema of ours.
    DatabaseError
        If pg_dump fails.
    """
    target = _checked(folder)
    with translated(), one_transaction(dsn) as connection:
        owned = _begin(connection)
        plan = _plan(connection, owned, target)
        if plan.free < plan.needed:
            raise StorageError(
                f"{target.parent} has {plan.free} bytes free; the backup may need {plan.needed}",
                hint="Free space there, or name another disk.",
                details={"path": str(target), "errno": errno.ENOSPC},
            )
        manifest = _describe(connection, plan, version)
        draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
        try:
            draft.mkdir(mode=0o700)
            _write(connection, dsn, draft, owned, manifest, on_progress or (lambda _done, _of: None))
            _flush(draft)
            # It fails where another backup has been finished meanwhile: that folder isn't empty.
            draft.rename(target)
            _flush_folder(target.parent)
        except OSError as error:
            if isinstance(error, StorageError):
                raise
            raise StorageError(
                f"backup {target} can't be written: {error.strerror}",
                hint="Free space there, or name another folder.",
                details={"path": str(target), "errno": error.errno},
            ) from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return manifest


def _write(
    connection: Connection,
    dsn: str,
    draft: Path,
    owned: list[RegistrySchema],
    manifest: Manifest,
    report: Callable[[int, int], None],
) -> None:
    write_inventory(
        connection, owned, draft / INVENTORY, on_row=lambda written: report(written, manifest.artifacts)
    )
    schemas = _schemas(owned)
    tables = connection.execute(_TABLES, {"schemas": schemas}).one().tables
    dumped = 0

    def another() -> None:
        nonlocal dumped
        dumped += 1
        report(min(dumped, tables), tables)

    dump_schemas(
        dsn,
        schemas,
        draft / DUMP,
        owner=f"{manifest.role_prefix}_owner",
        snapshot=manifest.snapshot,
        major=int(manifest.postgresql.partition(".")[0]),
        on_table=another,
    )
    manifest.write(draft)
    write_sums(draft)


def _checked(folder: Path) -> Path:
    target = folder.expanduser().absolute()
    if os.path.lexists(target):
        raise ConfigError(
            f"{target} is there already, and a backup never replaces anything",
            hint="Name a new folder, such as one with the date in its name.",
        )
    if not target.parent.is_dir():
        raise ConfigError(f"there is no folder {target.parent}", hint="Make it, or name another.")
    return target


def _begin(connection: Connection) -> list[RegistrySchema]:
    """Keep one view of the database for the whole transaction; give what is in it."""
    connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    if current_version(connection) is None:
        raise SchemaVersionError(
            "the database has no registry to back up", hint="Make one by 'butler db init'."
        )
    become_owner(connection)
    return registries(connection)


def _schemas(owned: list[RegistrySchema]) -> list[str]:
    return [COMMON, *(schema for registry in owned for schema in (registry.name, registry.tables))]


_TABLES = text("""
    SELECT count(*) AS tables, coalesce(sum(pg_table_size(c.oid)), 0)::bigint AS bytes
    FROM pg_class AS c
    WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text = ANY(:schemas)
""")

_ROW_OF_INVENTORY = 200
"""Bytes, uncompressed."""


def _plan(connection: Connection, owned: list[RegistrySchema], target: Path) -> BackupPlan:
    tables = connection.execute(_TABLES, {"schemas": _schemas(owned)}).one()
    counted = connection.execute(text(_counted(owned))).one()
    artifacts = int(counted.artifacts)
    return BackupPlan(
        [registry.name for registry in owned],
        tables.tables,
        artifacts,
        int(counted.bytes),
        # A dump has no indexes and is compressed: in practice it is far smaller than the tables.
        tables.bytes + artifacts * _ROW_OF_INVENTORY,
        shutil.disk_usage(target.parent).free,
    )


def _counted(owned: list[RegistrySchema]) -> str:
    """Count artifacts, and the bytes of files, of one that holds parts once, in whatever registries."""
    each = " UNION ALL ".join(
        f"SELECT datastore_id, size, strpos(path, '#') > 0 AS is_part,"
        f" split_part({r.name}.artifact_path(path, dataset_id), '#', 1) AS file FROM {r.tables}.artifact"
        for r in owned
    )
    return (
        f"WITH each AS ({each})"
        " SELECT (SELECT count(*) FROM each) AS artifacts, coalesce(sum(size), 0) AS bytes FROM ("
        "SELECT size FROM each WHERE NOT is_part UNION ALL"
        " SELECT max(size) FROM each WHERE is_part GROUP BY datastore_id, file) AS f"
    )


def _describe(connection: Connection, plan: BackupPlan, version: str) -> Manifest:
    found = connection.execute(
        text(
            "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS made,"
            " current_setting('server_version') AS postgresql, extversion AS postgis,"
            " pg_export_snapshot() AS snapshot"
            " FROM pg_extension WHERE extname = 'postgis'"
        )
    ).one()
    stores = connection.execute(text("SELECT datastore, root FROM butler.datastore ORDER BY datastore"))
    return Manifest(
        found.made,
        version,
        found.postgresql,
        found.postgis,
        str(current_version(connection)),
        role_prefix(connection),
        found.snapshot,
        plan.registries,
        {row.datastore: row.root for row in stores},
        plan.artifacts,
        plan.bytes,
    )


def _flush(folder: Path) -> None:
    for file in folder.iterdir():
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
    _flush_folder(folder)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
