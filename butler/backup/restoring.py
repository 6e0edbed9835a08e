"""Put a backup's database in the place of another, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import Connection, text

from butler.backup.clients import run_script, script_of, tables_in
from butler.backup.manifest import DUMP, Manifest
from butler.errors import DefinitionConflictError, SchemaVersionError
from butler.registry.postgres.engine import one_transaction
from butler.registry.postgres.errors import translated
from butler.schema.install import become_owner, registries, role_prefix, schema_owner
from butler.schema.migrations import current_version, grant, initialise
from butler.schema.tables import COMMON
from butler.version import SCHEMA_VERSION

__all__ = ["restore"]

_REGISTERED = {
    "camera": "butler.camera",
    "skymap": "butler.skymap",
    "collection": "butler.collection",
    # But for that which each registry has from the first (db/reference/dataset_types.sql).
    "dataset type": "butler.dataset_type WHERE dataset_type <> 'run_environment'",
}


def restore(
    folder: Path,
    manifest: Manifest,
    administrator: str,
    owner: str,
    *,
    replace: bool = False,
    dry_run: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> None:
    """Make a database what it was when a backup was made of it.

    What is there goes in the same transaction in which the backup's content
    comes: until that is whole, and if it fails, everything stays as it was.
    Each datastore gets another mark, so that nothing is written or deleted
    until somebody sets that of its root anew.

    Parameters
    ----------
    folder : `~pathlib.Path`
        The backup.
    manifest : `~butler.backup.Manifest`
        As `~butler.backup.read_backup` gave it.
    administrator, owner : `str`
        DSNs of logins: one that may make extensions and roles, where they are
        missing; one that may become the owner.
    replace : `bool`
        Whether to replace a registry in which anything is registered.
    dry_run : `bool`
        Whether to refuse what would be refused, and do nothing.
    on_progress : callable, optional
        Called with tables done and tables in all.

    Raises
    ------
    SchemaVersionError
        If the backup is of a later version of Butler.
    DefinitionConflictError
        If something is registered and may not be replaced, if the roles have
        other names, or if somebody's views depend on ours.
    DatabaseError
        If a statement fails. Nothing has changed.
    """
    if manifest.schema_version > SCHEMA_VERSION:
        raise SchemaVersionError(
            f"the backup's schema is at revision {manifest.schema_version};"
            f" this Butler knows them up to {SCHEMA_VERSION}",
            hint="Restore it by a newer version of Butler.",
        )
    with translated(), one_transaction(owner) as connection:
        present = _schemas_there(connection, manifest, replace=replace)
    if dry_run:
        return
    with translated(), one_transaction(administrator) as connection:
        # Types of columns are checked before any row is read: the extensions come first.
        initialise(connection, role_prefix=manifest.role_prefix)
        server = connection.execute(
            text("SELECT current_setting('server_version_num')::integer")
        ).scalar_one()
    major = max(server // 10000, int(manifest.postgresql.partition(".")[0]))
    report = on_progress or (lambda _done, _of: None)
    run_script(owner, _script(folder / DUMP, manifest, present, major, report), major)
    # No dump carries a database's own settings and privileges.
    with translated(), one_transaction(administrator) as connection:
        initialise(connection, role_prefix=manifest.role_prefix)
    with translated(), one_transaction(owner) as connection:
        become_owner(connection)
        grant(connection)


def _script(
    dump: Path, manifest: Manifest, present: list[str], major: int, report: Callable[[int, int], None]
) -> Iterator[bytes]:
    tables, done = tables_in(dump, major), 0

    def another() -> None:
        nonlocal done
        done += 1
        report(done, tables)

    yield f"SET LOCAL ROLE {manifest.role_prefix}_owner; SET LOCAL lock_timeout = '4s';\n".encode()
    if present:
        yield f"DROP SCHEMA {', '.join(present)} CASCADE;\n".encode()
    yield from script_of(dump, major, on_table=another)
    yield b"\n"
    yield from (statement.encode() for statement in _AFTERWARDS)


_AFTERWARDS = (
    # What was written after the backup lies in the roots, unknown to what is restored.
    f"SELECT {COMMON}.mark_datastores();\n",
    f"SELECT {COMMON}.grant_access(r.registry) FROM {COMMON}.registry AS r ORDER BY r.depth, r.registry;\n",
    # The planner's figures aren't in a dump.
    f"""
    DO $$
    DECLARE
        v_table regclass;
    BEGIN
        FOR v_table IN
            SELECT c.oid FROM pg_catalog.pg_class AS c
            INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            INNER JOIN {COMMON}.registry AS r ON n.nspname = r.registry || '_internal'
            WHERE c.relkind = 'r'
        LOOP
            EXECUTE pg_catalog.format('ANALYZE %s', v_table);
        END LOOP;
    END;
    $$;
    """,
)


def _schemas_there(connection: Connection, manifest: Manifest, *, replace: bool) -> list[str]:
    """Give the schemas that the restore takes away.

    Raises
    ------
    DefinitionConflictError
        If they may not be.
    """
    if current_version(connection) is None:
        # A downgrade to base leaves the schema in which it is recorded that there is nothing.
        left = schema_owner(connection)
        if left is None:
            return []
        known, found = [], left.removesuffix("_owner")
    else:
        become_owner(connection)
        known, found = registries(connection), role_prefix(connection)
    if found != manifest.role_prefix:
        raise DefinitionConflictError(
            f"the database's roles are named {found}_…, the backup's {manifest.role_prefix}_…",
            hint="Restore it into a database of its own:"
            f" 'butler db init --role-prefix {manifest.role_prefix}'.",
        )
    schemas = [COMMON, *(schema for registry in known for schema in (registry.name, registry.tables))]
    if known and not replace and (registered := _registered(connection, [r.name for r in known if r.depth])):
        raise DefinitionConflictError(
            f"the database isn't empty: it has {registered}",
            hint="Back it up, then restore with --replace; or restore into another repository.",
        )
    if foreign := list(connection.execute(_BUILT_ON_OURS, {"schemas": schemas}).scalars()):
        raise DefinitionConflictError(
            f"{', '.join(foreign)} is built on our schemas, and would go with them",
            hint="Drop it, restore, make it again.",
            details={"views": foreign},
        )
    return schemas


def _registered(connection: Connection, layers: list[str]) -> str:
    """Say what is registered; empty if nothing is."""
    counts = {
        name: connection.execute(text(f"SELECT count(*) FROM {rows}")).scalar_one()
        for name, rows in _REGISTERED.items()
    } | {"layer": len(layers)}
    return ", ".join(f"{count} {name}{'s' * (count > 1)}" for name, count in counts.items() if count)


_BUILT_ON_OURS = text("""
    SELECT DISTINCT format('view %I.%I', n.nspname, v.relname)
    FROM pg_depend AS d
    INNER JOIN pg_rewrite AS r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
    INNER JOIN pg_class AS v ON v.oid = r.ev_class
    INNER JOIN pg_namespace AS n ON n.oid = v.relnamespace
    LEFT JOIN pg_class AS c ON c.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass
    LEFT JOIN pg_proc AS p ON p.oid = d.refobjid AND d.refclassid = 'pg_proc'::regclass
    WHERE
        coalesce(c.relnamespace, p.pronamespace)::regnamespace::text = ANY(:schemas)
        AND v.relnamespace::regnamespace::text <> ALL(:schemas)
""")
