"""``butler sql``: one SELECT on the common schema, or psql."""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from butler.cli.arguments import FormatOption, OutputFile
from butler.cli.commands import examples, new_app
from butler.cli.console import write_rows
from butler.cli.session import Session, session_of

__all__ = ["app"]

app = new_app()


@app.command(
    epilog=examples(
        "butler sql",
        "butler sql 'SELECT visit, exposure_time FROM visit ORDER BY visit'",
        "butler sql 'SELECT run, count(*) FROM dataset GROUP BY run' --format csv -o runs.csv",
    )
)
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
        rows = butler.registry.query(statement.replace(":", r"\:"))
        write_rows(*rows.fetched, form, output)


def _become_psql(session: Session) -> NoReturn:
    import os
    import shutil

    from butler.dsn import without_password
    from butler.errors import ConfigError

    config = session.config()
    psql = shutil.which("psql")
    if psql is None:
        raise ConfigError(
            "there is no program psql here", hint="Install it: apt-get install postgresql-client."
        )
    url, secret = without_password(config.dsn(session.reader))
    environment = {**os.environ, **secret}
    registry = session.layer or config.registry
    if registry != "butler":
        environment["PGOPTIONS"] = f"-c search_path={registry},public"
    os.execve(psql, [psql, url], environment)
