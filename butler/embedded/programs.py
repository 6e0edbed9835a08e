"""Find the programs of a PostgreSQL installation that has PostGIS."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from butler.errors import DatabaseUnavailableError

__all__ = ["Programs", "find_client", "find_programs"]

_OLDEST_MAJOR = 15
_INSTALLED = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs of one PostgreSQL installation that has PostGIS.

    Parameters
    ----------
    folder : `~pathlib.Path`
        Where they are.
    major : `int`
        Their version, such as 15.
    """

    folder: Path
    major: int


def find_programs(major: int | None = None) -> Programs:
    """Find server programs: on the PATH, from ``pg_config``, or where distributions put them.

    Parameters
    ----------
    major : `int`, optional
        The version that existing data need; else any from 15 on.

    Raises
    ------
    DatabaseUnavailableError
        If there are none of that version, or none with PostGIS. The hint
        names what to install.
    """
    without_postgis: int | None = None
    others: list[int] = []
    for folder in _folders():
        version = _major(folder)
        if version is None or (major is None and version < _OLDEST_MAJOR):
            continue
        if major is not None and version != major:
            others.append(version)
        elif _has_postgis(folder):
            return Programs(folder, version)
        else:
            without_postgis = version
    if without_postgis is not None:
        raise DatabaseUnavailableError(
            f"the installed PostgreSQL {without_postgis} has no PostGIS", hint=_apt(without_postgis)
        )
    if others:
        raise DatabaseUnavailableError(
            f"the database is of PostgreSQL {major}; this computer has {', '.join(map(str, others))}",
            hint=f"{_apt(major or _OLDEST_MAJOR)} Or dump it where {major} runs and restore it here: "
            "butler db backup, butler db restore.",
            details={"needed": major, "installed": others},
        )
    raise DatabaseUnavailableError(
        f"no PostgreSQL server{f' {major}' if major else ''} is installed", hint=_apt(major or _OLDEST_MAJOR)
    )


def find_client(name: str, major: int) -> Path:
    """Find a client program that understands a server of some version.

    Parameters
    ----------
    name : `str`
        Such as ``pg_dump``.
    major : `int`
        Of the server: an older program refuses it.

    Raises
    ------
    DatabaseUnavailableError
        If there is none so new. The hint names what to install.
    """
    for folder in _candidates(name):
        program = folder / name
        if program.exists() and _digits(_output(program, "--version")) >= major:
            return program
    raise DatabaseUnavailableError(
        f"no program {name} of PostgreSQL {major} or later is installed",
        hint=f"Install it: apt-get install postgresql-client-{major}.",
    )


def _apt(major: int) -> str:
    return f"Install it: apt-get install postgresql-{major} postgresql-{major}-postgis-3."


def _folders() -> Iterator[Path]:
    seen: set[Path] = set()
    for folder in _candidates("postgres"):
        if folder not in seen and all((folder / name).exists() for name in ("postgres", "initdb", "pg_ctl")):
            seen.add(folder)
            yield folder


def _candidates(program: str) -> Iterator[Path]:
    if on_path := shutil.which(program):
        yield Path(on_path).resolve().parent
    if pg_config := shutil.which("pg_config"):
        yield Path(_output(pg_config, "--bindir")).resolve()
    for pattern in _INSTALLED:
        found = Path("/").glob(pattern.lstrip("/"))
        yield from sorted(found, key=lambda folder: _digits(str(folder)), reverse=True)


def _major(folder: Path) -> int | None:
    return _digits(_output(folder / "postgres", "--version")) or None


def _has_postgis(folder: Path) -> bool:
    share = _output(folder / "pg_config", "--sharedir")
    return bool(share) and Path(share, "extension", "postgis.control").exists()


def _digits(text: str) -> int:
    digits = re.search(r"\d+", text)
    return int(digits[0]) if digits else 0


def _output(program: str | Path, option: str) -> str:
    try:
        done = subprocess.run([program, option], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()
