"""A registry that is a schema of a PostgreSQL database."""

from __future__ import annotations

import re
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from butler.errors import ButlerError, ConfigError, SchemaVersionError
from butler.registry.postgres.connections import Connections
from butler.registry.postgres.definitions import PostgresDefinitions
from butler.registry.postgres.lookup import PostgresLookup
from butler.registry.postgres.puts import PostgresPuts
from butler.registry.postgres.serving import refuse_unserved
from butler.registry.postgres.session import Session
from butler.registry.registry import Registry

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from butler.registry.interfaces import (
        Administration,
        Collections,
        Definitions,
        Layers,
        Lookup,
        Maintenance,
        Provenance,
        Puts,
        Queries,
        Removals,
    )
    from butler.registry.models.base import ReadOnlySession
    from butler.registry.postgres.replica import Replica

__all__ = ["PostgresRegistry"]

_SCHEMA = re.compile(r"[a-z][a-z0-9_]{0,53}")


class PostgresRegistry(Registry):
    """A registry that is a schema of a PostgreSQL database.

    The adapters that neither a put nor a get needs are loaded at their first use.

    Parameters
    ----------
    dsn : `str`
        Of the database, with the role to work as.
    schema : `str`
        Name of the registry: ``butler``, or that of a layer.
    replica : `~butler.registry.postgres.replica.Replica`, optional
        Where datasets are looked up, as soon as it has what was written here.

    Raises
    ------
    ConfigError
        If the DSN or the schema's name is malformed. Nothing is connected yet.
    """

    def __init__(self, dsn: str, schema: str = "butler", *, replica: Replica | None = None) -> None:
        if not _SCHEMA.fullmatch(schema):
            raise ConfigError(
                f"{schema!r} is not the name of a registry",
                hint="Lower-case letters, digits and underscores, such as 'butler' or 'mydb_alice'.",
            )
        self.dsn = dsn
        self._session = Session(Connections(dsn), schema, replica)

    def __reduce__(self) -> tuple[Any, ...]:
        return (partial(type(self), replica=self._session.replica), (self.dsn, self.name))

    def close(self) -> None:
        self._session.close()
        if "_engine" in self.__dict__:
            self._engine.dispose()

    @property
    def name(self) -> str:
        return self._session.schema

    @property
    def calls(self) -> Session:
        """What its adapters send their statements through, for a subclass with adapters of its own."""
        return self._session

    def related(self) -> list[PostgresRegistry]:
        others = [type(self)(self.dsn, name) for (name,) in self._session.rows(_RELATED.format(self.name))]
        for other in others:
            other._session.connections = self._session.connections
            other._session.replica = self._session.replica
        return others

    def check_version(self) -> None:
        """Refuse a database whose schema this version of Butler can't work with.

        From then on each new connection is asked the same.

        Raises
        ------
        SchemaVersionError
            Naming both revisions, and what brings them together.
        """
        try:
            ((found, oldest_client),) = self._session.rows(
                f"SELECT schema_version, oldest_client FROM {self.name}.schema_version"
            )
        except ButlerError as error:
            if error.details.get("sqlstate") != "42P01" and not isinstance(error, SchemaVersionError):
                raise
            raise SchemaVersionError(
                f"the database has no registry {self.name!r}",
                hint="Make it by 'butler db init', or name the right one in butler.yaml;"
                " 'butler db check' lists what is missing."
                if self.name == "butler"
                else "Make a layer by 'butler layer create'; 'butler layer list' lists those that there are.",
            ) from error
        refuse_unserved(found, oldest_client)
        self._session.connections.revision = found

    # Capabilities --------------------------------------------------------

    @cached_property
    def lookup(self) -> Lookup:
        return PostgresLookup(self._session, self.definitions)

    @cached_property
    def definitions(self) -> Definitions:
        return PostgresDefinitions(self._session)

    @cached_property
    def collections(self) -> Collections:
        from butler.registry.postgres.collections import PostgresCollections

        return PostgresCollections(self._session)

    @cached_property
    def puts(self) -> Puts:
        return PostgresPuts(self._session, self.definitions)

    @cached_property
    def queries(self) -> Queries:
        from butler.registry.postgres.queries import PostgresQueries

        return PostgresQueries(self._session, self.definitions, self.lookup)

    @cached_property
    def removal(self) -> Removals:
        from butler.registry.postgres.removal import PostgresRemovals

        return PostgresRemovals(self._session)

    @cached_property
    def provenance(self) -> Provenance:
        from butler.registry.postgres.provenance import PostgresProvenance

        return PostgresProvenance(self._session)

    @cached_property
    def layers(self) -> Layers:
        from butler.registry.postgres.layers import PostgresLayers

        return PostgresLayers(self._session)

    @cached_property
    def maintenance(self) -> Maintenance:
        from butler.registry.postgres.maintenance import PostgresMaintenance

        return PostgresMaintenance(self._session)

    @cached_property
    def administration(self) -> Administration:
        from butler.registry.postgres.administration import PostgresAdministration

        return PostgresAdministration(self._session)

    # The views as classes -------------------------------------------------

    def session(self) -> ReadOnlySession:
        from butler.registry.models.base import ReadOnlySession

        engine = self._engine.execution_options(
            isolation_level="READ COMMITTED",
            schema_translate_map={None: self.name},
        )
        return ReadOnlySession(engine)

    @cached_property
    def _engine(self) -> Engine:
        """SQLAlchemy's engine, with connections of its own: it takes longer to import than all else."""
        from butler.registry.postgres.engine import open_engine

        return open_engine(self.dsn)


_RELATED = """
    WITH RECURSIVE below AS (
        SELECT r.registry, r.base FROM {0}.registry AS r WHERE r.registry = '{0}'
        UNION ALL
        SELECT r.registry, r.base FROM {0}.registry AS r INNER JOIN below AS b ON r.registry = b.base
    ), above AS (
        SELECT r.registry FROM {0}.registry AS r WHERE r.registry = '{0}'
        UNION ALL
        SELECT r.registry FROM {0}.registry AS r INNER JOIN above AS a ON r.base = a.registry
    )
    SELECT r.registry FROM {0}.registry AS r
    WHERE (r.registry IN (SELECT registry FROM below) OR r.registry IN (SELECT registry FROM above))
        AND has_schema_privilege(r.registry, 'USAGE')
    ORDER BY r.registry <> '{0}', r.depth, r.registry
"""
