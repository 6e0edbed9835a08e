"""Whichever call about a file fails, or is the last of a process: all or nothing, and then the same again."""

from __future__ import annotations

import errno
from itertools import count
from typing import Any

from faults.operations import (
    OPERATIONS,
    EmptyTrash,
    IngestByMove,
    PutIntoNewRun,
    PutMany,
    Remove,
    Restore,
    Unstore,
)
from faults.trials import Trials, each
from faults.worker import FileFault

that_differ_in_their_files = [
    one for one in OPERATIONS if one not in {PutIntoNewRun, Unstore, Remove, Restore}
]


@each(that_differ_in_their_files)
def test_whichever_call_about_a_file_a_process_is_killed_at_it_is_all_or_nothing(
    warmed: Trials, operation: Any
) -> None:
    for number in count(1):
        one = warmed.prepared(operation)
        outcome, happened = warmed.try_with(one, FileFault(number, "kill", warmed.files))
        if not happened:
            break
        assert outcome.killed
        warmed.judge(one, outcome, may_leave={"in flight"})


@each(that_differ_in_their_files)
def test_whichever_call_about_a_file_fails_it_is_all_or_nothing(warmed: Trials, operation: Any) -> None:
    for number in count(1):
        one = warmed.prepared(operation)
        outcome, happened = warmed.try_with(one, FileFault(number, errno.EIO, warmed.files))
        if not happened:
            break
        warmed.judge(one, outcome, may_leave=set())


@each([PutMany, IngestByMove, EmptyTrash])
def test_whenever_the_disk_goes_for_good_it_is_all_or_nothing(warmed: Trials, operation: Any) -> None:
    for number in count(1):
        one = warmed.prepared(operation)
        outcome, happened = warmed.try_with(one, FileFault(number, errno.EIO, warmed.files, lasting=True))
        if not happened:
            break
        warmed.judge(one, outcome, may_leave={"in flight"})
