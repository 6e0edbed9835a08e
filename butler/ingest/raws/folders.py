"""Which files a folder of a night holds."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from butler.cameras.fits_file import SUFFIXES
from butler.config import FILE_NAME
from butler.datastore.system_errors import refusal

__all__ = ["Found", "found_files"]


class Found(NamedTuple):
    """A file to be looked at.

    Parameters
    ----------
    path : `~pathlib.Path`
        The file.
    named : `bool`
        Whether it was named itself; else it was found in a folder, where
        others may be at work.
    """

    path: Path
    named: bool


def found_files(paths: Iterable[Path | str]) -> Iterator[Found]:
    """Give the files that are named, and the FITS files in the folders that are; each once.

    Folders are walked with those below them, in the order of names. What is
    hidden, or is named as a writer names what isn't whole yet (``.part``,
    ``.tmp`` …), isn't a FITS file by its name; a folder that is a repository
    holds what was ingested already.

    Raises
    ------
    PermissionDeniedError, StorageError
        If a folder can't be listed.
    """
    seen: set[str] = set()
    for path in map(Path, paths):
        for found in _in_folder(path) if os.path.isdir(path) else (Found(path, named=True),):
            name = os.path.abspath(found.path)
            if name not in seen:
                seen.add(name)
                yield found


def _in_folder(folder: Path) -> Iterator[Found]:
    for place, folders, names in os.walk(folder, onerror=_not_listed):
        if FILE_NAME in names:
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and name.lower().endswith(SUFFIXES):
                yield Found(Path(place, name), named=False)


def _not_listed(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise refusal(error, error.filename) from error
