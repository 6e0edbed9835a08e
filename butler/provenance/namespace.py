"""Provenance, as a Butler sees it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from butler.arguments import data_id_of, items, name, refused
from butler.context import Context
from butler.errors import InvalidDataIdError
from butler.provenance.quantum import OutputWriter, Quantum
from butler.registry.results import Rows
from butler.values import DatasetRef

__all__ = ["Provenance"]


class Provenance:
    """What made a dataset, and of what, and who did what: ``butler.provenance``.

    Parameters
    ----------
    context : `~butler.context.Context`
        In which work is done.
    writer : `~butler.provenance.quantum.OutputWriter`
        Writes what is made.
    """

    def __init__(self, context: Context, writer: OutputWriter) -> None:
        self._context = context
        self._writer = writer

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
        What it puts is registered when the block ends, all of it or nothing;
        inside the block it can be read by the quantum alone. If the block
        raises, the quantum stays in the registry as failed, with its inputs
        and with what it put to be kept.
        """
        return Quantum(
            self._context, self._writer, name(task, "task"), data_id_of(data_id, units), _refs(inputs)
        )

    def activity(
        self,
        *,
        since: datetime | timedelta | str | None = None,
        by: str | None = None,
        collection: str | None = None,
        operation: str | None = None,
        limit: int | None = None,
    ) -> Rows:
        """List who did what, the newest first: a row a call that changed something.

        Parameters
        ----------
        since : `datetime.datetime`, `datetime.timedelta` or `str`, optional
            Not before this time, or longer ago than this; in words
            ``2026-03-01T00:00:00Z``, or ``8h`` or ``1d``.
        by : `str`, optional
            What this database role did, or a login in whatever role.
        collection : `str`, optional
            What concerned this collection, or datasets of this run.
        operation : `str`, optional
            Calls of this function of the database, such as ``remove``; what was
            ingested is ``merge_datasets``.
        limit : `int`, optional
            At most so many.

        Returns
        -------
        rows : `~butler.registry.results.Rows`
            Rows of the view ``activity``.

        Raises
        ------
        CollectionNotFoundError, InvalidNameError
            When the rows are fetched and there are none: if no collection,
            role or operation of that name is, or is on record.

        Notes
        -----
        A put into one's own run, and the end of one's own quantum, have no
        row: dataset, run and quantum tell of them. What is loaded in bulk has
        one, into whatever run.

        Examples
        --------
        >>> for row in butler.provenance.activity(since="2026-03-01T00:00:00Z"):  # doctest: +SKIP
        ...     print(row.at, row.actor, row.operation, row.collections)
        """
        return self._context.registry.provenance.activity(
            since=since, by=by, collection=collection, operation=operation, limit=limit
        )


def _refs(inputs: Iterable[DatasetRef]) -> list[DatasetRef]:
    given = items(inputs, "inputs", "DatasetRefs")
    for each in given:
        if not isinstance(each, DatasetRef):
            raise refused("one of inputs", each, "a DatasetRef", "butler.find gives it.", InvalidDataIdError)
    return given
