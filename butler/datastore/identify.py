"""What a file says about itself, without a database."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from butler.datastore.fingerprint import regular_file
from butler.datastore.format_errors import typed_read
from butler.datastore.formatters import Formatter, all_formatters
from butler.datastore.formatters.content import beginning
from butler.datastore.paths import component_in_name, id_in_name
from butler.errors import ButlerError, StorageError

__all__ = ["identify", "read_identity", "readers"]


def identify(path: Path) -> dict[str, Any] | None:
    """Identity of a file that a datastore wrote.

    Parameters
    ----------
    path : `~pathlib.Path`
        Any file, under any name.

    Returns
    -------
    identity : `dict` or `None`
        As it was put: ``id``, ``dataset_type``, ``run``, ``data_id``,
        ``inputs``; for a part ``component``, and ``components``, of which
        each lies in a file. For a format that has no room for it, ``id`` and
        ``component`` alone, from the file's name. `None` if the file says
        nothing.

    Raises
    ------
    ArtifactMissingError
        If there is no such file.
    FormatError
        If it isn't a regular file.
    """
    regular_file(path)
    for formatter in readers(beginning(path), path.name):
        try:
            identity = formatter.identify(path)
        except Exception:  # the file is damaged, or of another format that begins alike
            continue
        if identity is not None:
            return identity
    return _by_name(path)


def read_identity(file: Path, name: str) -> dict[str, Any] | None:
    """Identity of a whole file, where it matters why there is none.

    Parameters
    ----------
    file : `~pathlib.Path`
        The file.
    name : `str`
        The name that it has in its datastore.

    Returns
    -------
    identity : `dict` or `None`
        As `identify` gives it. `None` if each reader of what begins like the
        file has looked into it and found none.

    Raises
    ------
    ButlerError
        Why it can't be known: a reader lacks a package, the file can't be
        read now, or it is damaged, also if it still says what it is.
    """
    regular_file(file)
    failures: list[ButlerError] = []
    for formatter in readers(beginning(file), name):
        try:
            identity = typed_read(formatter, name, partial(formatter.identify, file))
        except MemoryError:
            failures.append(_too_large(formatter, name))
        except ButlerError as error:
            failures.append(error)
        else:
            if identity is not None:
                typed_read(formatter, name, partial(formatter.validate, file))
                return identity
    by_name = _by_name(Path(name))
    # Text may begin like anything, and its name says that it is text.
    if failures and not (by_name and _has_no_room(name)):
        raise failures[0]
    return by_name


def readers(start: bytes, name: str) -> list[Formatter]:
    """Formatters that may have put an identity into a file that begins like this, each kind once.

    Those that say of no file how it begins are asked by its name.
    """
    found: dict[Any, Formatter] = {}
    for formatter in all_formatters():
        if formatter.signatures:
            speaks = start.startswith(formatter.signatures)
        else:
            speaks = name.lower().endswith(formatter.extensions)
        if speaks and _finds_identities(formatter):
            found.setdefault(type(formatter).identify, formatter)
    return list(found.values())


def _finds_identities(formatter: Formatter) -> bool:
    return type(formatter).identify is not Formatter.identify


def _has_no_room(name: str) -> bool:
    return any(
        name.lower().endswith(formatter.extensions) and not _finds_identities(formatter)
        for formatter in all_formatters()
    )


def _by_name(path: Path) -> dict[str, Any] | None:
    found = id_in_name(path)
    if found is None:
        return None
    component = component_in_name(path)
    return {"id": str(found)} | ({"component": component} if component else {})


def _too_large(formatter: Formatter, name: str) -> StorageError:
    return StorageError(
        f"{name!r} can't be read as {formatter.name}: there isn't memory enough",
        hint="Look at it where there is more.",
        details={"path": name, "formatter": formatter.name},
    )
