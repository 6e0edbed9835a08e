"""How files become datasets."""

from __future__ import annotations

from enum import StrEnum
from typing import NoReturn

from butler.values.closed_sets import no_member

__all__ = ["IngestMode"]


class IngestMode(StrEnum):
    """What becomes of a file that is ingested."""

    COPY = "copy"
    MOVE = "move"
    HARDLINK = "hardlink"
    SYMLINK = "symlink"
    """Its bytes stay their owner's: whoever moves the file, also by an ingest, leaves a dangling link."""
    IN_PLACE = "in-place"

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        raise no_member(cls, "ingest mode", value)
