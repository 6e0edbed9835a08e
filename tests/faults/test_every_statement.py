"""Whichever statement is cut off, or is the last of a process: all or nothing, and then the same again."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from faults.operations import (
    OPERATIONS,
    Ingest,
    Put,
)
from faults.trials import Trials, each
from faults.wire import WireFault


@each(OPERATIONS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_whichever_statement_is_cut_off_it_is_all_or_nothing(
    warmed: Trials, operation: Any, when: Any
) -> None:
    for number in count(1):
        one = warmed.prepared(operation)
        outcome, happened = warmed.try_with(one, WireFault(number, when))
        if not happened:
            break
        if outcome.error and issubclass(operation, (Put, Ingest)):
            assert not one.is_done(warmed.butler), "it was told that nothing is"
        warmed.judge(one, outcome, may_leave=set())
    assert outcome.error is None
    assert number > 2


@each(OPERATIONS)
@pytest.mark.parametrize("when", ["before", pytest.param("after", marks=pytest.mark.slow)])
def test_whenever_the_database_goes_for_good_it_is_all_or_nothing(
    warmed: Trials, operation: Any, when: Any
) -> None:
    for number in count(1):
        one = warmed.prepared(operation)
        outcome, happened = warmed.try_with(one, WireFault(number, when, lasting=True))
        if not happened:
            break
        warmed.judge(one, outcome, may_leave={"in flight"})


@each(OPERATIONS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_whichever_statement_a_process_is_killed_at_it_is_all_or_nothing(
    warmed: Trials, operation: Any, when: Any
) -> None:
    for number in count(1):
        one = warmed.prepared(operation)
        outcome, happened = warmed.try_with(one, WireFault(number, when, "kill"))
        if not happened:
            break
        assert outcome.killed
        warmed.judge(one, outcome, may_leave={"in flight"})
