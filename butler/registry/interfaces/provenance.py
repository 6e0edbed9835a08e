"""What made a dataset, and of what; who did what."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from butler.registry.results import Rows
from butler.values import DatasetRef, QuantumStatus

__all__ = ["Process", "Provenance", "RunningQuantum"]


@dataclass(frozen=True, slots=True)
class Process:
    """A process, as its computer tells of it.

    Parameters
    ----------
    host : `str`
        Name of the computer.
    pid : `int`
        Its number there.
    started : `datetime.datetime` or `None`
        When it was started, UTC.
    mark : `str` or `None`
        What tells it from all other processes.
    """

    host: str
    pid: int
    started: datetime | None = None
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class RunningQuantum:
    """A quantum that hasn't ended.

    Parameters
    ----------
    id : `uuid.UUID`
        Its id.
    run, task : `str`
        Where its outputs go, and what works.
    begun : `datetime.datetime`
        When it began, UTC.
    host, mark : `str` or `None`
        Of the process in which it runs, as `Process` says.
    """

    id: UUID
    run: str
    task: str
    begun: datetime
    host: str | None
    mark: str | None


class Provenance(ABC):
    """Runs' environments; quanta: pieces of work with what they read and made; who did what else."""

    @abstractmethod
    def set_environment(self, run: str, dataset_id: UUID) -> bool:
        """Say which dataset describes a run's environment; the first to say so wins."""

    @abstractmethod
    def begin_quantum(
        self,
        quantum_id: UUID,
        run: str,
        task: str,
        data_id: Mapping[str, Any],
        inputs: Sequence[UUID],
        process: Process,
    ) -> None:
        """Record that a task begins, with the inputs that it will read; the same again is no error.

        Parameters
        ----------
        quantum_id : `uuid.UUID`
            A new one.
        run : `str`
            Where its outputs go; made if there is no collection of that name.
        task : `str`
            Its name.
        data_id : `~collections.abc.Mapping`
            What it works on.
        inputs : sequence of `uuid.UUID`
            What it will read.
        process : `Process`
            Where it runs.

        Raises
        ------
        DatasetNotFoundError
            If an input isn't registered.
        DatasetExistsError
            If the id is taken.
        CollectionNotFoundError, InvalidNameError, PermissionDeniedError
            If it can't work in the run.
        """

    @abstractmethod
    def predict_inputs(self, quantum_id: UUID, inputs: Sequence[UUID]) -> None:
        """Say that a running quantum will read more."""

    @abstractmethod
    def end_quantum(
        self,
        quantum_id: UUID,
        status: QuantumStatus,
        inputs_read: Sequence[UUID],
        message: str | None = None,
        *,
        outputs: Sequence[DatasetRef] = (),
        roots: Mapping[str, str] | None = None,
    ) -> int:
        """Record how a quantum ended, what it read and what it made: all of that or nothing.

        The same again is no error.

        Parameters
        ----------
        quantum_id : `uuid.UUID`
            One that is running.
        status : `~butler.values.QuantumStatus`
            Done or failed.
        inputs_read : sequence of `uuid.UUID`
            Those of its predicted inputs that it did read.
        message : `str`, optional
            What went wrong.
        outputs, roots : as for `~butler.registry.interfaces.puts.Puts.put`
            Datasets of its run.

        Returns
        -------
        new : `int`
            How many outputs weren't registered before.

        Raises
        ------
        InvalidDataIdError
            If it isn't running, or an input wasn't predicted.
        ButlerError
            As a put.
        """

    @abstractmethod
    def running_quanta(self) -> list[RunningQuantum]:
        """List this registry's own quanta that haven't ended, the oldest first."""

    @abstractmethod
    def end_dead_quanta(self, quantum_ids: Sequence[UUID], message: str) -> int:
        """Record that quanta have died, and why that is thought; returns how many were running."""

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
