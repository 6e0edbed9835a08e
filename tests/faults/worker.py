"""Processes that do one thing each, forked from one that has imported all that they need."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

__all__ = ["FileFault", "Outcome", "Workers"]

_CALLS = {
    "open",
    "os.chmod",
    "os.fsync",
    "os.link",
    "os.listdir",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.scandir",
    "os.symlink",
}


@dataclass(frozen=True)
class FileFault:
    """What happens at one call of the operating system about a file.

    Parameters
    ----------
    number : `int`
        At which call, from 1: before it is made.
    act : `int` or `str`
        The error number that the system gives, or ``kill`` for the end of the process.
    folders : `tuple` [`str`]
        Calls about files in these count.
    lasting : `bool`
        Whether every call from then on fails.
    """

    number: int
    act: int | str
    folders: tuple[str, ...]
    lasting: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a process ended: with a value, with an exception, or killed."""

    value: Any = None
    error: BaseException | None = None
    trace: str = ""
    killed: bool = False
    struck: bool = False
    """Whether the fault of a file happened."""


class Workers:
    """A process that forks others. Use it as a context manager."""

    def __enter__(self) -> Workers:
        ours, theirs = Pipe()
        program = "import sys; from faults.worker import serve; serve(int(sys.argv[1]))"
        self._pipe = ours
        self._process = subprocess.Popen(
            [sys.executable, "-c", program, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        theirs.close()
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pipe.close()
        self._process.wait()

    def warm_up(self, task: Callable[[], Any]) -> None:
        """Do something in the process itself, so that those forked from it have what it imports."""
        self._pipe.send((task, None))
        outcome: Outcome = self._pipe.recv()
        assert outcome.error is None, outcome.trace

    def start(self, task: Callable[[], Any], fault: FileFault | None = None) -> None:
        """Do something in a process of its own."""
        self._pipe.send(([task], fault))

    def outcome_is_there(self) -> bool:
        """Tell whether what was started has ended."""
        return self._pipe.poll()

    def outcome(self) -> Outcome:
        """Wait for what was started."""
        (outcome,) = self._pipe.recv()
        assert isinstance(outcome, Outcome)
        return outcome

    def run(self, task: Callable[[], Any], fault: FileFault | None = None) -> Outcome:
        """Do something in a process of its own, and say how it ended."""
        self.start(task, fault)
        return self.outcome()

    def run_together(self, tasks: Sequence[Callable[[], Any]]) -> list[Outcome]:
        """Do things in a process each, at the same time."""
        self._pipe.send((list(tasks), None))
        outcomes: list[Outcome] = self._pipe.recv()
        return outcomes


def serve(descriptor: int) -> None:
    """Answer requests until the other end closes."""
    pipe = Connection(descriptor)
    while True:
        try:
            tasks, fault = pipe.recv()
        except EOFError:
            return
        if callable(tasks):
            pipe.send(_done(tasks))
            gc.freeze()  # what is there now is copied to no child by being looked at
        else:
            pipe.send([_collected(*child) for child in [_forked(task, fault) for task in tasks]])


def _forked(task: Callable[[], Any], fault: FileFault | None) -> tuple[int, int]:
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    struck: list[int] = []
    if fault:
        _lay(fault, struck)
    outcome = _done(task)
    answer = pickle.dumps(Outcome(outcome.value, outcome.error, outcome.trace, struck=bool(struck)))
    with os.fdopen(writing, "wb") as stream:
        stream.write(answer)
    os._exit(0)


def _done(task: Callable[[], Any]) -> Outcome:
    try:
        return Outcome(task())
    except BaseException as error:
        return Outcome(error=error, trace=traceback.format_exc())


def _collected(child: int, reading: int) -> Outcome:
    with os.fdopen(reading, "rb") as stream:
        answer = stream.read()
    _, status = os.waitpid(child, 0)
    if not answer:
        assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
        return Outcome(killed=True, struck=True)
    outcome = pickle.loads(answer)
    assert isinstance(outcome, Outcome)
    return outcome


def _lay(fault: FileFault, struck: list[int]) -> None:
    """Have the interpreter ask, before each call of the system, whether it fails."""
    fsync, calls = os.fsync, 0

    def audited_fsync(descriptor: int) -> None:
        # The one call of ours of which the interpreter tells no audit hook.
        sys.audit("os.fsync", os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    def ask(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal calls
        if event not in _CALLS or not any(_inside(argument, fault.folders) for argument in arguments):
            return
        calls += 1
        if calls == fault.number or (fault.lasting and calls > fault.number):
            struck.append(calls)
            if isinstance(fault.act, str):
                os.kill(os.getpid(), signal.SIGKILL)
            else:
                raise OSError(fault.act, os.strerror(fault.act), str(arguments[0]))

    os.fsync = audited_fsync  # type: ignore[assignment]  # ours pass a number
    sys.addaudithook(ask)


def _inside(argument: object, folders: tuple[str, ...]) -> bool:
    if not isinstance(argument, (str, bytes, os.PathLike)):
        return False
    return os.fsdecode(argument).startswith(folders)
