"""``butler status``: what a repository is, and how much it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from butler.cli.arguments import ListFormat, ListFormatOption
from butler.cli.commands import examples, new_app
from butler.cli.console import warn, write_record
from butler.cli.session import Session, installed_version, schema_range, session_of

if TYPE_CHECKING:
    from butler.config import RepositoryConfig

__all__ = ["app"]

app = new_app()


@app.command(epilog=examples("butler status", "butler status --format json"))
def status(ctx: typer.Context, form: ListFormatOption = ListFormat.TABLE) -> None:
    """Show versions, counts, bytes, and the last ingest."""
    session = session_of(ctx)
    config = session.config()
    with session.reading() as butler:
        found = butler.registry.administration.summary()
        datastore = butler.datastore
        others = {name: each.root for name, each in datastore.members.items() if name != datastore.name}
        warnings = list(datastore.warnings())
    replica = found.pop("replica")
    record = {
        "repository": str(config.repo),
        "database": _database(session, config),
        **({"replica": replica} if replica else {}),
        "registry": found.pop("registry"),
        "datastore": datastore.root,
        **({"other_datastores": others} if others else {}),
        "butler": installed_version(),
        **schema_range(),
        **found,
    }
    write_record(record, form)
    warn(warnings)


def _database(session: Session, config: RepositoryConfig) -> str:
    if config.embedded:
        return "its own server"
    from butler.dsn import hidden

    return hidden(config.dsn(session.reader))
