"""Astropy without warnings and without the network."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["quiet_astropy"]

_settings = threading.RLock()


def _free_settings() -> None:
    global _settings
    _settings = threading.RLock()


# The thread that held the lock isn't there after a fork.
os.register_at_fork(after_in_child=_free_settings)


@contextmanager
def quiet_astropy() -> Iterator[None]:
    """Keep astropy from printing what a report says anyway, and from the network."""
    from astropy.utils import iers

    # Both are settings of the whole process: two threads would restore them in the wrong order.
    with _settings, warnings.catch_warnings(), iers.conf.set_temp("auto_download", False):
        warnings.simplefilter("ignore")
        yield
