"""How pieces of work end."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["QuantumStatus"]


class QuantumStatus(StrEnum):
    """How a quantum ended."""

    DONE = "done"
    FAILED = "failed"
    DIED = "died"
    """Its process is gone; one that ends all the same corrects that."""
