"""One piece of work, recorded: what it will read, what it read, what it made."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from butler.arguments import data_id_of
from butler.context import Context
from butler.errors import ConfigError
from butler.reading import find_component, read
from butler.values import CollectionType, DatasetRef, QuantumStatus

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Quantum"]

_logger = logging.getLogger(__name__)


class Quantum:
    """A running task; made by `butler.Butler.quantum`.

    Parameters
    ----------
    context : `~butler.context.Context`
        To read in.
    put : callable
        Puts objects that this made, as `butler.Butler.put_many` does.
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
        put: Callable[..., list[DatasetRef]],
        task: str,
        data_id: Mapping[str, Any],
        inputs: Sequence[DatasetRef],
    ) -> None:
        self._context = context
        self._id: int | None = None
        self._run = context.run_to_use()
        self._put = put
        self._task = task
        self._data_id = data_id
        self._predicted = {ref.id for ref in inputs}
        self._read: dict[UUID, None] = {}
        self.outputs: list[DatasetRef] = []

    @property
    def id(self) -> int:
        """Its number in the registry.

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
    def inputs_read(self) -> tuple[UUID, ...]:
        """Ids of the datasets that were read so far, in the order of their reading."""
        return tuple(self._read)

    def __repr__(self) -> str:
        values = " ".join(f"{unit}={value}" for unit, value in self._data_id.items())
        return (
            f"<Quantum {'not begun' if self._id is None else self._id} of {self._task} {values}:"
            f" {len(self._read)} read, {len(self.outputs)} made>"
        )

    def __enter__(self) -> Quantum:
        registry = self._context.registry
        registry.collections.register(self._run, CollectionType.RUN)
        self._id = registry.provenance.begin_quantum(
            self._run, self._task, self._data_id, sorted(self._predicted), socket.gethostname()
        )
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        provenance = self._context.registry.provenance
        if error is None:
            provenance.end_quantum(self.id, QuantumStatus.DONE, self.inputs_read)
            return
        try:
            provenance.end_quantum(self.id, QuantumStatus.FAILED, self.inputs_read, _message(error))
        except Exception as failure:  # what went wrong in the block matters more
            unrecorded = f"quantum {self.id} of task {self._task!r} isn't recorded as failed: {failure}"
            error.add_note(unrecorded)
            _logger.warning("%s", unrecorded)

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
        ref, component = find_component(self._context, dataset, component, data_id_of(data_id, units))
        if ref.id not in self._predicted:
            self._context.registry.provenance.predict_inputs(self.id, [ref.id])
            self._predicted.add(ref.id)
        obj = read(self._context, ref, component, parameters)
        self._read[ref.id] = None
        return obj

    def put(
        self, obj: Any, dataset_type: str, data_id: Mapping[str, Any] | None = None, /, **units: Any
    ) -> DatasetRef:
        """Put an output; see `butler.Butler.put`."""
        (ref,) = self.put_many([(obj, data_id_of(data_id, units))], dataset_type)
        return ref

    def put_many(
        self, objects: Iterable[tuple[Any, Mapping[str, Any]]], dataset_type: str
    ) -> list[DatasetRef]:
        """Put outputs of one type: all of them or none; see `butler.Butler.put_many`."""
        refs = self._put(objects, dataset_type, self._run, quantum_id=self.id, inputs=self.inputs_read)
        self.outputs += refs
        return refs


def _message(error: BaseException) -> str:
    """Give an exception in words that every text column takes."""
    words = f"{type(error).__name__}: {error}"[:2000]
    return words.replace("\x00", "\\x00").encode(errors="backslashreplace").decode()
