"""What tells a process from all others, and whether it is still there."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

from butler.embedded.host import Host
from butler.registry.interfaces.provenance import Process

__all__ = ["is_gone", "this_process"]


def this_process() -> Process:
    """Describe this process: where it runs, and what tells it from all others, if the computer says."""
    pid = os.getpid()
    ticks = _start_of(pid)
    host = Host.current()
    if ticks is None or not host.boot:
        return Process(host.name, pid)
    started = datetime.fromtimestamp(
        time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK"), UTC
    )
    return Process(host.name, pid, started, _mark(host, pid, ticks))


def is_gone(mark: str | None) -> bool:
    """Whether a process is known to be gone.

    It isn't known of one on another computer, nor in another container.

    Parameters
    ----------
    mark : `str` or `None`
        As `this_process` gives it.
    """
    fields = (mark or "").split("/")
    here = Host.current()
    if len(fields) != 5 or not here.boot or not all(field.isdecimal() for field in fields[2:]):
        return False
    machine, boot, pid_namespace, pid, ticks = fields
    if boot == here.boot:
        return int(pid_namespace) == here.pid_namespace and not _is_there(int(pid), int(ticks))
    return machine == here.machine  # it has started anew since


def _mark(host: Host, pid: int, ticks: int) -> str:
    return f"{host.machine.replace('/', '-')}/{host.boot}/{host.pid_namespace}/{pid}/{ticks}"


def _is_there(pid: int, ticks: int) -> bool:
    """Whether a process may still be there: others' may be hidden, and are there then."""
    start = _start_of(pid)
    if start is not None:
        return start == ticks
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return not Path(f"/proc/{pid}/stat").exists()  # else it is dead, and hasn't been asked for yet


def _start_of(pid: int) -> int | None:
    """Give when a process was started, in ticks after the boot; `None` if there is none, or it can't be seen.

    What is dead, and whose parent hasn't asked for it yet, is none.
    """
    try:
        # Its name, in parentheses, may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])
