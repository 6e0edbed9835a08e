"""``butler config``: what the repository is set to, and whether that works."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import typer

from butler.cli.arguments import ListFormat, ListFormatOption
from butler.cli.commands import examples
from butler.cli.console import write_list
from butler.cli.failures import ExitStatus
from butler.cli.session import Session, session_of

if TYPE_CHECKING:
    from butler.config import RepositoryConfig

__all__ = ["add_to"]

_DATASTORE_DEFAULTS = {"name": "main", "type": "posix", "root": "data"}


def add_to(application: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command(epilog=examples("butler config show", "butler config show --format json"))(show)
    group.command(epilog=examples("butler config check"))(check)
    application.add_typer(group, name="config", help="Show and check the repository's configuration.")


def show(ctx: typer.Context, form: ListFormatOption = ListFormat.TABLE) -> None:
    """Show each setting and what set it.

    Passwords are hidden.
    """
    session = session_of(ctx)
    write_list(("key", "value", "from"), _settings(session, session.config()), form)


def check(ctx: typer.Context) -> None:
    """Try each setting.

    The file is read, the datastore opened, and every role logs in.
    """
    session = session_of(ctx)
    wrong = 0
    for what, problem in _trials(session, session.config()):
        print(f"{what}: {problem or 'ok'}")
        wrong += bool(problem)
    if wrong:
        raise typer.Exit(ExitStatus.FAILED)


def _settings(session: Session, config: RepositoryConfig) -> Iterator[tuple[str, Any, str]]:
    from butler.config import FILE_NAME
    from butler.dsn import hidden

    yield "repository", str(config.repo), session.repo_from
    if config.embedded:
        yield "database", "its own server", "default"
    for role, dsn in config.dsns.items():
        yield f"database.dsn.{role}", hidden(dsn), FILE_NAME
    if config.replica:
        yield "database.replica", hidden(config.replica), FILE_NAME
    if session.layer:
        yield "registry", session.layer, "--layer"
    else:
        yield "registry", config.registry, "default" if config.registry == "butler" else FILE_NAME
    for key, value in {**_DATASTORE_DEFAULTS, **config.datastore}.items():
        yield f"datastore.{key}", value, FILE_NAME if key in config.datastore else "default"


def _trials(session: Session, config: RepositoryConfig) -> Iterator[tuple[str, str]]:
    """Give what was tried, and what came of it where it isn't as it should be."""
    from butler.config import FILE_NAME
    from butler.datastore import open_datastore
    from butler.errors import ButlerError
    from butler.repository import open_registry

    yield FILE_NAME, ""
    try:
        datastore = open_datastore(config.datastore, config.repo)
    except ButlerError as error:
        datastore = None
        yield "datastore", str(error)
    for role in ("reader", "writer") if config.embedded else config.dsns:
        try:
            with closing(open_registry(config, role, session.layer)) as registry:
                known = registry.definitions.datastores()
        except ButlerError as error:
            yield f"database as {role}", str(error)
            continue
        yield f"database as {role}", ""
        if datastore is not None and role == "writer":
            problems = [_difference(known.get(datastore.name), datastore.root), *datastore.warnings()]
            yield f"datastore {datastore.name}", "; ".join(filter(None, problems))


def _difference(registered: str | None, root: str) -> str:
    if registered is None:
        return f"the registry doesn't know it: 'butler create' registers a datastore at {root}"
    return "" if registered == root else f"the registry has it at {registered}, the configuration at {root}"
