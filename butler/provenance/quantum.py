"""One piece of work, recorded: what it will read, what it read, what it made."""

from __future__ import annotations

import logging
import socket
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from butler.values import DatasetRef, split_component

if TYPE_CHECKING:
    from types import TracebackType

    from butler.butler import Butler

__all__ = ["Quantum"]

_logger = logging.getLogger(__name__)


class Quantum:
    """A running task; made by `butler.Butler.quantum`.

    Parameters
    ----------
    butler : `~butler.Butler`
        To read and write through.
    task : `str`
        Name of the task.
    data_id : `~collections.abc.Mapping`
        What it works on.
    inputs : sequence of `~butler.DatasetRef`
        What it will read.
    """

    id: int

    def __init__(
        self, butler: Butler, task: str, data_id: Mapping[str, Any], inputs: Sequence[DatasetRef]
    ) -> None:
        self._butler = butler
        self._task = task
        self._data_id = data_id
        self._predicted = {ref.id for ref in inputs}
        self._read: dict[UUID, None] = {}
        self.outputs: list[DatasetRef] = []

    @property
    def inputs_read(self) -> tuple[UUID, ...]:
        """Ids of the datasets that were read so far, in the order of their reading."""
        return tuple(self._read)

    def __enter__(self) -> Quantum:
        assert self._butler.run is not None
        registry = self._butler.registry
        registry.register_collection(self._butler.run, "run")
        self.id = registry.begin_quantum(
            self._butler.run, self._task, self._data_id, sorted(self._predicted), socket.gethostname()
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._butler.registry.end_quantum(self.id, "done", self.inputs_read)
            return
        try:
            self._butler.registry.end_quantum(self.id, "failed", self.inputs_read, _message(error))
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
        if isinstance(dataset, str):
            dataset, named = split_component(dataset)
            component = named or component
        ref = self._butler.find(dataset, data_id, **units)
        if ref.id not in self._predicted:
            self._butler.registry.predict_inputs(self.id, [ref.id])
            self._predicted.add(ref.id)
        obj = self._butler.get(ref, component=component, parameters=parameters)
        self._read[ref.id] = None
        return obj

    def put(
        self, obj: Any, dataset_type: str, data_id: Mapping[str, Any] | None = None, /, **units: Any
    ) -> DatasetRef:
        """File an output; see `butler.Butler.put`."""
        (ref,) = self._butler.put_many([(obj, {**(data_id or {}), **units})], dataset_type, quantum=self)
        self.outputs.append(ref)
        return ref


def _message(error: BaseException) -> str:
    """Give an exception in words that every text column takes."""
    words = f"{type(error).__name__}: {error}"[:2000]
    return words.replace("\x00", "\\x00").encode(errors="backslashreplace").decode()
