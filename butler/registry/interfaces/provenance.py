"""What made a dataset, and of what; who did what."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from butler.registry.results import Rows
from butler.values import QuantumStatus

__all__ = ["Provenance"]


class Provenance(ABC):
    """Runs' environments; quanta: pieces of work with what they read and made; who did what else."""

    @abstractmethod
    def set_environment(self, run: str, dataset_id: UUID) -> bool:
        """Say which dataset describes a run's environment; the first to say so wins."""

    @abstractmethod
    def begin_quantum(
        self, run: str, task: str, data_id: Mapping[str, Any], inputs: Sequence[UUID], host: str
    ) -> int:
        """Record that a task begins, with the inputs that it will read."""

    @abstractmethod
    def predict_inputs(self, quantum_id: int, inputs: Sequence[UUID]) -> None:
        """Say that a running quantum will read more."""

    @abstractmethod
    def end_quantum(
        self, quantum_id: int, status: QuantumStatus, inputs_read: Sequence[UUID], message: str | None = None
    ) -> None:
        """Record how a quantum ended, and what it really read."""

    @abstractmethod
    def activity(
        self,
        *,
        since: datetime | timedelta | str | None = None,
        by: str | None = None,
        collection: str | None = None,
        operation: str | None = None,
        limit: int | None = None,
    ) -> Rows:
        """List who did what, the newest first; see `butler.provenance.namespace.Provenance.activity`."""
