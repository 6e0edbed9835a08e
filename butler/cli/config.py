"""``butler config``: what the repository is set to, whether that works, and what may be set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import typer

from butler.cli.arguments import ListFormat, ListFormatOption, OutputFile
from butler.cli.commands import examples, new_app
from butler.cli.console import write_json, write_line, write_list
from butler.cli.failures import ExitStatus
from butler.cli.session import Session, session_of

if TYPE_CHECKING:
    from butler.config import RepositoryConfig
    from butler.datastore.interfaces import Datastore
    from butler.values import RegisteredDatastore

__all__ = ["app"]

app = new_app("config")


@app.command(epilog=examples("butler config show", "butler config show --format json"))
def show(ctx: typer.Context, form: ListFormatOption = ListFormat.TABLE) -> None:
    """Show each setting and what set it.

    Passwords are hidden.
    """
    session = session_of(ctx)
    write_list(("key", "value", "from"), _settings(session, session.config()), form)


@app.command(epilog=examples("butler config check"))
def check(ctx: typer.Context) -> None:
    """Try each setting.

    The file is read, each datastore opened, and every role logs in.
    """
    session = session_of(ctx)
    wrong = 0
    for what, problem in _trials(session, session.config()):
        write_line(f"{what}: {problem or 'ok'}")
        wrong += bool(problem)
    if wrong:
        raise typer.Exit(ExitStatus.FAILED)


@app.command(epilog=examples("butler config schema -o butler.schema.json"))
def schema(output: OutputFile = None) -> None:
    """Write the JSON Schema of butler.yaml, for editors.

    It knows the storage types that are installed here.
    """
    from butler.config import config_schema

    write_json(config_schema(), output)


def _settings(session: Session, config: RepositoryConfig) -> Iterator[tuple[str, Any, str]]:
    from msgspec.structs import asdict

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
    for name, datastore in config.datastores.items():
        for key, value in asdict(datastore.settings).items():
            if key in datastore.given:
                yield f"datastores.{name}.{key}", datastore.given[key], FILE_NAME
            elif value:
                yield f"datastores.{name}.{key}", value, "default"
    yield "default", config.default, FILE_NAME if len(config.datastores) > 1 else "default"


def _trials(session: Session, config: RepositoryConfig) -> Iterator[tuple[str, str]]:
    """Give what was tried, and what came of it where it isn't as it should be."""
    from butler.config import FILE_NAME
    from butler.datastore.config import open_datastores
    from butler.errors import ButlerError
    from butler.repository import open_registry

    yield FILE_NAME, ""
    members = open_datastores(config.datastores, config.default, config.repo).members.values()
    for role in ("reader", "writer") if config.embedded else config.dsns:
        try:
            with closing(open_registry(config, role, session.layer)) as registry:
                known = registry.definitions.datastores()
        except ButlerError as error:
            yield f"database as {role}", str(error)
            continue
        yield f"database as {role}", ""
        for datastore in members if role == "writer" else ():
            problems = [
                _difference(datastore, known.get(datastore.name)),
                *datastore.warnings(),
            ]
            yield f"datastore {datastore.name}", "; ".join(filter(None, problems))


def _difference(datastore: Datastore, known: RegisteredDatastore | None) -> str:
    from butler.datastore.marks import check_mark
    from butler.errors import ButlerError

    if known is None:
        return f"the registry doesn't know it: 'butler datastore add {datastore.name}' registers it"
    if known.root != datastore.root:
        return f"the registry has it at {known.root}, the configuration at {datastore.root}"
    try:
        check_mark(datastore.mark, known.mark)
    except ButlerError as error:
        return error.message
    return ""
