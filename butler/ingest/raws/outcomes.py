"""What became of each file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from butler.errors import ButlerError
from butler.values import DataId, DatasetRef

__all__ = ["COLUMNS", "IngestOutcome", "Outcome"]

COLUMNS = ("path", "outcome", "dataset_id", "dataset_type", "run", "data_id", "error", "message")
"""Of the table that `Outcome.row` gives a row of."""


class IngestOutcome(StrEnum):
    """What can become of a file."""

    INGESTED = "ingested"
    SKIPPED = "skipped"
    """The run has it already, or another process took it."""
    DEFERRED = "deferred"
    """It is still being written."""
    FAILED = "failed"
    NEW = "new"
    """In a dry run: it would be ingested."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    Parameters
    ----------
    path : `~pathlib.Path`
        The file.
    outcome : `IngestOutcome`
        What became of it.
    dataset_type, run : `str`
        What it is and where it went, as far as known.
    data_id : `~butler.DataId`, optional
        As far as known.
    ref : `~butler.DatasetRef`, optional
        The dataset that it is, or that the run has under its data ID.
    error : `~butler.errors.ButlerError`, optional
        Why it failed.
    message : `str`
        Why it was skipped or deferred, where that isn't plain.
    """

    path: Path
    outcome: IngestOutcome
    dataset_type: str = ""
    run: str = ""
    data_id: DataId | None = None
    ref: DatasetRef | None = None
    error: ButlerError | None = None
    message: str = ""

    def row(self) -> tuple[Any, ...]:
        """Give the values of `COLUMNS`."""
        return (
            str(self.path),
            str(self.outcome),
            self.ref.id if self.ref else None,
            self.dataset_type or None,
            self.run or None,
            None if self.data_id is None else dict(self.data_id),
            type(self.error).__name__ if self.error else None,
            (self.error.message if self.error else self.message) or None,
        )
