"""``butler sql``: one SELECT on the common schema, or psql."""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from butler.cli.arguments import FormatOption, OutputFile, examples
from butler.cli.console import write_rows
from butler.cli.session import Session, session_of

__all__ = ["add_to"]


def add_to(application: typer.Typer) -> None:
    """Add the command."""
    application.command(
        epilog=examples(
            "butler sql",
            "butler sql 'SELECT visit, exposure_time FROM visit ORDER BY visit'",
            "butler sql 'SELECT run, count(*) FROM dataset GROUP BY run' --format csv -o runs.csv",
        )
    )(sql)


def sql(
    ctx: typer.Context,
    select: Annotated[
        str | None,
        typer.Argument(metavar="[SELECT]", help="One statement; - reads it from standard input."),
    ] = None,
    form: FormatOption = None,
    output: OutputFile = None,
) -> None:
    """Run one SELECT, or open psql.

    Either as the reader, on the views of the common schema.
    """
    session = session_of(ctx)
    if select is None:
        _become_psql(session)
    statement = sys.stdin.read() if select == "-" else select
    with session.reading() as butler:
        # Nothing here is a parameter: '12:30' and x::text mean themselves.
        write_rows(butler.registry.query(statement.replace(":", r"\:")), form, output)


def _become_psql(session: Session) -> NoReturn:
    import os
    import shutil

    from sqlalchemy import make_url

    from butler.errors import ConfigError

    config = session.config()
    url = make_url(config.dsn(session.reader))
    psql = shutil.which("psql")
    if psql is None:
        raise ConfigError(
            "there is no program psql here", hint="Install it: apt-get install postgresql-client."
        )
    environment = dict(os.environ)
    # On the command line every user of the computer could read it.
    if password := url.password or url.query.get("password"):
        environment["PGPASSWORD"] = str(password)
    public = url._replace(drivername="postgresql", password=None).difference_update_query(["password"])
    registry = session.layer or config.registry
    if registry != "butler":
        environment["PGOPTIONS"] = f"-c search_path={registry},public"
    os.execve(psql, [psql, public.render_as_string(hide_password=False)], environment)
