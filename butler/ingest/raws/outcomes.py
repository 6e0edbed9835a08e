"""What became of each file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from butler.errors import ButlerError
from butler.values import DataId, DatasetRef

__all__ = ["COLUMNS", "Outcome"]

COLUMNS = ("path", "outcome", "dataset_id", "dataset_type", "run", "data_id", "error", "message")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    Parameters
    ----------
    path : `~pathlib.Path`
        The file.
    outcome : `str`
        ``ingested``; ``skipped``, as the run has it already or another
        process took it; ``deferred``, as it is still being written;
        ``failed``; or ``new``, of a dry run: it would be ingested.
    dataset_type, run : `str`
        What it is and where it went, as far as known.
    data_id : `~butler.DataId`, optional
        Its labels, as far as known.
    ref : `~butler.DatasetRef`, optional
        The dataset that it is, or that the run has under its labels.
    error : `~butler.errors.ButlerError`, optional
        Why it failed.
    message : `str`
        Why it was skipped or deferred, where that isn't plain.
    """

    path: Path
    outcome: str
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
            self.outcome,
            self.ref.id if self.ref else None,
            self.dataset_type or None,
            self.run or None,
            None if self.data_id is None else dict(self.data_id),
            type(self.error).__name__ if self.error else None,
            (self.error.message if self.error else self.message) or None,
        )
