"""Named groups of datasets."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from butler.values.closed_sets import no_member

__all__ = ["Collection", "CollectionType"]


class CollectionType(StrEnum):
    """What a collection is."""

    RUN = "run"
    """Holds what was put into it; each dataset has one."""
    TAGGED = "tagged"
    """Holds datasets of runs, at most one of a type and data ID."""
    CHAINED = "chained"
    """Other collections, searched in their order."""
    CALIBRATION = "calibration"
    """Holds datasets with the times for which they are valid."""

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        raise no_member(cls, "collection type", value)


@dataclass(frozen=True, slots=True)
class Collection:
    """A named group of datasets.

    Parameters
    ----------
    name : `str`
        Unique in the registry and the layers under it.
    type : `CollectionType`
        What it is.
    owner : `str`
        The database role that made it.
    doc : `str`
        What it is for.
    frozen : `bool`
        Whether it may still change.
    members : `tuple` [`str`]
        Of a chain, in search order.
    """

    name: str
    type: CollectionType
    owner: str = ""
    doc: str = ""
    frozen: bool = False
    members: tuple[str, ...] = ()
