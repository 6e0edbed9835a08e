"""Whichever call fails, or is the last that a process makes: all or nothing, and then the same again."""

from __future__ import annotations

import errno
from itertools import count
from typing import Any

import pytest

from faults.conftest import Trials
from faults.operations import (
    OPERATIONS,
    EmptyTrash,
    Ingest,
    IngestByMove,
    Put,
    PutIntoNewRun,
    PutMany,
    Remove,
    Restore,
    Unstore,
)
from faults.wire import WireFault
from faults.worker import FileFault


def each(operations: list[Any]) -> Any:
    return pytest.mark.parametrize("operation", operations, ids=lambda one: one.__name__)


each_operation = each(OPERATIONS)
each_that_differs_in_its_files = each(
    [one for one in OPERATIONS if one not in {PutIntoNewRun, Unstore, Remove, Restore}]
)


@pytest.fixture
def trials(trials: Trials, operation: Any) -> Trials:
    warm = trials.prepared(operation)
    trials.workers.warm_up(warm)
    assert warm.is_done(trials.butler)
    return trials


@each_operation
@pytest.mark.parametrize("when", ["before", "after"])
def test_whichever_statement_is_cut_off_it_is_all_or_nothing(
    trials: Trials, operation: Any, when: Any
) -> None:
    for number in count(1):
        one = trials.prepared(operation)
        outcome, happened = trials.try_with(one, WireFault(number, when))
        if not happened:
            break
        if outcome.error and issubclass(operation, (Put, Ingest)):
            assert not one.is_done(trials.butler), "it was told that nothing is"
        trials.judge(one, outcome, may_leave={"unfinished"})
    assert outcome.error is None
    assert number > 2


@each_operation
@pytest.mark.parametrize("when", ["before", "after"])
def test_whenever_the_database_goes_for_good_it_is_all_or_nothing(
    trials: Trials, operation: Any, when: Any
) -> None:
    for number in count(1):
        one = trials.prepared(operation)
        outcome, happened = trials.try_with(one, WireFault(number, when, lasting=True))
        if not happened:
            break
        trials.judge(one, outcome, may_leave={"unfinished", "temporary"})


@each_operation
@pytest.mark.parametrize("when", ["before", "after"])
def test_whichever_statement_a_process_is_killed_at_it_is_all_or_nothing(
    trials: Trials, operation: Any, when: Any
) -> None:
    for number in count(1):
        one = trials.prepared(operation)
        outcome, happened = trials.try_with(one, WireFault(number, when, "kill"))
        if not happened:
            break
        assert outcome.killed
        trials.judge(one, outcome, may_leave={"unfinished", "temporary"})


@each_that_differs_in_its_files
def test_whichever_call_about_a_file_a_process_is_killed_at_it_is_all_or_nothing(
    trials: Trials, operation: Any
) -> None:
    for number in count(1):
        one = trials.prepared(operation)
        outcome, happened = trials.try_with(one, FileFault(number, "kill", trials.files))
        if not happened:
            break
        assert outcome.killed
        trials.judge(one, outcome, may_leave={"unfinished", "temporary"})


@each_that_differs_in_its_files
def test_whichever_call_about_a_file_fails_it_is_all_or_nothing(trials: Trials, operation: Any) -> None:
    for number in count(1):
        one = trials.prepared(operation)
        outcome, happened = trials.try_with(one, FileFault(number, errno.EIO, trials.files))
        if not happened:
            break
        trials.judge(one, outcome, may_leave=operation.failure_leaves)


@each([PutMany, IngestByMove, EmptyTrash])
def test_whenever_the_disk_goes_for_good_it_is_all_or_nothing(trials: Trials, operation: Any) -> None:
    for number in count(1):
        one = trials.prepared(operation)
        outcome, happened = trials.try_with(one, FileFault(number, errno.EIO, trials.files, lasting=True))
        if not happened:
            break
        trials.judge(one, outcome, may_leave={"unfinished", "temporary"})
