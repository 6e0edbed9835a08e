"""Flushes to disk, watched as they happen."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest


@dataclass
class Flushes:
    """What was flushed, in order; each flush is done, unless it is to fail."""

    done: list[Path] = field(default_factory=list)
    failing: set[Path] = field(default_factory=set)
    before: Callable[[Path], None] = lambda _: None

    def watch(self, patched: pytest.MonkeyPatch) -> None:
        real = os.fsync

        def fsync(descriptor: int) -> None:
            flushed = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
            self.before(flushed)
            if flushed in self.failing:
                raise OSError(errno.EIO, os.strerror(errno.EIO), str(flushed))
            real(descriptor)
            self.done.append(flushed)

        patched.setattr(os, "fsync", fsync)

    def of_folders(self, root: Path) -> list[Path]:
        """Flushes of folders below a root, whose names new files got."""
        return [each for each in self.done if each.is_dir() and root in each.parents]
