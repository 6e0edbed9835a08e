"""One piece of work, recorded: what it will read, what it read, what it made."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from butler.arguments import data_id_of
from butler.context import Context
from butler.errors import (
    ButlerError,
    ConfigError,
    DatabaseUnavailableError,
    DatasetExistsError,
    InvalidDataIdError,
)
from butler.provenance.process import this_process
from butler.reading import find_component, read
from butler.values import DataId, DatasetRef, QuantumStatus, new_dataset_id, split_component

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["OutputWriter", "Quantum", "Written"]

_logger = logging.getLogger(__name__)


class Written(Protocol):
    """An output whose bytes are written, and that is no dataset yet."""

    @property
    def ref(self) -> DatasetRef:
        """The dataset that it is to be."""


class OutputWriter(Protocol):
    """Writes outputs, and tells the registry of them when they are all there."""

    def write(
        self,
        objects: Iterable[tuple[Any, Mapping[str, Any]]],
        dataset_type: str,
        run: str,
        inputs: Iterable[UUID] = (),
        lot: Any = None,
    ) -> list[Any]:
        """Write objects, which aren't datasets by that: all of them or none; give them as `Written`."""

    def lot(self) -> Any:
        """Begin a lot to write in, all of which becomes durable before the registry is told of any."""

    def flush(self, written: Sequence[Any]) -> None:
        """Make what was written durable now: all of it, or none is left."""

    def tell(
        self,
        written: Sequence[Any],
        told: Callable[[Sequence[DatasetRef], Mapping[str, str]], object],
    ) -> None:
        """Call with the datasets, and the roots under which they were written; perhaps twice."""

    def discard(self, written: Sequence[Any]) -> None:
        """Delete what was written, but for what may be registered."""

    def complete(self, dataset_type: str, data_id: Mapping[str, Any], run: str) -> DataId:
        """Complete a data ID."""

    def describe_run(self, run: str, dataset_type: str) -> None:
        """Put a description of this process into a run that has none."""


class Quantum:
    """A running task; made by `butler.Butler.quantum`.

    What it puts is registered when it ends: all of it with its status and
    what it read, or nothing.

    Parameters
    ----------
    context : `~butler.context.Context`
        To read in.
    writer : `OutputWriter`
        Writes what this makes.
    task : `str`
        Name of the task.
    data_id : `~collections.abc.Mapping`
        What it works on.
    inputs : sequence of `~butler.DatasetRef`
        What it will read.

    Raises
    ------
    ConfigError
        If there is no run to work in.
    """

    def __init__(
        self,
        context: Context,
        writer: OutputWriter,
        task: str,
        data_id: Mapping[str, Any],
        inputs: Sequence[DatasetRef],
    ) -> None:
        self._context = context
        self._id: UUID | None = None
        self._run = context.run_to_use()
        self._writer = writer
        self._task = task
        self._data_id = data_id
        self._predicted = {ref.id for ref in inputs}
        self._read: dict[UUID, None] = {}
        self._lot: Any = None
        self._written: list[Written] = []
        self._kept: list[Written] = []
        self._ended = False

    @property
    def id(self) -> UUID:
        """Its id in the registry.

        Raises
        ------
        ConfigError
            If it hasn't begun.
        """
        if self._id is None:
            raise ConfigError(
                f"quantum of task {self._task!r} hasn't begun",
                hint="Use it in a block: with butler.quantum(…).",
            )
        return self._id

    @property
    def outputs(self) -> list[DatasetRef]:
        """What it has put; datasets from its end on."""
        return [output.ref for output in self._written]

    @property
    def inputs_read(self) -> tuple[UUID, ...]:
        """Ids of the datasets that were read so far, in the order of their reading."""
        return tuple(self._read)

    def __repr__(self) -> str:
        values = " ".join(f"{unit}={value}" for unit, value in self._data_id.items())
        return (
            f"<Quantum {'not begun' if self._id is None else self._id} of {self._task} {values}:"
            f" {len(self._read)} read, {len(self._written)} made>"
        )

    def __enter__(self) -> Quantum:
        quantum_id = new_dataset_id()
        self._context.registry.provenance.begin_quantum(
            quantum_id, self._run, self._task, self._data_id, sorted(self._predicted), this_process()
        )
        self._id = quantum_id
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended = True
        if error is not None:
            self._end_as_failed(error)
            return
        try:
            self._end(QuantumStatus.DONE, self._written)
        except ButlerError as refused:
            if not (isinstance(refused, DatabaseUnavailableError) and refused.may_be_done):
                self._end_as_failed(refused)
            raise
        self._writer.describe_run(self._run, "")

    def _end(self, status: QuantumStatus, written: Sequence[Written], message: str | None = None) -> None:
        def end(refs: Sequence[DatasetRef], roots: Mapping[str, str]) -> None:
            self._context.registry.provenance.end_quantum(
                self.id, status, self.inputs_read, message, outputs=refs, roots=roots
            )

        self._writer.tell(written, end)

    def _end_as_failed(self, error: BaseException) -> None:
        """Delete what was made, but for what is to be kept, and record why; what went wrong matters more."""
        try:
            self._discard([output for output in self._written if output not in self._kept])
            try:
                self._end(QuantumStatus.FAILED, self._kept, _message(error))
            except ButlerError:
                if not self._kept:
                    raise
                self._discard(self._kept)
                self._end(QuantumStatus.FAILED, [], _message(error))
        except Exception as failure:
            unrecorded = f"quantum {self.id} of task {self._task!r} isn't recorded as failed: {failure}"
            error.add_note(unrecorded)
            _logger.warning("%s", unrecorded)

    def _discard(self, written: Sequence[Written]) -> None:
        # What can't be deleted is found by the reaper.
        with suppress(Exception):
            self._writer.discard(written)
        self._written = [output for output in self._written if output not in written]

    def get(
        self,
        dataset: str | DatasetRef,
        data_id: Mapping[str, Any] | None = None,
        /,
        *,
        parameters: Mapping[str, Any] | None = None,
        component: str | None = None,
        **units: Any,
    ) -> Any:
        """Read an input; see `butler.Butler.get`. What wasn't predicted is, before it is read."""
        given = data_id_of(data_id, units)
        if (own := self._own(dataset, given)) is not None:
            part = component if isinstance(dataset, DatasetRef) else split_component(dataset)[1] or component
            return read(self._context, own, part, parameters)
        ref, component = find_component(self._context, dataset, component, given)
        if ref.id not in self._predicted:
            self._context.registry.provenance.predict_inputs(self.id, [ref.id])
            self._predicted.add(ref.id)
        obj = read(self._context, ref, component, parameters)
        self._read[ref.id] = None
        return obj

    def _own(self, dataset: str | DatasetRef, data_id: Mapping[str, Any]) -> DatasetRef | None:
        """Give the output that is meant, if it is one: the registry doesn't know it yet."""
        if isinstance(dataset, DatasetRef):
            return next((ref for ref in self.outputs if ref.id == dataset.id), None)
        wanted, _ = split_component(dataset)
        outputs = [ref for ref in self.outputs if ref.dataset_type.name == wanted]
        if not outputs:
            return None
        complete = self._writer.complete(wanted, data_id, self._run)
        return next((ref for ref in outputs if ref.data_id == complete), None)

    def put(
        self,
        obj: Any,
        dataset_type: str,
        data_id: Mapping[str, Any] | None = None,
        /,
        *,
        keep: bool = False,
        **units: Any,
    ) -> DatasetRef:
        """Put an output, which is a dataset when the quantum has ended; see `butler.Butler.put`.

        Parameters
        ----------
        obj, dataset_type, data_id : as for `butler.Butler.put`
            What it is.
        keep : `bool`
            Whether to keep it even if the quantum fails, such as a log.
        **units
            More of the data ID.
        """
        (ref,) = self.put_many([(obj, data_id_of(data_id, units))], dataset_type, keep=keep)
        return ref

    def put_many(
        self, objects: Iterable[tuple[Any, Mapping[str, Any]]], dataset_type: str, *, keep: bool = False
    ) -> list[DatasetRef]:
        """Put outputs of one type: all of them or none; see `put`."""
        if self._ended:  # nobody would register it
            raise InvalidDataIdError(
                f"quantum {self.id} of task {self._task!r} has ended",
                hint="Put what it makes before its block ends, or begin another one.",
                details={"quantum_id": str(self.id), "task": self._task},
            )
        _ = self.id  # it has begun
        if self._lot is None:
            self._lot = self._writer.lot()
        # What is kept whatever happens isn't durable with the rest, but by itself, and at once.
        lot = None if keep else self._lot
        written = self._writer.write(objects, dataset_type, self._run, self.inputs_read, lot)
        there = {(ref.dataset_type.name, ref.data_id) for ref in self.outputs}
        for output in written:
            ref = output.ref
            if (ref.dataset_type.name, ref.data_id) in there:
                with suppress(Exception):  # what can't be deleted is found by the reaper
                    self._writer.discard(written)
                raise DatasetExistsError(
                    f"quantum {self.id} has put {dataset_type} with {ref.data_id} before",
                    hint="A run holds one dataset of a type and data ID.",
                    details={"dataset_type": dataset_type, "data_id": dict(ref.data_id)},
                )
            there.add((ref.dataset_type.name, ref.data_id))
        if keep:
            self._writer.flush(written)
            self._kept += written
        self._written += written
        return [output.ref for output in written]


def _message(error: BaseException) -> str:
    """Give an exception in words that every text column takes."""
    words = f"{type(error).__name__}: {error}"[:2000]
    return words.replace("\x00", "\\x00").encode(errors="backslashreplace").decode()
