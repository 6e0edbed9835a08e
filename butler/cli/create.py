"""``butler create`` and ``butler status``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from butler.cli.arguments import ListFormat, ListFormatOption, examples
from butler.cli.console import note, warn, write_record
from butler.cli.session import installed_version, session_of

__all__ = ["add_to"]

_COUNTED = ("camera", "skymap", "visit", "collection", "dataset_type", "dataset")


def add_to(application: typer.Typer) -> None:
    """Add the commands."""
    application.command(
        epilog=examples(
            "butler create demo",
            "butler create /data/survey --dsn postgresql://observer@db.example.org/survey",
        )
    )(create)
    application.command(epilog=examples("butler status", "butler status --format json"))(status)


def create(
    ctx: typer.Context,
    repo: Annotated[Path, typer.Argument(metavar="REPO", help="Its folder: new, or empty.")],
    dsn: Annotated[
        str | None,
        typer.Option(
            metavar="DSN",
            help="Of a database that 'butler db init' has initialised, with a login that may write;"
            " without, the repository gets its own server.",
        ),
    ] = None,
) -> None:
    """Make a repository."""
    from butler.repository import create_repository

    session = session_of(ctx)
    config = create_repository(repo, dsn=dsn, registry=session.layer or "butler")
    note(session, f"{config.repo} is a repository now; try 'butler -r {repo} status'.")


def status(ctx: typer.Context, form: ListFormatOption = ListFormat.TABLE) -> None:
    """Show versions, counts, bytes, and the last ingest."""
    from butler.registry.postgres.engine import hidden

    session = session_of(ctx)
    with session.reading() as butler:
        counts = ", ".join(f"(SELECT count(*) FROM {view}) AS {view}" for view in _COUNTED)
        (found,) = butler.registry.query(
            "SELECT (SELECT schema_version FROM schema_version) AS schema_version,"
            " current_setting('server_version') AS postgresql, postgis_lib_version() AS postgis,"
            f" current_schema() AS registry, {counts},"
            " (SELECT coalesce(sum(size), 0)::bigint FROM artifact WHERE state = 'present') AS bytes,"
            " (SELECT max(created) FROM dataset) AS last"
        )
        config = session.config()
        replica = getattr(butler.registry, "replica", None)  # of PostgreSQL's registries alone
        record = {
            "repository": str(config.repo),
            "database": "its own server" if config.embedded else hidden(config.dsn(session.reader)),
            **({"replica": replica} if replica else {}),
            "registry": found.registry,
            "datastore": butler.datastore.root,
            "butler": installed_version(),
            "schema": found.schema_version,
            "postgresql": found.postgresql,
            "postgis": found.postgis,
            **{f"{name}s": getattr(found, name) for name in _COUNTED},
            "bytes": found.bytes,
            "last_ingest": found.last,
        }
        doubts = list(butler.datastore.doubts())
    write_record(record, form)
    warn(doubts)
