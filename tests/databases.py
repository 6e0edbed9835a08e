"""A test's own database on the throw-away server."""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg2
import psycopg2.extensions
from sqlalchemy import NullPool, create_engine

from butler.testing.cluster import TestCluster

__all__ = ["Database", "run_as"]


@dataclass
class Database:
    """A database of a test's own.

    ``dsn`` and ``connect`` take ``superuser``, ``owner``, ``writer`` or ``reader``.
    """

    server: TestCluster
    name: str
    _open: list[psycopg2.extensions.connection] = field(default_factory=list)

    def dsn(self, role: str) -> str:
        return self.server.dsn(self.name, "postgres" if role == "superuser" else f"butler_{role}")

    def connect(self, role: str) -> psycopg2.extensions.connection:
        """Give a plain connection in autocommit mode; it is closed with the test."""
        connection = psycopg2.connect(self.dsn(role))
        connection.autocommit = True
        self._open.append(connection)
        return connection

    def close(self) -> None:
        for connection in self._open:
            connection.close()


def run_as(dsn: str, *steps: object) -> None:
    """Run steps, each a function of a connection, in one transaction."""
    engine = create_engine(dsn.replace("postgresql://", "postgresql+psycopg2://"), poolclass=NullPool)
    with engine.begin() as connection:
        for step in steps:
            step(connection)  # type: ignore[operator]
