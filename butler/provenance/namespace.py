"""Provenance, as a Butler sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from butler.arguments import data_id_of, items, name, refused
from butler.context import Context
from butler.errors import InvalidDataIdError
from butler.provenance.quantum import Quantum
from butler.values import DatasetRef

__all__ = ["Provenance"]


class Provenance:
    """What made a dataset, and of what: ``butler.provenance``.

    Parameters
    ----------
    context : `~butler.context.Context`
        In which work is done.
    put : callable
        Puts what is made, as `butler.ingest.objects.ObjectWriter.put` does.
    """

    def __init__(self, context: Context, put: Callable[..., list[DatasetRef]]) -> None:
        self._context = context
        self._put = put

    def quantum(
        self,
        task: str,
        data_id: Mapping[str, Any] | None = None,
        /,
        *,
        inputs: Iterable[DatasetRef] = (),
        **units: Any,
    ) -> Quantum:
        """Record one piece of work: what it will read, what it did read, what it made.

        Parameters
        ----------
        task : `str`
            Name of the task.
        data_id : `~collections.abc.Mapping`, optional
            What it works on; more may be given as keywords.
        inputs : iterable of `~butler.DatasetRef`
            What it will read. What it reads besides is added as it is read.
        **units
            What it works on.

        Returns
        -------
        quantum : `~butler.provenance.quantum.Quantum`
            A context manager, to read and write through.

        Raises
        ------
        ConfigError
            If there is no run to work in.

        Notes
        -----
        If the block raises, the quantum stays in the registry as failed, with
        its inputs.
        """
        return Quantum(
            self._context, self._put, name(task, "task"), data_id_of(data_id, units), _refs(inputs)
        )


def _refs(inputs: Iterable[DatasetRef]) -> list[DatasetRef]:
    given = items(inputs, "inputs", "DatasetRefs")
    for each in given:
        if not isinstance(each, DatasetRef):
            raise refused("one of inputs", each, "a DatasetRef", "butler.find gives it.", InvalidDataIdError)
    return given
