from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from butler import Butler
from butler.config import RepositoryConfig
from butler.errors import ButlerError
from faults.operations import Operation
from faults.wire import Wire, WireFault
from faults.worker import FileFault, Outcome, Workers


@pytest.fixture(scope="session")
def workers() -> Iterator[Workers]:
    with Workers() as workers:
        yield workers


@pytest.fixture
def wire(server: Any) -> Iterator[Wire]:
    with Wire(Path(server.host, f".s.PGSQL.{server.port}")) as wire:
        yield wire


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
        if isinstance(fault, WireFault):
            self.wire.set(fault)
            outcome = self.workers.run(operation)
            self.wire.heal()
            return outcome, fault.reached.is_set()
        outcome = self.workers.run(operation, fault)
        return outcome, outcome.struck

    def judge(self, operation: Operation, outcome: Outcome, *, may_leave: Set[str]) -> None:
        """Compare what is there with what was told; mend it; do it again."""
        assert outcome.error is None or isinstance(outcome.error, ButlerError), outcome.trace
        operation.check_sources(self.butler)
        assert {fault.kind for fault in self.butler.verify()} <= may_leave
        if operation.is_whole and outcome.error is None and not outcome.killed:
            assert operation.is_done(self.butler)
        list(self.butler.reap(older_than=timedelta(0)))
        operation.do_again(self.owner if operation.role == "owner" else self.butler)
        assert operation.is_done(self.butler)
        operation.check_sources(self.butler)
        assert list(self.butler.verify()) == []


@pytest.fixture
def trials(repo: Path, wire: Wire, workers: Workers, server: Any, tmp_path: Path) -> Iterator[Trials]:
    config = RepositoryConfig.read(repo)
    wired = tmp_path / "wired"
    wired.mkdir()
    dsns = {role: wire.through(dsn, server.host) for role, dsn in config.dsns.items()}
    RepositoryConfig(wired, dsns, config.registry, {"type": "posix", "root": str(repo / "data")}).write()
    sources = tmp_path / "night"
    sources.mkdir()
    with Butler(repo) as butler, Butler(repo, role="owner") as owner:
        yield Trials(butler, owner, workers, wire, wired, sources, (str(repo / "data"), str(sources)))
