"""What revisions of the schema are made of: frozen SQL files, and the order in which they replace each other.

The files under ``db/functions``, ``db/views`` … are the current truth. Each
revision keeps copies of those that it changed under
``db/migrations/sql/<revision>``, so that it runs the same for ever.
"""

from __future__ import annotations

import random
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateSequence, CreateTable, SetColumnComment, SetTableComment
from sqlalchemy.schema import ExecutableDDLElement as Executable
from sqlalchemy.sql.ddl import AddConstraint

from butler.schema.install import (
    RegistrySchema,
    build_common,
    build_contract,
    drop_contract,
    registries,
    role_prefix,
    run_sql,
)
from butler.schema.objects import SqlObject, copy_objects, read_objects, sql_root
from butler.schema.tables import COMMON, IDS, metadata

__all__ = [
    "MIGRATION_LOCK",
    "begin",
    "begin_alone",
    "freeze",
    "freeze_baseline",
    "frozen_file",
    "frozen_objects",
    "newest",
    "replaced_contract",
]

MIGRATION_LOCK = {"class": 7310000, "key": 0}
"""Two deployers must not migrate at once."""

_REFERENCE = ("reference/units.sql", "reference/leap_seconds.sql", "reference/dataset_types.sql")


def _frozen_root() -> Path:
    return sql_root() / "migrations" / "sql"


def frozen_file(revision: str, path: str) -> str:
    """Read a file that a revision keeps."""
    return (_frozen_root() / revision / path).read_text(encoding="utf-8")


def frozen_objects(revision: str) -> list[SqlObject]:
    """Give every object as it was at a revision, each after those that it names."""
    with _tree_at(revision) as root:
        return read_objects(root)


@contextmanager
def _tree_at(revision: str, *, before: bool = False) -> Iterator[Path]:
    """Lay the frozen copies up to a revision, or before it, over each other, the newer over the older."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        root = Path(folder)
        known = sorted(path for path in _frozen_root().iterdir() if path.name <= revision)
        for frozen in known[:-1] if before and known and known[-1].name == revision else known:
            shutil.copytree(frozen, root, dirs_exist_ok=True)
            if (dropped := root / "DROPPED").exists():
                for path in dropped.read_text(encoding="utf-8").split():
                    (root / path).unlink()
                dropped.unlink()
        yield root


def begin(connection: Connection) -> None:
    """Keep other deployers out until the transaction ends; wait for nothing longer than four seconds."""
    connection.execute(text("SET LOCAL lock_timeout = '4s'"))
    # Of a deployer that was killed nothing stays locked.
    connection.execute(text("SET LOCAL client_connection_check_interval = '1s'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:class, :key)"), MIGRATION_LOCK)


def begin_alone(connection: Connection) -> None:
    """Begin as each migration does, and lock every table: what is counted now is what the migration meets.

    Not in a weaker mode, which would let others read meanwhile: a migration
    that asks for more later is in a deadlock with who reads and then writes.

    Raises
    ------
    DatabaseError
        If others have used the tables for longer than four seconds.
    """
    begin(connection)
    _have_alone(connection)


@contextmanager
def replaced_contract(connection: Connection, *, old: str, new: str) -> Iterator[list[RegistrySchema]]:
    """Take the contract of every registry away, let the tables be altered, build it as it was at ``new``.

    Yields
    ------
    registries : `list` [`RegistrySchema`]
        The base first, as tables of the base are altered before those of the layers over it.

    Raises
    ------
    DatabaseError
        If others have used the tables for longer than four seconds.
    """
    known = _have_alone(connection)
    for registry in reversed(known):
        drop_contract(connection, registry)
    yield known
    prefix, objects = role_prefix(connection), frozen_objects(new)
    for name in _irreplaceable(frozen_objects(old), objects):
        run_sql(connection, f"DROP FUNCTION {name}")
    build_common(connection, objects, prefix)
    for registry in known:
        build_contract(connection, registry, objects, prefix)


_ATTEMPTS = 40
_PATIENCE = "100ms"
_COLLISIONS = {"55P03", "40P01"}  # lock timeout, deadlock


def _have_alone(connection: Connection) -> list[RegistrySchema]:
    """Lock every table of every registry before anything is changed: all of them, or none and again.

    Who has one and waits for another would otherwise be in a deadlock with a
    revision that takes them one by one. Who comes meanwhile waits at its first
    table, and goes on with the new contract.
    """
    from sqlalchemy.exc import DBAPIError

    patience = connection.execute(text("SELECT current_setting('lock_timeout')")).scalar_one()
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with connection.begin_nested():
                connection.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
                # First what says which registries there are, so that no layer comes meanwhile.
                connection.execute(text(f"LOCK TABLE {COMMON}.registry IN ACCESS EXCLUSIVE MODE"))
                known = registries(connection)
                schemas = [COMMON, *(registry.tables for registry in known)]
                tables = connection.execute(_OUR_TABLES, {"schemas": schemas}).scalar_one()
                connection.execute(text(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE"))
                connection.execute(text("SELECT set_config('lock_timeout', :was, true)"), {"was": patience})
        except DBAPIError as error:
            if getattr(error.orig, "pgcode", None) not in _COLLISIONS or attempt == _ATTEMPTS:
                raise
            time.sleep(random.uniform(0, 0.02))
        else:
            return known
    raise AssertionError("unreachable: the last attempt returns or raises")


_OUR_TABLES = text("""
    SELECT string_agg(format('%I.%I', n.nspname, c.relname), ', ' ORDER BY c.oid)
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p')
""")

_BODY = re.compile(r"^(?:AS \$|BEGIN ATOMIC|RETURN )", re.MULTILINE)
_COMMENT = re.compile(r"^--.*\n", re.MULTILINE)


def _irreplaceable(old: list[SqlObject], new: list[SqlObject]) -> list[str]:
    """Name the common functions that go or have another signature, after those that name them."""
    heads = {obj.name: _head(obj) for obj in new}
    found: list[str] = []
    for obj in old:
        if obj.common and (heads.get(obj.name) != _head(obj) or not obj.names.isdisjoint(found)):
            found.insert(0, obj.name)
    return found


def _head(function: SqlObject) -> str:
    return _BODY.split(_COMMENT.sub("", function.sql))[0]


def newest() -> str:
    """Give the newest revision that is frozen."""
    return max(path.name for path in _frozen_root().iterdir())


def freeze(revision: str) -> list[str]:
    """Keep, beside a revision, copies of the SQL files that changed since the one before; again, if need be.

    Returns
    -------
    changed : `list` [`str`]
        Their paths.
    """
    root, target = sql_root(), _frozen_root() / revision
    with _tree_at(revision, before=True) as tree:
        then = {obj.path: obj.sql for obj in read_objects(tree)}
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    now = {obj.path: obj.sql for obj in read_objects(root)}
    changed = [path for path, sql in now.items() if then.get(path) != sql]
    for path in changed:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, target / path)
    if gone := sorted(then.keys() - now.keys()):
        (target / "DROPPED").write_text("\n".join(gone) + "\n", encoding="utf-8")
    return changed


def freeze_baseline(revision: str) -> None:
    """Freeze everything as the first revision: tables, objects, reference data."""
    target = _frozen_root() / revision
    shutil.rmtree(target, ignore_errors=True)
    copy_objects(sql_root(), target)
    for path in _REFERENCE:
        (target / path).parent.mkdir(exist_ok=True)
        shutil.copyfile(sql_root() / path, target / path)
    shutil.copyfile(sql_root() / "drop_common.sql", target / "drop_common.sql")
    (target / "common_tables.sql").write_text(_table_sql(common=True), encoding="utf-8")
    (target / "tables.sql").write_text(_table_sql(common=False), encoding="utf-8")


def _table_sql(*, common: bool) -> str:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    tables = [table for table in metadata.sorted_tables if (table.schema == COMMON) == common]
    statements: list[Executable] = [CreateSequence(sequence) for sequence in IDS] if common else []
    late: list[Executable] = []
    for table in tables:
        statements.append(CreateTable(table))
        statements.append(SetTableComment(table))
        statements.extend(SetColumnComment(c) for c in table.columns if c.comment)
        statements.extend(CreateIndex(i) for i in sorted(table.indexes, key=lambda index: str(index.name)))
        late.extend(
            AddConstraint(key, isolate_from_table=False)
            for key in sorted(table.foreign_key_constraints, key=lambda key: str(key.name))
            if key.use_alter
        )
    texts = [str(statement.compile(dialect=dialect)).strip() for statement in [*statements, *late]]
    return ";\n\n".join("\n".join(line.rstrip() for line in t.splitlines()) for t in texts) + ";\n"
