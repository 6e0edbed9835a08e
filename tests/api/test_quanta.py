"""What a quantum makes is registered with its end, all of it or nothing; and one whose process is gone has died."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from butler import Butler, DatasetType
from butler.embedded.host import Host
from butler.errors import (
    ConfigError,
    DatabaseUnavailableError,
    DatasetExistsError,
    DatasetNotFoundError,
    InvalidDataIdError,
    UnitNotFoundError,
)
from butler.provenance.process import is_gone, this_process
from butler.provenance.quantum import Quantum

LABELS = "abcdef"


@pytest.fixture
def butler(butler: Butler) -> Butler:
    definitions = butler.registry.definitions
    definitions.register_dataset_type(DatasetType("stats", "Dict", ("label",)))
    definitions.register_dataset_type(DatasetType("log", "Text", ("label",)))
    definitions.register_units("label", [{"label": label} for label in LABELS])
    butler.put({"n": 0}, "stats", label="f")  # so that no first use follows
    return butler


def recorded(butler: Butler) -> list[tuple[str, str | None, int]]:
    """Status, message and number of outputs of each quantum."""
    rows = butler.registry.query(
        "SELECT q.status, q.message, count(d.dataset_id) FROM quantum AS q"
        " LEFT JOIN dataset AS d USING (quantum_id) GROUP BY q.quantum_id, 1, 2, q.started ORDER BY q.started"
    )
    return [tuple(row) for row in rows]


def left(butler: Butler) -> set[str]:
    """The labels of all files that aren't those of the first put."""
    names = (re.findall(r"/(?:stats|log)_(\w)_", path) for path in butler.datastore.inventory.paths())
    return {label for found in names for label in found} - {"f"}


# Ending --------------------------------------------------------------------------------


def test_what_it_puts_is_a_dataset_when_it_has_ended_and_not_before(butler: Butler) -> None:
    with butler.quantum("count", label="a") as quantum:
        stats = quantum.put({"n": 1}, "stats", label="a")
        quantum.put_many([("one", {"label": "a"}), ("two", {"label": "b"})], "log")
        assert not butler.exists("stats", label="a")
        with pytest.raises(DatasetNotFoundError):
            butler.get("log", label="b")
        assert recorded(butler) == [("running", None, 0)]
    assert butler.get(stats) == butler.get("stats", label="a") == {"n": 1}
    assert butler.get("log", label="b") == "two"
    assert recorded(butler) == [("done", None, 3)]
    assert list(butler.verify()) == []


def test_it_reads_its_own_before_anybody_else_can(butler: Butler) -> None:
    with butler.quantum("count", label="a") as quantum:
        ref = quantum.put({"n": 1}, "stats", label="a")
        assert quantum.get(ref) == quantum.get("stats", label="a") == {"n": 1}
        assert quantum.get("stats", label="f") == {"n": 0}, "others' as ever"
        with pytest.raises(DatasetNotFoundError):
            quantum.get("stats", label="b")
    assert quantum.inputs_read == (butler.find("stats", label="f").id,), "its own is no input"


def test_it_is_two_statements_however_much_it_makes(butler: Butler, statements: list[str]) -> None:
    statements.clear()
    with butler.quantum("count", label="a") as quantum:
        for label in LABELS[:-1]:
            quantum.put({"n": 1}, "stats", label=label)
    assert [re.findall(r"butler\.(\w+)", sql)[-1] for sql in statements] == ["begin_quantum", "end_quantum"]


def test_one_output_that_is_refused_keeps_all_out_and_it_has_failed(butler: Butler) -> None:
    quantum = butler.quantum("count")

    def work() -> None:
        with quantum:
            quantum.put("kept out", "log", label="a")
            quantum.put({"n": 1}, "stats", label="f")

    with pytest.raises(DatasetExistsError, match="stats of this data ID already"):
        work()
    ((status, message, outputs),) = recorded(butler)
    assert (status, outputs) == ("failed", 0)
    assert "already" in str(message)
    assert quantum.outputs == []
    assert left(butler) == set()
    assert list(butler.verify()) == []


def divide(quantum: Quantum) -> None:
    """Put a log to be kept and something else, and fail."""
    with quantum:
        quantum.put("why", "log", label="a", keep=True)
        quantum.put({"n": 1}, "stats", label="b")
        print(1 / 0)


def test_one_that_fails_keeps_what_it_was_told_to_keep(butler: Butler) -> None:
    quantum = butler.quantum("divide")
    with pytest.raises(ZeroDivisionError):
        divide(quantum)
    assert recorded(butler) == [("failed", "ZeroDivisionError: division by zero", 1)]
    assert butler.get("log", label="a") == "why"
    assert [ref.dataset_type.name for ref in quantum.outputs] == ["log"]
    assert left(butler) == {"a"}
    assert list(butler.verify()) == []


def test_if_what_is_to_be_kept_is_refused_it_has_failed_all_the_same(butler: Butler) -> None:
    butler.put("there", "log", label="a")
    with pytest.raises(ZeroDivisionError):
        divide(butler.quantum("divide"))
    assert recorded(butler) == [("failed", "ZeroDivisionError: division by zero", 0)]
    assert butler.get("log", label="a") == "there"
    assert list(butler.verify()) == []


def test_a_data_id_is_put_once(butler: Butler) -> None:
    with butler.quantum("count") as quantum:
        quantum.put({"n": 1}, "stats", label="a")
        with pytest.raises(DatasetExistsError, match="label=a before"):
            quantum.put({"n": 2}, "stats", label="a")
    assert butler.get("stats", label="a") == {"n": 1}
    assert list(butler.verify()) == []


def test_a_data_id_is_given_once(butler: Butler) -> None:
    with butler.quantum("count") as quantum:
        with pytest.raises(DatasetExistsError, match="label=a before"):
            quantum.put_many([({"n": 1}, {"label": "a"}), ({"n": 2}, {"label": "a"})], "stats")
        quantum.put({"n": 3}, "stats", label="b")
    assert left(butler) == {"b"}


def test_what_is_wrong_with_an_output_is_told_at_once_where_it_is_asked(butler: Butler) -> None:
    with butler.quantum("count") as quantum, pytest.raises(UnitNotFoundError, match="'z'"):
        quantum.put({"text": "x" * (1 << 20)}, "stats", label="z")
    assert recorded(butler) == [("done", None, 0)]


def test_one_that_has_not_begun_puts_nothing(butler: Butler) -> None:
    with pytest.raises(ConfigError, match="hasn't begun"):
        butler.quantum("count").put({}, "stats", label="a")
    assert left(butler) == set()


def losing_the_end(butler: Butler, monkeypatch: pytest.MonkeyPatch, *, times: int, done: bool) -> None:
    provenance = butler.registry.provenance
    end, calls = provenance.end_quantum, [times]

    def end_and_lose_the_answer(*arguments: Any, **options: Any) -> int:
        if not calls[0]:
            return end(*arguments, **options)
        calls[0] -= 1
        if done:
            end(*arguments, **options)
        raise DatabaseUnavailableError("the connection broke", details={"carried_out": None})

    monkeypatch.setattr(provenance, "end_quantum", end_and_lose_the_answer)


@pytest.mark.parametrize("done", [True, False])
def test_an_end_whose_answer_was_lost_happens_once(
    butler: Butler, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    losing_the_end(butler, monkeypatch, times=1, done=done)
    with butler.quantum("count") as quantum:
        quantum.put({"n": 1}, "stats", label="a")
    assert recorded(butler) == [("done", None, 1)]
    assert list(butler.verify()) == []


@pytest.mark.parametrize("done", [True, False])
def test_of_an_end_that_nobody_knows_of_the_bytes_stay(
    butler: Butler, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    losing_the_end(butler, monkeypatch, times=2, done=done)
    with pytest.raises(DatabaseUnavailableError), butler.quantum("count") as quantum:
        quantum.put({"n": 1}, "stats", label="a")
    assert recorded(butler) == ([("done", None, 1)] if done else [("running", None, 0)])
    assert left(butler) == {"a"}
    assert [finding.fault for finding in butler.verify()] == ([] if done else ["in flight"])


def test_what_a_failed_quantum_kept_is_removed_before_it_is_tried_again(butler: Butler) -> None:
    with pytest.raises(ZeroDivisionError):
        divide(butler.quantum("divide"))
    kept = butler.find("log", label="a")
    with pytest.raises(
        DatasetExistsError, match=f"has log of this data ID already: dataset {kept.id}"
    ) as refused:
        divide_well(butler.quantum("divide"))
    assert "remove the one that is there" in (refused.value.hint or "")
    butler.removal.remove([kept], reason="to be tried again")
    divide_well(butler.quantum("divide"))
    assert [status for status, _, _ in recorded(butler)] == ["failed", "failed", "done"]
    assert butler.get("log", label="a") == "well"


def divide_well(quantum: Quantum) -> None:
    with quantum:
        quantum.put("well", "log", label="a", keep=True)


@pytest.mark.parametrize("fails", [False, True])
def test_what_comes_after_its_end_is_refused_before_a_byte_is_written(butler: Butler, fails: bool) -> None:
    quantum = butler.quantum("count")
    try:
        with quantum:
            if fails:
                print(1 / 0)
    except ZeroDivisionError:
        pass
    with pytest.raises(InvalidDataIdError, match=f"quantum {quantum.id} of task 'count' has ended"):
        quantum.put({"n": 1}, "stats", label="a")
    with pytest.raises(InvalidDataIdError, match="is running"):
        quantum.get("stats", label="f")
    assert quantum.outputs == []
    assert left(butler) == set()


@pytest.mark.parametrize("done", [True, False])
def test_who_is_interrupted_while_it_ends_loses_no_byte(
    butler: Butler, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    """It isn't known whether the registry has done it; and what it kept it may have."""
    end = butler.registry.provenance.end_quantum

    def end_and_interrupt(*arguments: Any, **options: Any) -> int:
        if done:
            end(*arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(butler.registry.provenance, "end_quantum", end_and_interrupt)
    quantum = butler.quantum("count")

    def work() -> None:
        with quantum:
            quantum.put("kept", "log", label="a", keep=True)
            quantum.put({"n": 1}, "stats", label="b")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert left(butler) == {"a", "b"}
    assert recorded(butler) == ([("done", None, 2)] if done else [("running", None, 0)])
    assert {finding.fault for finding in butler.verify()} == (set() if done else {"in flight"})


# Dying ---------------------------------------------------------------------------------

WORK = """
import os, signal, sys
from butler import Butler
with Butler(sys.argv[1], run="u/me/dead") as butler, butler.quantum("count", label="a") as quantum:
    quantum.put({"n": 1}, "stats", label="a")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_one_whose_process_was_killed_has_died(butler: Butler, repo: Path) -> None:
    subprocess.run([sys.executable, "-c", WORK, str(repo)], check=False)
    assert [finding.fault for finding in butler.verify()] == ["in flight"]
    with butler.quantum("count", label="a"):
        planned = list(butler.maintenance.end_dead_quanta(dry_run=True))
        assert [status for status, _, _ in recorded(butler)] == ["running", "running"]
        (dead,) = butler.maintenance.end_dead_quanta()
        assert planned == [dead]
        assert (dead.task, dead.run, dead.host) == ("count", "u/me/dead", Host.current().name)
        assert "its process on" in str(dead)
        assert list(butler.maintenance.end_dead_quanta()) == []
    (died, done) = recorded(butler)
    assert (died[0], died[2], done[0]) == ("died", 0, "done")
    assert str(died[1]) == dead.reason


def test_what_ran_on_a_computer_that_is_no_more_has_died(
    butler: Butler, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = replace(this_process(), host="node7", mark="another/boot/1/7/99")
    monkeypatch.setattr("butler.provenance.quantum.this_process", lambda: elsewhere)
    with butler.quantum("count", label="a"):
        assert list(butler.maintenance.end_dead_quanta()) == []
        assert list(butler.maintenance.end_dead_quanta(gone=["node8"])) == []
        (dead,) = butler.maintenance.end_dead_quanta(gone=["node7"])
        assert recorded(butler) == [("died", "computer node7 is said to be gone", 0)]
        assert str(dead.id) in str(dead)
    assert [status for status, _, _ in recorded(butler)] == ["done"], "it wasn't dead"


def test_a_process_is_gone_if_its_computer_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    here = this_process()
    assert here.started is not None
    assert here.mark is not None
    assert not is_gone(here.mark)
    machine, boot, namespace, pid, ticks = here.mark.split("/")

    def mark(**other: object) -> str:
        parts = {"machine": machine, "boot": boot, "namespace": namespace, "pid": pid, "ticks": ticks}
        return "/".join(str(part) for part in (parts | other).values())

    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    gone = {
        "it has ended": mark(pid=ended.pid),
        "another has its number": mark(ticks=int(ticks) - 1),
        "the computer has started anew": mark(boot="another"),
    }
    unknown = {
        "it runs elsewhere": mark(machine="another", boot="another"),
        "it runs in another container": mark(namespace=int(namespace) + 1, pid=ended.pid),
        "its computer didn't say": None,
        "it makes no sense": "a/b/c/d/e",
        "it is cut short": f"{machine}/{boot}",
    }
    assert {why: is_gone(each) for why, each in gone.items()} == dict.fromkeys(gone, True)
    assert {why: is_gone(each) for why, each in unknown.items()} == dict.fromkeys(unknown, False)


@pytest.mark.parametrize(
    ("answer", "gone"), [(None, False), (PermissionError(), False), (ProcessLookupError(), True)]
)
def test_a_process_that_is_hidden_is_not_gone(
    monkeypatch: pytest.MonkeyPatch, answer: OSError | None, gone: bool
) -> None:
    """Other users' may be, on computers that many share."""
    mark = this_process().mark

    def kill(pid: int, number: int) -> None:
        if answer is not None:
            raise answer

    monkeypatch.setattr("butler.provenance.process._start_of", lambda _: None)
    monkeypatch.setattr("butler.provenance.process.os.kill", kill)
    monkeypatch.setattr("butler.provenance.process.Path.exists", lambda _: False)
    assert is_gone(mark) == gone


def test_a_zombie_is_gone() -> None:
    """What has ended, and whose parent hasn't asked for it yet."""
    script = (
        "from butler.provenance.process import this_process; print(this_process().mark, flush=True); input()"
    )
    zombie = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert zombie.stdin is not None
    assert zombie.stdout is not None
    mark = zombie.stdout.readline().strip()
    assert not is_gone(mark)
    zombie.stdin.close()
    assert zombie.stdout.read() == ""  # until its end is closed, which is when it has ended
    _until(lambda: is_gone(mark))
    zombie.wait()


def _until(it_is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not it_is_so():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_its_id_is_a_uuid(butler: Butler) -> None:
    with butler.quantum("count") as quantum:
        assert isinstance(quantum.id, UUID)
        assert butler.registry.query("SELECT quantum_id FROM quantum").scalar() == quantum.id
