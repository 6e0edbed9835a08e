"""What revisions of the schema are made of: frozen SQL files, and the order in which they replace each other.

The files under ``db/functions``, ``db/views`` … are the current truth. Each
revision keeps copies of those that it changed under
``db/migrations/sql/<revision>``, so that it runs the same for ever.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection
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
    "freeze",
    "freeze_baseline",
    "frozen_file",
    "frozen_objects",
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
def _tree_at(revision: str) -> Iterator[Path]:
    """Lay the frozen copies up to a revision over each other, the newer over the older."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        root = Path(folder)
        for frozen in sorted(path for path in _frozen_root().iterdir() if path.name <= revision):
            shutil.copytree(frozen, root, dirs_exist_ok=True)
            if (dropped := root / "DROPPED").exists():
                for path in dropped.read_text(encoding="utf-8").split():
                    (root / path).unlink()
                dropped.unlink()
        yield root


@contextmanager
def replaced_contract(connection: Connection, *, old: str, new: str) -> Iterator[list[RegistrySchema]]:
    """Take the contract of every registry away, let the tables be altered, build it as it was at ``new``.

    Yields
    ------
    registries : `list` [`RegistrySchema`]
        The base first, as tables of the base are altered before those of the layers over it.
    """
    known = registries(connection)
    for registry in reversed(known):
        drop_contract(connection, registry)
    yield known
    prefix, objects = role_prefix(connection), frozen_objects(new)
    build_common(connection, objects, prefix)
    for registry in known:
        build_contract(connection, registry, objects, prefix)
    kept = {obj.name for obj in objects}
    for obj in frozen_objects(old):
        if obj.common and obj.name not in kept:
            run_sql(connection, f"DROP {obj.object_type} {obj.name}")


def freeze(revision: str) -> list[str]:
    """Copy the SQL files that changed since the newest revision beside a new one.

    Returns
    -------
    changed : `list` [`str`]
        Their paths.
    """
    root, target = sql_root(), _frozen_root() / revision
    with _tree_at(revision) as before:
        then = {obj.path: obj.sql for obj in read_objects(before)} if any(before.iterdir()) else {}
    now = {obj.path: obj.sql for obj in read_objects(root)}
    changed = [path for path, sql in now.items() if then.get(path) != sql]
    for path in changed:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, target / path)
    if gone := sorted(then.keys() - now.keys()):
        target.mkdir(parents=True, exist_ok=True)
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
