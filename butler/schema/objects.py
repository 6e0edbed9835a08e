"""The SQL files: types, functions, triggers and views, and how they become those of a registry.

Each file makes one object, written with the base registry's names. What must be
made before it follows from the names in it, so no list of that can go stale.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from importlib.resources import files
from pathlib import Path

__all__ = ["SqlObject", "copy_objects", "instantiate", "read_objects", "sql_root"]

_OTHER = ("migrations", "reference")
"""The folders whose files make no object."""

_MADE = re.compile(r"^CREATE (?:OR REPLACE )?(FUNCTION|TYPE|VIEW) ([a-z_]+\.[a-z0-9_]+)", re.MULTILINE)
_COMMENT = re.compile(r"^ *--.*$", re.MULTILINE)
_NAMED = re.compile(r"\bbutler(?:_[a-z]+)?\.[a-z0-9_]+")
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
    object_type : `str`
        ``function``, ``type`` or ``view``.
    name : `str`
        With its schema; no two objects share one.
    sql : `str`
        The whole file.
    """

    path: str
    object_type: str
    name: str
    sql: str

    @classmethod
    def read(cls, root: Path, path: str) -> SqlObject:
        """Read a file, which must make one object."""
        sql = (root / path).read_text(encoding="utf-8")
        made = _MADE.findall(sql)
        if len(made) != 1:
            raise ValueError(f"{path} makes {len(made)} functions, types and views; a file makes one")
        ((object_type, name),) = made
        return cls(path, object_type.lower(), name, sql)

    @property
    def common(self) -> bool:
        """Whether there is one for all registries of a database."""
        return self.name.startswith("butler_common.")

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name of ours that the statements have, of tables too."""
        return frozenset(_NAMED.findall(_COMMENT.sub("", self.sql))) - {self.name}


def sql_root() -> Path:
    """Give the folder ``db``: inside an installed package, else beside it."""
    package = Path(str(files("butler")))
    inside = package / "db"
    return inside if inside.is_dir() else package.parent / "db"


def _paths(root: Path) -> Iterator[str]:
    paths = sorted(file.relative_to(root).as_posix() for file in root.glob("*/**/*.sql"))
    return (path for path in paths if path.split("/")[0] not in _OTHER)


def copy_objects(root: Path, target: Path) -> None:
    """Copy the files of all objects to another folder."""
    for path in _paths(root):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, target / path)


def read_objects(root: Path) -> list[SqlObject]:
    """Read every object under a folder, each after those that it names.

    Raises
    ------
    ValueError
        If two files make objects of one name, or two objects name each other.
    """
    objects = [SqlObject.read(root, path) for path in _paths(root)]
    by_name = {obj.name: obj for obj in objects}
    for obj in objects:
        if by_name[obj.name] is not obj:
            raise ValueError(f"{obj.path} and {by_name[obj.name].path} both make {obj.name}")
    before = {name: sorted(obj.names & by_name.keys()) for name, obj in by_name.items()}
    return [by_name[name] for name in TopologicalSorter(before).static_order()]


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
