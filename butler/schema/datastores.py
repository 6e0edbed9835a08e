"""What the owner of the schema says and asks of datastores, in all registries of a database."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from butler.schema.install import registries
from butler.values import Artifact, Mark

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["mark_of", "set_mark", "set_root", "stored_artifacts"]


def stored_artifacts(connection: Connection, name: str, *, sample: int | None = None) -> list[Artifact]:
    """List what is present inside a datastore's root, in whichever registry it is.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        As the owner, in a transaction.
    name : `str`
        Of the datastore.
    sample : `int`, optional
        Give so many, chosen at random; by default all.
    """
    from sqlalchemy import text

    own = " UNION ALL ".join(
        f"SELECT {r.name}.artifact_path(a.path, a.dataset_id) AS path, a.formatter, a.size, a.sha256,"
        " a.component"
        f" FROM {r.tables}.artifact AS a"
        f" INNER JOIN {r.tables}.all_datastore AS s ON s.datastore_id = a.datastore_id"
        f" INNER JOIN {r.tables}.dataset AS d ON d.dataset_id = a.dataset_id"
        " WHERE s.datastore = :name AND a.state = 'present' AND d.state = 'present'"
        " AND a.path !~ '^[a-z][a-z0-9+.-]*:'"
        for r in registries(connection)
    )
    order = "path" if sample is None else "random() LIMIT :sample"
    rows = connection.execute(
        text(f"SELECT * FROM ({own}) AS a ORDER BY {order}"), {"name": name, "sample": sample}
    )
    return [
        Artifact(name, row.path, row.formatter, row.size, bytes(row.sha256), row.component) for row in rows
    ]


def mark_of(connection: Connection, name: str) -> Mark | None:
    """Give what a datastore's root must bear, in the first registry that has it; `None` if none has.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        As the owner, in a transaction.
    name : `str`
        Of the datastore.
    """
    from sqlalchemy import text

    for registry in registries(connection):
        row = connection.execute(
            text(
                "SELECT s.mark, butler.installation_id() AS installation"
                f" FROM {registry.tables}.datastore AS s WHERE s.datastore = :name"
            ),
            {"name": name},
        ).one_or_none()
        if row is not None:
            return Mark(row.installation, name, row.mark)
    return None


def set_mark(connection: Connection, before: Mark) -> Mark:
    """Give a datastore another mark, which counts from the end of the transaction.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        As the owner, in a transaction.
    before : `~butler.values.Mark`
        The one that it has.

    Raises
    ------
    InvalidDataIdError
        If no datastore has it any more.
    """
    from sqlalchemy import text

    made = connection.execute(
        text("SELECT s.mark FROM butler_common.mark_datastores(ARRAY[CAST(:mark AS uuid)]) AS s"),
        {"mark": before.id},
    ).scalar_one()
    return replace(before, id=made)


def set_root(connection: Connection, name: str, root: str) -> str:
    """Record where a datastore's files are now.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        As the owner, in a transaction.
    name, root : `str`
        Of the datastore, and its new root URI.

    Returns
    -------
    before : `str`
        URI of the old root.

    Raises
    ------
    InvalidDataIdError
        If the database has no such datastore.
    """
    from sqlalchemy import text

    before: str = connection.execute(
        text("SELECT butler_common.relocate_datastore(:name, :root)"), {"name": name, "root": root}
    ).scalar_one()
    return before
