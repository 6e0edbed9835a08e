"""The registries of a PostgreSQL database."""

from __future__ import annotations

from butler.registry.interfaces.layers import Layers
from butler.registry.postgres.session import Session
from butler.registry.postgres.user_sql import lazy_rows
from butler.registry.results import Rows

__all__ = ["PostgresLayers"]


class PostgresLayers(Layers):
    """Rows of the view ``registry``.

    Parameters
    ----------
    session : `~butler.registry.postgres.session.Session`
        Reads them.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(self) -> Rows:
        return lazy_rows(
            self._session,
            "SELECT registry, base, depth, owner, created FROM registry ORDER BY depth, registry",
        )
