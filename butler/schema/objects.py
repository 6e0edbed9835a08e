"""The SQL files: functions, triggers and views, and how they become those of a registry.

Each file is written with the base registry's names and begins with
``-- object: <kind> <name>``; ``-- requires:`` lines name the files that must
come before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from importlib.resources import files
from pathlib import Path

__all__ = ["FOLDERS", "SqlObject", "instantiate", "read_objects", "sql_root"]

FOLDERS = ("shared", "functions", "triggers", "views")
"""In the order in which they are made."""

_OBJECT = re.compile(r"\A-- object: (function|view) (.+)\n")
_REQUIRES = re.compile(r"^-- requires: (.+)$", re.MULTILINE)
_ROLE = re.compile(r"\bbutler_(owner|writer|reader)\b")
_TABLES = re.compile(r"\bbutler_internal\b")
_CONTRACT = re.compile(r"\bbutler\b(?=\.[a-z%])|(?<=')butler(?='::regnamespace)")


@dataclass(frozen=True)
class SqlObject:
    """One database object and the file that defines it.

    Parameters
    ----------
    path : `str`
        Of the file, relative to the folder that holds them all.
    kind : `str`
        ``function`` or ``view``.
    name : `str`
        As DROP takes it.
    sql : `str`
        The whole file.
    """

    path: str
    kind: str
    name: str
    sql: str

    @classmethod
    def read(cls, root: Path, path: str) -> SqlObject:
        """Read a file; its first line must say what it makes."""
        sql = (root / path).read_text(encoding="utf-8")
        match = _OBJECT.match(sql)
        if match is None:
            raise ValueError(f"{path}: the first line must read '-- object: <function|view> <name>'")
        return cls(path, match[1], match[2], sql)

    @cached_property
    def requires(self) -> frozenset[str]:
        """Paths of the files that must be run before this one."""
        return frozenset(path for line in _REQUIRES.findall(self.sql) for path in line.split())


def sql_root() -> Path:
    """Give the folder ``db``: inside an installed package, else beside it."""
    package = Path(str(files("butler")))
    inside = package / "db"
    return inside if inside.is_dir() else package.parent / "db"


def read_objects(root: Path) -> list[SqlObject]:
    """Read every object under a folder, each after those it requires.

    Raises
    ------
    ValueError
        If a file requires one that isn't there, or two require each other.
    """
    objects = {
        path: SqlObject.read(root, path)
        for folder in FOLDERS
        for path in sorted(file.relative_to(root).as_posix() for file in (root / folder).rglob("*.sql"))
    }
    for path, obj in objects.items():
        if missing := obj.requires - objects.keys():
            raise ValueError(f"{path} requires {', '.join(sorted(missing))}, which isn't there")
    order = TopologicalSorter({path: sorted(obj.requires) for path, obj in objects.items()}).static_order()
    sorted_objects = [objects[path] for path in order]
    return sorted(sorted_objects, key=lambda obj: FOLDERS.index(obj.path.split("/")[0]))


def instantiate(sql: str, registry: str, role_prefix: str) -> str:
    """Rewrite SQL from the base's names to those of a registry.

    Parameters
    ----------
    sql : `str`
        As the files have it: schemas ``butler`` and ``butler_internal``, roles
        ``butler_owner``, ``butler_writer`` and ``butler_reader``.
    registry : `str`
        Name of the registry's public schema.
    role_prefix : `str`
        What this database's roles begin with.
    """
    sql = _ROLE.sub(rf"{role_prefix}_\1", sql)
    sql = _TABLES.sub(f"{registry}_internal", sql)
    return _CONTRACT.sub(registry, sql)
