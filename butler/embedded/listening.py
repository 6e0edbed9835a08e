"""Addresses at which a server may listen."""

from __future__ import annotations

import socket
import warnings
from ipaddress import ip_address

from butler.errors import ConfigError

__all__ = ["checked_address", "free_port"]


def checked_address(text: str) -> str:
    """Check the address of one network interface.

    Raises
    ------
    ConfigError
        If it isn't an IP address of this computer, or stands for all of them.

    Warns
    -----
    UserWarning
        If other computers can reach it.
    """
    try:
        address = ip_address("127.0.0.1" if text == "localhost" else text)
    except ValueError as error:
        raise ConfigError(f"{text!r} is not an IP address to listen on", hint="Such as 127.0.0.1.") from error
    if address.is_unspecified:
        raise ConfigError(
            f"{text!r} would open the database to every network of this computer",
            hint="Give the address of one interface, such as 127.0.0.1.",
        )
    if _try_port(str(address), 0) is None:
        raise ConfigError(f"{address} is not an address of this computer", hint="Such as 127.0.0.1.")
    if not address.is_loopback:
        warnings.warn(
            f"other computers can reach {address}; passwords are safe on the way there, data unencrypted",
            stacklevel=3,
        )
    return str(address)


def free_port(address: str, *, preferred: int) -> int:
    """Find a TCP port that nobody listens on."""
    return _try_port(address, preferred) or _try_port(address, 0) or preferred


def _try_port(address: str, port: int) -> int | None:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return None
        return int(probe.getsockname()[1])
