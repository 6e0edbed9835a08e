"""Telling a database where a datastore's files have been moved to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from butler.config import RepositoryConfig
from butler.datastore.marks import check_mark
from butler.errors import ArtifactMissingError, ConfigError, DatastoreRootError
from butler.values import Artifact

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from butler.datastore.interfaces import Datastore

__all__ = ["SAMPLE", "check_mark_moved", "check_moved", "datastore_at", "relocate", "root_for"]

SAMPLE = 1000
"""How many artifacts are read where not all are."""

_NAMED = 10


def datastore_at(config: RepositoryConfig, name: str, root: str) -> Datastore:
    """Open a datastore at another root.

    Parameters
    ----------
    config : `~butler.config.RepositoryConfig`
        The repository's; another datastore of its database is taken for a folder.
    name : `str`
        Of the datastore.
    root : `str`
        A folder, as ``root`` in its configuration names it.

    Raises
    ------
    ConfigError
        If this datastore has no root, or that isn't one.
    """
    from butler.datastore.config import DatastoreConfig, open_datastore

    known = config.datastores.get(name, DatastoreConfig.from_plain({}, name))
    return open_datastore(known.at(root, name), config.repo, name)


def check_moved(
    datastore: Datastore,
    artifacts: Sequence[Artifact],
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> None:
    """Read artifacts at a datastore's new root.

    Parameters
    ----------
    datastore : `~butler.datastore.Datastore`
        At the new root.
    artifacts : sequence of `~butler.Artifact`
        As they were recorded; a file of which several are parts is read once.
    on_progress : callable, optional
        Called with artifacts read and artifacts in all.

    Raises
    ------
    ArtifactMissingError
        If one isn't there, or isn't what was recorded; the first ones are named.
    """
    wrong = {}
    artifacts = list({artifact.file: artifact for artifact in artifacts}.values())
    for done, artifact in enumerate(artifacts, 1):
        if fault := datastore.check(artifact):
            wrong[artifact.file] = fault
        if on_progress:
            on_progress(done, len(artifacts))
    if wrong:
        named = ", ".join(f"{path} ({fault})" for path, fault in islice(wrong.items(), _NAMED))
        raise ArtifactMissingError(
            f"{len(wrong)} of the {len(artifacts)} artifacts that were read are not at {datastore.root}"
            f" as they were recorded: {named}{', …' * (len(wrong) > _NAMED)}",
            hint="Copy the files there with their paths, such as by 'rsync -aH', then do the same again.",
            details={"root": datastore.root, "paths": list(wrong)},
        )


def check_mark_moved(connection: Connection, datastore: Datastore) -> None:
    """Look whether the mark came along with a datastore's files.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        As the owner, in a transaction.
    datastore : `~butler.datastore.Datastore`
        At the new root.

    Raises
    ------
    DatastoreRootError
        If the root bears none, or another.
    """
    from butler.schema.datastores import mark_of

    mark = mark_of(connection, datastore.name)
    if mark is None:  # it isn't registered, which is told where its root is set
        return
    try:
        check_mark(datastore.mark, mark)
    except DatastoreRootError as error:
        raise DatastoreRootError(
            error.message,
            hint="Copy all files of the old root there, such as by 'rsync -aH', with the mark's own,"
            " .butler-datastore.json; then do the same again.",
            details=error.details,
        ) from error


def relocate(connection: Connection, repo: Path, datastore: Datastore, root: str) -> str:
    """Record a datastore's new root, in the database and in ``butler.yaml``.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        As the owner, in a transaction; until it is committed nothing has changed
        in the database.
    repo : `~pathlib.Path`
        The repository, whose configuration is written anew if it has the datastore.
    datastore : `~butler.datastore.Datastore`
        At the new root.
    root : `str`
        As the configuration is to name it.

    Returns
    -------
    before : `str`
        URI of the old root.

    Raises
    ------
    DatastoreRootError
        If the new root doesn't bear the datastore's mark.
    InvalidDataIdError
        If the database has no such datastore.
    """
    from dataclasses import replace

    from butler.config import RepositoryConfig
    from butler.schema.datastores import set_root

    check_mark_moved(connection, datastore)
    before = set_root(connection, datastore.name, datastore.root)
    now = RepositoryConfig.read(repo)  # somebody may have changed it since the files were first looked at
    if (own := now.datastores.get(datastore.name)) is not None:
        moved = {datastore.name: own.at(root, datastore.name)}
        replace(now, datastores={**now.datastores, **moved}).write()
    return before


def root_for(repo: Path, folder: Path) -> str:
    """Give a folder as the configuration names it: relative to the repository if it is inside.

    Raises
    ------
    ConfigError
        If it isn't a folder.
    """
    target = folder.expanduser().absolute()
    if not target.is_dir():
        raise ConfigError(
            f"there is no folder {target}", hint="Copy the datastore's files there first, with their paths."
        )
    return str(target.relative_to(repo) if target.is_relative_to(repo) else target)
