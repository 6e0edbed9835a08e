"""Opening a repository, and making one: a folder, a database with our schema, a datastore.

Here alone a repository's configuration becomes a registry of PostgreSQL and its datastores.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from butler.arguments import name as text
from butler.arguments import path
from butler.config import FILE_NAME, RepositoryConfig
from butler.errors import ButlerError, ConfigError, SchemaVersionError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from butler.datastore.interfaces import Datastore
    from butler.registry import Registry
    from butler.registry.postgres import PostgresRegistry

__all__ = ["create_repository", "open_registry", "open_repository", "schema_connection"]


def open_repository(
    repo: Path | str | None,
    *,
    role: str = "writer",
    registry: Registry | str | None = None,
    datastore: Datastore | None = None,
) -> tuple[Path | None, Registry, Datastore]:
    """Open a repository; parameters and errors are those of `butler.Butler`.

    Returns
    -------
    folder, registry, datastore
        The folder is `None` if registry and datastore were given without one.
    """
    from butler.datastore.interfaces import Datastore
    from butler.registry import Registry

    if not isinstance(datastore, Datastore | None):
        raise ConfigError(
            f"{type(datastore).__name__!r} is not a datastore",
            hint="Leave it out for the repository's own, or give a subclass of butler.datastore.Datastore.",
        )
    if isinstance(registry, Registry) and datastore is not None:
        return None if repo is None else path(repo, "repo"), registry, datastore
    if not isinstance(registry, Registry | str | None):
        raise ConfigError(
            f"{type(registry).__name__!r} is not a registry",
            hint="Give the name of a layer, or a subclass of butler.registry.Registry, which has its"
            " capabilities as properties: see 'Registry' in docs/back-end.md.",
        )
    if repo is None:
        raise ConfigError("a Butler needs a repository, or a registry and a datastore")
    config = RepositoryConfig.read(path(repo, "repo"))
    if datastore is None:
        from butler.datastore.config import open_datastores

        datastore = open_datastores(config.datastores, config.default, config.repo)
    # Last, as it connects: nothing that is wrong elsewhere may leave a connection open.
    if not isinstance(registry, Registry):
        registry = open_registry(config, role, registry)
    return config.repo, registry, datastore


def open_registry(
    config: RepositoryConfig, role: str, name: str | None = None, *, check_version: bool = True
) -> PostgresRegistry:
    """Open a registry of a repository's database.

    Parameters
    ----------
    config : `~butler.config.RepositoryConfig`
        The repository's.
    role : `str`
        ``owner``, ``writer`` or ``reader``.
    name : `str`, optional
        Of a layer; by default the registry that the repository names.
    check_version : `bool`
        Whether its schema must be the one that this version of Butler needs.

    Raises
    ------
    ConfigError
        If the configuration has no DSN for the role.
    DatabaseUnavailableError
        If the database can't be reached.
    SchemaVersionError
        If its schema isn't the one that this version of Butler needs.
    """
    from butler.registry.postgres import PostgresRegistry

    replica = None
    if config.replica is not None:
        from butler.registry.postgres.replica import Replica

        replica = Replica(config.replica)
    registry = PostgresRegistry(config.dsn(text(role, "role")), name or config.registry, replica=replica)
    try:
        if check_version:
            registry.check_version()
    except BaseException:
        registry.close()
        raise
    return registry


@contextmanager
def schema_connection(dsn: str, *, as_owner: bool = True) -> Iterator[Connection]:
    """Connect for one transaction on the schema itself; errors of the database are Butler's.

    Parameters
    ----------
    dsn : `str`
        Of a login that may do what is to be done.
    as_owner : `bool`
        Whether to take the role of the schema's owner, if there is one yet.
    """
    from butler.registry.postgres.engine import one_transaction
    from butler.registry.postgres.errors import translated
    from butler.schema.install import become_owner

    with translated(), one_transaction(dsn) as connection:
        if as_owner:
            become_owner(connection)
        yield connection


def create_repository(
    repo: Path | str,
    *,
    dsn: str | None = None,
    registry: str = "butler",
    datastore: dict[str, Any] | None = None,
    durable: bool = True,
) -> RepositoryConfig:
    """Make a repository.

    Parameters
    ----------
    repo : `pathlib.Path` or `str`
        Its folder: new, or empty.
    dsn : `str`, optional
        Of a database on a server that exists, initialised by ``butler db
        init``, with a role that may write. Without, the repository gets its
        own server.
    registry : `str`
        The registry in that database: ``butler``, or a layer's name.
    datastore : `dict`, optional
        Keys of its one datastore, ``main``, in place of the defaults.
    durable : `bool`
        Whether its own server survives a crash of the computer; without,
        everything is faster, for tests.

    Returns
    -------
    config : `~butler.config.RepositoryConfig`
        What was written to ``butler.yaml``.

    Raises
    ------
    ConfigError
        If the folder is a repository or holds anything else. Nothing is left.
    DatastoreRootError
        If it lies in the root of a datastore, or its own datastore's root is
        another's or has something of another's in it. Nothing is left.
    DatabaseUnavailableError, SchemaVersionError
        If the database can't be reached or isn't ours. Nothing is left.
    """
    from butler.datastore.config import DatastoreConfig, open_datastores
    from butler.datastore.storage.root_mark import refuse_inside_root
    from butler.dsn import hidden
    from butler.registry.postgres import PostgresRegistry
    from butler.roots import add_datastore

    folder = Path(repo).expanduser().absolute()
    new = not folder.exists()
    if (folder / FILE_NAME).exists():
        raise ConfigError(f"{folder} is a repository already", hint="Use it, or choose another folder.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} is not an empty folder", hint="Choose a new one.")
    refuse_inside_root(folder)
    config = RepositoryConfig(
        folder,
        {"writer": dsn} if dsn else {},
        registry,
        {"main": DatastoreConfig.from_plain(_with_a_root(datastore or {}))},
    )
    store = open_datastores(config.datastores, config.default, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if config.embedded:
            _make_database(folder, durable=durable)
        opened = PostgresRegistry(config.dsn("writer"), registry)
        try:
            opened.check_version()
            add_datastore(opened, store)
        except SchemaVersionError as error:
            if dsn is None or "found" in error.details:
                raise
            raise SchemaVersionError(
                error.message,
                hint=f"Make it by 'butler db init' with this --dsn; 'butler db check {hidden(dsn)}'"
                " lists what is missing, and 'butler db init --sql' prints what an administrator must run.",
            ) from error
        finally:
            opened.close()
        config.write()
    except BaseException as error:
        _remove(folder, whole=new)
        if isinstance(error, OSError) and not isinstance(error, ButlerError):
            raise ConfigError(
                f"{folder} can't be made a repository: {error.strerror}", hint="Choose another folder."
            ) from error
        raise
    return config


def _with_a_root(datastore: dict[str, Any]) -> dict[str, Any]:
    """Give a datastore of files its folder, unless it is said."""
    in_files = datastore.get("type", "posix") == "posix"
    return {"type": "posix", "root": "data"} | datastore if in_files else datastore


def _make_database(folder: Path, *, durable: bool) -> None:
    """Make the repository's own server, with our schema in it."""
    from sqlalchemy import text

    from butler.embedded import EmbeddedServer
    from butler.registry.postgres.engine import one_transaction, open_engine
    from butler.schema.login_roles import set_anew
    from butler.schema.migrations import initialise, upgrade

    server = EmbeddedServer.create(folder, durable=durable)
    administrator = open_engine(server.dsn("superuser"))
    with administrator.connect() as connection:
        connection.execute(text("CREATE DATABASE butler"))
    administrator.dispose()
    with one_transaction(server.dsn("superuser", "butler")) as connection:
        initialise(connection)
        set_anew(connection, server.logins)
    with one_transaction(server.dsn("owner")) as connection:
        upgrade(connection)


def _remove(folder: Path, *, whole: bool) -> None:
    from butler.embedded import EmbeddedServer

    with suppress(ButlerError, OSError):  # there may be none yet
        EmbeddedServer(folder).destroy()
    if whole:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        for path in folder.iterdir():
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()
