"""The private PostgreSQL + PostGIS server that a repository owns."""

from __future__ import annotations

from butler.embedded.server import EmbeddedServer
from butler.embedded.status import ServerStatus

__all__ = ["EmbeddedServer", "ServerStatus"]
