"""Where the bytes of datasets lie, and what says whose that place is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

__all__ = ["Mark", "RegisteredDatastore"]


@dataclass(frozen=True, slots=True)
class Mark:
    """What a datastore's root says whose it is.

    Parameters
    ----------
    installation : `uuid.UUID`
        The database: of a copy, or of a dump that was restored elsewhere, it
        is another one.
    datastore : `str`
        The datastore's name there.
    id : `uuid.UUID`
        Another one each time that the mark is set.
    """

    installation: UUID
    datastore: str
    id: UUID


@dataclass(frozen=True, slots=True)
class RegisteredDatastore:
    """A datastore, as a registry knows it.

    Parameters
    ----------
    root : `str`
        URI that the paths in it are relative to.
    mark : `Mark`
        What its root must bear.
    marked : `datetime.datetime`
        When that was set. Files of an earlier time may be those of datasets
        that the registry doesn't know any more, as after a restore.
    """

    root: str
    mark: Mark
    marked: datetime
