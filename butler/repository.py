"""Making a repository: a folder, a database with our schema, a datastore."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from butler.config import FILE_NAME, RepositoryConfig
from butler.errors import ButlerError, ConfigError, SchemaVersionError

__all__ = ["create_repository", "install_schema"]


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
        Its configuration, as `butler.datastore.open_datastore` takes it.
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
    DatabaseUnavailableError, SchemaVersionError
        If the database can't be reached or isn't ours. Nothing is left.
    """
    from butler.datastore import open_datastore
    from butler.registry.engine import hidden
    from butler.registry.postgres import PostgresRegistry

    folder = Path(repo).expanduser().absolute()
    new = not folder.exists()
    if (folder / FILE_NAME).exists():
        raise ConfigError(f"{folder} is a repository already", hint="Use it, or choose another folder.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} is not an empty folder", hint="Choose a new one.")
    config = RepositoryConfig(
        folder,
        {"writer": dsn} if dsn else {},
        registry,
        {"type": "posix", "root": "data"} | (datastore or {}),
    )
    store = open_datastore(config.datastore, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if config.embedded:
            _make_database(folder, durable=durable)
        opened = PostgresRegistry(config.dsn("writer"), registry)
        try:
            opened.check_version()
            opened.register_datastore(store.name, store.root)
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


def _make_database(folder: Path, *, durable: bool) -> None:
    """Make the repository's own server, with our schema in it."""
    from sqlalchemy import text

    from butler.embedded import EmbeddedServer
    from butler.registry.engine import open_engine

    server = EmbeddedServer.create(folder, durable=durable)
    administrator = open_engine(server.dsn("superuser"))
    with administrator.connect() as connection:
        connection.execute(text("CREATE DATABASE butler"))
    administrator.dispose()
    install_schema(server.dsn("superuser", "butler"), server.dsn("owner"))


def install_schema(superuser: str, owner: str) -> None:
    """Make our roles, as which one may log in, and the schema at its newest revision.

    Parameters
    ----------
    superuser, owner : `str`
        DSNs of an empty database, for either role.
    """
    from butler.registry.engine import one_transaction
    from butler.schema.install import run_sql
    from butler.schema.migrations import initialise, upgrade
    from butler.schema.objects import sql_root

    with one_transaction(superuser) as connection:
        initialise(connection)
        run_sql(connection, (sql_root() / "login_roles.sql").read_text(encoding="utf-8"))
    with one_transaction(owner) as connection:
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
