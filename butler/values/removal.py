"""What becomes of datasets that are given up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

__all__ = ["Removal", "RemovalOutcome"]


class RemovalOutcome(StrEnum):
    """What became of datasets or a collection that were to be unstored or removed."""

    REMOVED = "removed"
    UNSTORED = "unstored"
    KEPT = "kept"
    DONE_BEFORE = "done before"
    COLLECTION_REMOVED = "collection removed"
    COLLECTION_KEPT = "collection kept"
    CHAIN_CHANGED = "chain changed"


@dataclass(frozen=True, slots=True)
class Removal:
    """What becomes, or became, of datasets that were to be unstored or removed.

    Parameters
    ----------
    outcome : `RemovalOutcome`
        What becomes of them.
    reason : `str`
        What keeps them, or who removed them before; which collection.
    datasets, files, bytes : `int`
        How many, and how much they take.
    dataset_ids : `tuple` [`uuid.UUID`]
        Which.
    """

    outcome: RemovalOutcome
    reason: str
    datasets: int = 0
    files: int = 0
    bytes: int = 0
    dataset_ids: tuple[UUID, ...] = ()

    def __str__(self) -> str:
        if self.outcome.startswith(("collection", "chain")):
            return f"{self.outcome}: {self.reason}"
        return (
            f"{self.outcome}: {self.datasets} dataset{'s' * (self.datasets != 1)},"
            f" {self.files} file{'s' * (self.files != 1)}, {self.bytes} bytes"
            f"{f', {self.reason}' if self.reason else ''}"
        )
