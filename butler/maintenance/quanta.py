"""End the quanta whose processes are gone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from butler.context import Context
from butler.provenance.process import is_gone

__all__ = ["DeadQuantum", "end_dead"]


@dataclass(frozen=True, slots=True)
class DeadQuantum:
    """A quantum that is said to be running, and whose process is gone.

    Parameters
    ----------
    id : `uuid.UUID`
        Its id.
    run, task : `str`
        Where its outputs were to go, and what worked.
    begun : `datetime.datetime`
        When it began, UTC.
    host : `str` or `None`
        Where it ran.
    registry : `str`
        The registry that has it.
    reason : `str`
        Why it is known.
    """

    id: UUID
    run: str
    task: str
    begun: datetime
    host: str | None
    registry: str
    reason: str

    def __str__(self) -> str:
        return (
            f"quantum {self.id} of {self.task} in run {self.run}, begun at {self.begun:%Y-%m-%dT%H:%M:%SZ}:"
            f" {self.reason}"
        )


def end_dead(context: Context, *, gone: Collection[str] = (), dry_run: bool = False) -> Iterator[DeadQuantum]:
    """End quanta; see `butler.maintenance.namespace.Maintenance.end_dead_quanta`."""
    for registry in context.registry.related():
        dead: dict[str, list[DeadQuantum]] = {}
        for one in registry.provenance.running_quanta():
            if one.host is not None and one.host in gone:
                reason = f"computer {one.host} is said to be gone"
            elif is_gone(one.mark):
                reason = f"its process on {one.host} is gone"
            else:
                continue
            found = DeadQuantum(one.id, one.run, one.task, one.begun, one.host, registry.name, reason)
            dead.setdefault(reason, []).append(found)
        for reason, quanta in dead.items():
            if not dry_run:
                registry.provenance.end_dead_quanta([one.id for one in quanta], reason)
            yield from quanta
