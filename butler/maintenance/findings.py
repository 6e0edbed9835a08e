"""What a verification finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from butler.registry.interfaces.maintenance import Drift

__all__ = ["Fault", "Finding"]


class Fault(StrEnum):
    """In what registry and datastore can differ; `remedy` says what to do about it."""

    remedy: str

    def __new__(cls, value: str, remedy: str = "") -> Fault:
        fault = str.__new__(cls, value)
        fault._value_ = value
        fault.remedy = remedy
        return fault

    MISSING = "missing", "restore the file, or let --repair record that it is lost"
    SIZE = "size", "restore the file: it isn't the one that was written"
    SHA256 = "sha256", "restore the file: it isn't the one that was written"
    FOUND = "found", "it was lost and is whole again: let --repair record that"
    ORPHAN = "orphan", "no dataset has it: --repair registers it, if it says what it is, or says why not"
    TEMPORARY = "temporary", "a writer died: --repair deletes it"
    IN_FLIGHT = "in flight", "a writer is at work, or died: 'butler reap' deletes it in time"
    UNREADABLE = (
        "unreadable",
        "it can't be looked at: correct what the reason names, or ask who registered it",
    )
    NO_ARTIFACT = "no artifact", "it is said to be present and has no file: unstore or remove it"
    STALE = "stale", "its dataset has no bytes any more: unstore the dataset again"
    OVERLAP = "overlap", "let --repair compute it anew"
    REGION = "region", "let --repair compute it anew"
    COUNTS = "counts", "let --repair count anew what is stored"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between registry and datastore.

    Parameters
    ----------
    fault : `Fault`
        In what they differ: of a recorded file ``missing``, ``size``,
        ``sha256``, ``unreadable``, ``found``, ``stale``; of a file
        ``orphan``, ``temporary``, ``in flight``; of a dataset ``no
        artifact``; of what is derived ``overlap``, ``region``, ``counts``.
    dataset_id : `str`
        Of the dataset, if it is one.
    uri : `str`
        Of the file; of an unreadable one what is recorded; of what is derived
        the data ID, or the view.
    detail : `str`
        Why it is unreadable; in what it differs.
    registry, datastore : `str`
        Names of those that have it.
    path, component : `str`
        As they are recorded.
    drift : `~butler.registry.interfaces.maintenance.Drift` or `None`
        Of what is derived.
    """

    fault: Fault
    dataset_id: str
    uri: str
    detail: str = ""
    registry: str = ""
    datastore: str = ""
    path: str = ""
    component: str = ""
    drift: Drift | None = field(default=None, repr=False)

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return self.fault.remedy

    def __str__(self) -> str:
        of = f" of dataset {self.dataset_id}" if self.dataset_id else ""
        return f"{self.fault}: {self.uri}{of}{f', {self.detail}' if self.detail else ''}"
