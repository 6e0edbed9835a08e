"""One operation after the other, done with something going wrong, and judged."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from butler import Butler
from butler.errors import ButlerError
from faults.operations import Operation
from faults.wire import Wire, WireFault
from faults.worker import FileFault, Outcome, Workers

__all__ = ["Trials", "each"]

_PATIENCE_S = 300


def each(operations: Sequence[Any]) -> pytest.MarkDecorator:
    """Run a test for each of these, warm, as `warmed` makes them."""
    return pytest.mark.parametrize("operation", operations, ids=lambda one: one.__name__)


@dataclass
class Trials:
    """A repository in which one operation after the other is done, and judged."""

    butler: Butler
    owner: Butler
    workers: Workers
    wire: Wire
    wired: Path
    """The same repository, for those who reach the database by the wire."""
    sources: Path
    files: tuple[str, ...]
    _numbers: Iterator[int] = field(default_factory=count)

    def prepared(self, operation: Any) -> Operation:
        """Give an operation with labels of its own, and all that it needs."""
        made: Operation = operation(str(self.wired), next(self._numbers), str(self.sources))
        made.prepare(self.butler)
        return made

    def try_with(
        self, operation: Operation, fault: WireFault | FileFault | None = None
    ) -> tuple[Outcome, bool]:
        """Do it with a fault; say how it ended, and whether the fault happened."""
        before = self._sessions()
        if isinstance(fault, WireFault):
            self.wire.set(fault)
            outcome = self.workers.run(operation)
            self.wire.heal()
            happened = fault.reached.is_set()
        else:
            outcome = self.workers.run(operation, fault)
            happened = outcome.struck
        # The server may not have noticed yet that it is gone, and hold what it held.
        deadline = time.monotonic() + _PATIENCE_S
        while left := self._sessions() - before:
            assert time.monotonic() < deadline, f"sessions of who died stay: {left}"
            time.sleep(0.002)
        return outcome, happened

    def _sessions(self) -> set[int]:
        ids = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        return {pid for (pid,) in self.butler.registry.query(ids)}

    def reached(self, fault: WireFault) -> bool:
        """Wait until what was started comes to a fault, or to its end without."""
        while not fault.reached.is_set() and not self.workers.outcome_is_there():
            time.sleep(0.002)
        return fault.reached.is_set()

    def judge(self, operation: Operation, outcome: Outcome, *, may_leave: Set[str]) -> None:
        """Compare what is there with what was told; mend it; do it again."""
        assert outcome.error is None or isinstance(outcome.error, ButlerError), outcome.trace
        operation.check_sources(self.butler)
        found = list(self.butler.verify())
        assert {fault.fault for fault in found} <= may_leave | operation.leaves
        if operation.is_whole and outcome.error is None and not outcome.killed:
            assert operation.is_done(self.butler)
        assert list(self.butler.maintenance.reap(dry_run=True)) == [] or operation.leaves, "it is young"
        self.butler.datastore.inventory.discard([one.path for one in found if one.fault == "in flight"])
        operation.do_again(self.owner if operation.role == "owner" else self.butler)
        assert operation.is_done(self.butler)
        operation.check_sources(self.butler)
        assert list(self.butler.verify()) == []
