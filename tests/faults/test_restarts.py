"""The server ends and starts again in the middle of something."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from butler import Butler
from butler.testing.databases import make_template
from butler.testing.postgres import TemporaryServer
from faults.operations import IngestByMove, Operation, PutMany
from faults.trials import Trials, each
from faults.wire import WireFault


@pytest.fixture(scope="module")
def butler_server() -> Iterator[TemporaryServer]:
    """A server of this module's own: others' tests need theirs."""
    with TemporaryServer() as server:
        yield server


@pytest.fixture(scope="module")
def butler_template(butler_server: TemporaryServer) -> str:
    return make_template(butler_server)


@each([PutMany, IngestByMove])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_server_that_restarts_at_any_statement_leaves_all_or_nothing(
    warmed: Trials, butler_server: TemporaryServer, operation: Any, when: Any
) -> None:
    for number in count(1):
        one = warmed.prepared(operation)
        fault = WireFault(number, when, "wait")
        warmed.wire.set(fault)
        warmed.workers.start(one)
        if not warmed.reached(fault):
            break
        butler_server.restart()
        fault.released.set()
        outcome = warmed.workers.outcome()
        warmed.wire.heal()
        read_once(warmed.butler)
        warmed.judge(one, outcome, may_leave=set())
    assert warmed.workers.outcome().error is None
    assert number > 2


@each([PutMany, IngestByMove])
def test_when_writer_and_server_die_at_once_what_is_left_is_in_flight(
    warmed: Trials, butler_server: TemporaryServer, operation: Any
) -> None:
    for number in count(1):
        one = warmed.prepared(operation)
        outcome, happened = warmed.try_with(one, WireFault(number, "before", "kill"))
        if not happened:
            break
        butler_server.restart()
        read_once(warmed.butler)
        warmed.judge(one, outcome, may_leave={"in flight"})
    assert number > 2


@dataclass(frozen=True)
class Read(Operation):
    """Read what somebody has put."""

    def do(self, butler: Butler) -> None:
        assert butler.get("note", label=self.labels[0], collections=self.run) == self.labels[0]


def read_once(butler: Butler) -> None:
    """Have the connection to the server that is no more found out, as any read does."""
    butler.registry.collections.matching()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_read_during_which_the_server_restarts_succeeds(
    trials: Trials, butler_server: TemporaryServer, when: Any
) -> None:
    read = trials.prepared(Read)
    trials.butler.put(read.labels[0], "note", label=read.labels[0], run=read.run)
    fault = WireFault(1, when, "wait")
    trials.wire.set(fault)
    trials.workers.start(read)
    assert trials.reached(fault)
    butler_server.restart()
    fault.released.set()
    outcome = trials.workers.outcome()
    assert outcome.error is None, outcome.trace
