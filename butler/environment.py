"""A description of the process that makes datasets, to be kept beside them."""

from __future__ import annotations

import getpass
import platform
import socket
import sys
from importlib.metadata import distributions
from typing import Any

__all__ = ["describe_environment"]


def describe_environment() -> dict[str, Any]:
    """Give host, user, Python and the versions of all installed packages, as plain data.

    Environment variables are left out: they hold secrets.
    """
    return {
        "host": socket.gethostname(),
        "user": _user(),
        "platform": platform.platform(),
        "python": sys.version.split()[0],
        "command": [str(argument) for argument in sys.argv[:1]],
        "packages": {
            name: distribution.version
            for distribution in sorted(distributions(), key=lambda d: str(d.metadata["Name"]).lower())
            if (name := distribution.metadata["Name"])
        },
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        import os

        return str(os.getuid())
