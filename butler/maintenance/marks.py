"""Setting the mark of a datastore's root anew, as after a restore or a copy."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING
from uuid import UUID

from butler.datastore.interfaces import inventory_of
from butler.datastore.marks import RootState, encode_mark, read_mark, wrong_mark
from butler.errors import DatastoreRootError
from butler.maintenance.orphans import unclaimed

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from butler.datastore.interfaces import Datastore
    from butler.registry import Registry
    from butler.values import Mark

__all__ = ["ExaminedRoot", "examine", "mark"]

_FILES_AT_ONCE = 50_000


@dataclass(frozen=True, slots=True)
class ExaminedRoot:
    """What is in a root that may be marked anew.

    Parameters
    ----------
    datastore : `~butler.datastore.Datastore`
        Whose root it is to be.
    mark : `~butler.values.Mark`
        What it should bear, by the registry.
    found : `str`
        What was in the place of the mark.
    loose : `int`
        How many files no dataset of any registry has: they are older than
        the mark will be, and left to be adopted.
    instead_of : `bytes` or `None`
        What the mark says now.
    """

    datastore: Datastore
    mark: Mark
    found: str
    loose: int
    instead_of: bytes | None


def examine(
    registry: Registry, datastore: Datastore, *, over: Collection[UUID] = (), empty: bool = False
) -> ExaminedRoot:
    """Look whether a root may be marked anew, and what is there; nothing is changed.

    Parameters
    ----------
    registry : `~butler.registry.Registry`
        Has the datastore.
    datastore : `~butler.datastore.Datastore`
        A single one.
    over : collection of `uuid.UUID`
        Marks of other installations or datastores that may be replaced.
    empty : `bool`
        Whether the root may be empty, although the registry has artifacts there.

    Raises
    ------
    DatastoreRootError
        If it may not be: what bears a mark that can't be read, or another's
        that isn't among ``over``; what holds, or lies in, what is another's;
        what is empty and shouldn't be.
    """
    root = datastore.mark
    expected = registry.definitions.datastores()[datastore.name].mark
    root.refuse_shared()
    found = root.read()
    if isinstance(found, RootState):
        if found == RootState.OBSTRUCTED:
            raise _refused(datastore, f"it {found}", "Look what it is, and take it away.")
        if found != RootState.UNMARKED and not empty and (known := _artifacts(registry, datastore.name)):
            raise _refused(
                datastore,
                f"it {found}, and the registry has {known} artifacts there",
                "Mount it. If they are gone for good, add --empty.",
            )
        said = str(found)
    elif (other := read_mark(found)) is None:
        raise _refused(
            datastore,
            f"its mark can't be read, {found[:40]!r}",
            "Look what it is; delete it if nobody else writes there.",
        )
    elif (other.installation, other.datastore) == (expected.installation, expected.datastore):
        said = "bears its mark" if other == expected else f"bears an earlier mark of its own, {other.id}"
    elif other.id not in over:
        error = wrong_mark(datastore.root, found, expected)
        raise DatastoreRootError(
            error.message,
            hint="If nobody writes there as that any more:"
            f" 'butler datastore mark {datastore.name} --over {other.id}'.",
            details=error.details,
        )
    else:
        said = f"bears mark {other.id} of datastore {other.datastore} of installation {other.installation}"
    return ExaminedRoot(
        datastore,
        expected,
        said,
        _loose(registry, datastore),
        None if isinstance(found, RootState) else found,
    )


def mark(connection: Connection, examined: ExaminedRoot) -> None:
    """Set the mark anew, in the database and in the root.

    It counts when the transaction ends. Whoever is killed before that leaves
    a root that is refused, or is as it was: then do the same again.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        As the owner, in a transaction of its own.
    examined : `ExaminedRoot`
        As `examine` gave it.

    Raises
    ------
    DatastoreRootError, InvalidDataIdError
        If somebody else has marked it meanwhile; nothing has changed.
    """
    from butler.schema.datastores import set_mark

    made = set_mark(connection, examined.mark)
    examined.datastore.mark.write(encode_mark(made), instead_of=examined.instead_of)


def _artifacts(registry: Registry, name: str) -> int:
    return sum(each.maintenance.count_artifacts(name, None) for each in registry.related())


def _loose(registry: Registry, datastore: Datastore) -> int:
    """Count the files that no dataset of any registry has, but those that writers have left half done."""
    inventory = inventory_of(datastore)
    if inventory is None:
        return 0
    paths = (path for path in inventory.paths() if not inventory.is_temporary(path))
    loose = 0
    while batch := list(islice(paths, _FILES_AT_ONCE)):
        loose += len(unclaimed(registry, datastore, batch))
    return loose


def _refused(datastore: Datastore, why: str, hint: str) -> DatastoreRootError:
    return DatastoreRootError(
        f"the root of datastore {datastore.name!r}, {datastore.root}, can't be marked: {why}",
        hint=hint,
        details={"datastore": datastore.name, "root": datastore.root},
    )
