"""Telling a database where a datastore's files have been moved to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from butler.config import RepositoryConfig
from butler.datastore.marks import RootState, check_mark, encode_mark, read_mark
from butler.errors import ArtifactMissingError, ConfigError, DatastoreRootError
from butler.values import Artifact, Mark

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from butler.datastore.interfaces import Datastore

__all__ = ["SAMPLE", "MovedMark", "check_mark_moved", "check_moved", "datastore_at", "relocate", "root_for"]

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


class MovedMark(NamedTuple):
    """What the new root says.

    Parameters
    ----------
    mark : `~butler.values.Mark`
        What it should bear.
    anew : `bool`
        Whether the mark is to be set anew there, as it isn't that.
    instead_of : `bytes` or `None`
        What the mark says now; `None` if there is none.
    """

    mark: Mark
    anew: bool = False
    instead_of: bytes | None = None


def check_mark_moved(
    connection: Connection, datastore: Datastore, *, over: Collection[UUID] = ()
) -> MovedMark | None:
    """Look whether the mark came along with a datastore's files.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        As the owner, in a transaction.
    datastore : `~butler.datastore.Datastore`
        At the new root.
    over : collection of `uuid.UUID`
        Marks that may be replaced: of an installation whose database was
        restored here, or that was given up.

    Returns
    -------
    moved : `MovedMark` or `None`
        `None` if the datastore isn't registered.

    Raises
    ------
    DatastoreRootError
        If the root bears none, or another that isn't among ``over``.
    """
    from butler.schema.datastores import mark_of

    mark = mark_of(connection, datastore.name)
    if mark is None:  # it isn't registered, which is told where its root is set
        return None
    root = datastore.mark
    try:
        check_mark(root, mark)
    except DatastoreRootError as error:
        found = root.read()
        said = None if isinstance(found, RootState) else read_mark(found)
        if said is not None and not isinstance(found, RootState) and said.id in over:
            root.refuse_shared()
            return MovedMark(mark, True, found)
        hint = (
            "Copy all files of the old root there, such as by 'rsync -aH', with the mark's own,"
            " .butler-datastore.json; then do the same again."
        )
        if said is not None:
            hint += (
                f" If these are the files, and nobody writes there as that any more: add --over {said.id}."
            )
        raise DatastoreRootError(error.message, hint=hint, details=error.details) from error
    return MovedMark(mark)


def relocate(
    connection: Connection, repo: Path, datastore: Datastore, root: str, *, over: Collection[UUID] = ()
) -> str:
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
    over : collection of `uuid.UUID`
        As for `check_mark_moved`; the mark is then set anew.

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
    from butler.schema.datastores import set_mark, set_root

    moved = check_mark_moved(connection, datastore, over=over)
    before = set_root(connection, datastore.name, datastore.root)
    if moved is not None and moved.anew:
        made = set_mark(connection, moved.mark)
        datastore.mark.write(encode_mark(made), instead_of=moved.instead_of)
    now = RepositoryConfig.read(repo)  # somebody may have changed it since the files were first looked at
    if (own := now.datastores.get(datastore.name)) is not None:
        settings = {datastore.name: own.at(root, datastore.name)}
        replace(now, datastores={**now.datastores, **settings}).write()
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
