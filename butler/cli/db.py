"""``butler db``: the database server, the schema in it, who may use them."""

from __future__ import annotations

import re
import warnings
from contextlib import closing
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from butler.cli.arguments import AdministratorDsn, DryRun, ListFormat, ListFormatOption, Yes, read_duration
from butler.cli.commands import examples, new_app
from butler.cli.console import are, confirm, counted, note, write_line, write_record
from butler.cli.db_backup import backup, restore
from butler.cli.failures import ExitStatus
from butler.cli.session import Session, schema_range, session_of

if TYPE_CHECKING:
    from butler.embedded import EmbeddedServer

__all__ = ["app"]

_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,50}")


class Role(StrEnum):
    """Roles of the database."""

    READER = "reader"
    WRITER = "writer"
    OWNER = "owner"


RolePrefix = Annotated[
    str, typer.Option("--role-prefix", metavar="PREFIX", help="What the names of the roles begin with.")
]

app = new_app("db")


@app.command(
    epilog=examples("butler db start", "butler db start --listen 127.0.0.1", "butler db start --share")
)
def start(
    ctx: typer.Context,
    listen: Annotated[
        str | None,
        typer.Option(metavar="ADDR", help="Let readers in by password at this address, such as 127.0.0.1."),
    ] = None,
    share: Annotated[bool, typer.Option("--share", help="Let every user of this computer read.")] = False,
) -> None:
    """Start the server, or change whom it lets in.

    An option that isn't given takes back what it gave before.
    """
    from butler.config import set_roles_anew

    session = session_of(ctx)
    server = _server(session)
    server.start(listen=listen, share=share)
    set_roles_anew(server)
    address = f" and at {listen} port {server.status().port}" if listen else ""
    note(session, f"the server runs, at its socket{address}")


@app.command(epilog=examples("butler db stop"))
def stop(ctx: typer.Context) -> None:
    """Stop the server.

    That ends its sessions, and what 'butler db start' gave by its options.
    """
    session = session_of(ctx)
    _server(session).stop()
    note(session, "the server is stopped")


@app.command(epilog=examples("butler db status", "butler db status --format json"))
def status(ctx: typer.Context, form: ListFormatOption = ListFormat.TABLE) -> None:
    """Show how the server does.

    Exit status 1 if it doesn't answer.
    """
    session = session_of(ctx)
    config = session.config()
    if config.embedded:
        found = _server(session).status()
        write_record(
            {
                "running": found.running,
                "version": found.version,
                "pid": found.pid,
                "user": found.user,
                "listen": found.listen,
                "port": found.port,
                "share": found.share,
                "durable": found.durable,
                "bytes": found.size,
                "data": str(found.data_dir),
                "log": str(found.log_dir),
                "socket": str(found.socket_dir),
                **(_schema(session) if found.running else {}),
                **schema_range(),
            },
            form,
        )
        if not found.running:
            raise typer.Exit(ExitStatus.FAILED)
        return
    from butler.dsn import hidden
    from butler.repository import open_registry

    # A server is up whatever revision its schema is at.
    with closing(open_registry(config, session.reader, check_version=False)) as registry:
        server = registry.administration.server()
    record = {"running": True, "version": server.pop("version"), "dsn": hidden(config.dsn(session.reader))}
    write_record({**record, **server, **schema_range()}, form)


def _schema(session: Session) -> dict[str, str]:
    """Give the revision of the schema, and the oldest one whose clients it serves, if there is one."""
    from butler.repository import open_registry

    with closing(open_registry(session.config(), session.reader, check_version=False)) as registry:
        server = registry.administration.server()
    return {key: server[key] for key in ("schema", "oldest_client") if key in server}


@app.command(
    epilog=examples(
        "butler db init --sql --login survey_admin",
        "butler db init --dsn postgresql://postgres@db.example.org/survey",
    )
)
def init(
    ctx: typer.Context,
    dsn: AdministratorDsn = None,
    sql: Annotated[
        bool, typer.Option("--sql", help="Print what an administrator must run by psql, and end.")
    ] = False,
    login: Annotated[
        str | None,
        typer.Option(
            "--login", metavar="NAME", help="With --sql: who shall own the schema, and let others in."
        ),
    ] = None,
    role_prefix: RolePrefix = "butler",
) -> None:
    """Make extensions, roles and the schema.

    Where they are there already, nothing changes.
    """
    from butler.repository import schema_connection
    from butler.schema.installation import install
    from butler.schema.migrations import administrator_script
    from butler.schema.requirements import neighbours

    if not _PREFIX.fullmatch(role_prefix):
        raise typer.BadParameter(
            f"{role_prefix!r}: use lower-case letters, digits and underscores", param_hint="--role-prefix"
        )
    if login is not None and not sql:
        raise typer.BadParameter("it goes with --sql", param_hint="--login")
    if sql:
        print(administrator_script(role_prefix=role_prefix, login=login), end="")
        return
    session = session_of(ctx)
    with schema_connection(dsn or session.administrator(), as_owner=False) as connection:
        for finding in neighbours(connection, role_prefix):
            warnings.warn(str(finding), stacklevel=1)
        install(connection, role_prefix=role_prefix)
    note(session, f"the database is ready; let a login in by 'GRANT {role_prefix}_writer TO …'")


@app.command(epilog=examples("butler db upgrade"))
def upgrade(
    ctx: typer.Context,
    revision: Annotated[str, typer.Argument(metavar="[REV]", help="By default the newest.")] = "head",
    dsn: AdministratorDsn = None,
) -> None:
    """Upgrade the schema.

    That of all registries of the database, in one transaction.
    """
    from butler.schema.migrations import current_version
    from butler.schema.migrations import upgrade as upgraded

    session = session_of(ctx)
    with session.owning(dsn) as connection:
        upgraded(connection, revision)
        note(session, f"the schema is at revision {current_version(connection)}")


@app.command(epilog=examples("butler db downgrade 0001 --dry-run", "butler db downgrade 0001 --yes"))
def downgrade(
    ctx: typer.Context,
    revision: Annotated[str, typer.Argument(metavar="REV", help="Such as 0001; base takes the schema away.")],
    everything: Annotated[
        bool, typer.Option("--everything", help="With base: all that is registered goes, too, and layers.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    dsn: AdministratorDsn = None,
) -> None:
    """Downgrade the schema.

    In one transaction. It is refused where rows would be lost; to base, where
    anything is registered but what making a repository brings. The rows of
    'butler log' go with the schema.
    """
    from butler.schema.migrations import current_version
    from butler.schema.migrations import downgrade as downgraded

    if everything and revision != "base":
        raise typer.BadParameter("it goes with base", param_hint="--everything")
    session = session_of(ctx)
    if not dry_run:
        losing = ", and lose all that is registered in it" if everything else ""
        confirm(f"Downgrade the database of {session.repo} to revision {revision}{losing}?", yes)
    with session.owning(dsn) as connection:
        attempt = connection.begin_nested()
        downgraded(connection, revision, everything=everything)
        at = current_version(connection) or "base"
        if dry_run:
            attempt.rollback()
        else:
            attempt.commit()
    note(session, f"the schema {'would be' if dry_run else 'is'} at revision {at}")


@app.command(
    epilog=examples("butler db check", "butler db check postgresql://survey_admin@db.example.org/survey")
)
def check(
    ctx: typer.Context,
    database: Annotated[
        str | None,
        typer.Argument(metavar="[DSN]", help="Of any database; by default the repository's, as its owner."),
    ] = None,
    dsn: AdministratorDsn = None,
    role_prefix: RolePrefix = "butler",
) -> None:
    """List what in the database isn't as it should be, and what to do about it.

    Server, extensions, roles, settings, privileges, locks, schema; exit status
    1 if anything is listed that must be remedied. Lines that begin with
    "advice" need not.
    """
    from butler.repository import schema_connection
    from butler.schema.inspection import inspect

    session = session_of(ctx)
    login = database or dsn or session.inspector()
    with schema_connection(login, as_owner=False) as connection:
        findings = list(inspect(connection, role_prefix))
    for finding in findings:
        write_line(finding)
    if any(finding.needed for finding in findings):
        raise typer.Exit(ExitStatus.FAILED)
    note(session, "the database is as it should be")


@app.command(epilog=examples("butler db grant"))
def grant(ctx: typer.Context, dsn: AdministratorDsn = None) -> None:
    """Make settings and privileges again.

    A restore brings none of them.
    """
    from butler.repository import schema_connection
    from butler.schema.install import role_prefix
    from butler.schema.migrations import grant as granted
    from butler.schema.migrations import initialise

    session = session_of(ctx)
    administrator = dsn or session.administrator()
    with session.owning(administrator) as connection:
        prefix = role_prefix(connection)
    with schema_connection(administrator, as_owner=False) as connection:
        initialise(connection, role_prefix=prefix)
    with session.owning(administrator) as connection:
        granted(connection)
    if dsn is None and session.config().embedded:
        from butler.config import set_roles_anew

        set_roles_anew(_server(session))
    note(session, "readers and writers have what is theirs, and nobody else anything")


app.command(epilog=examples("butler db backup before-upgrade", "butler db backup before-upgrade --dry-run"))(
    backup
)
app.command(
    epilog=examples(
        "butler db restore before-upgrade --replace --yes",
        "butler db restore before-upgrade --replace --dry-run",
    )
)(restore)


@app.command(
    epilog=examples(
        "butler db prune --older-than 1000d --dry-run", "butler db prune --older-than 1000d --yes"
    )
)
def prune(
    ctx: typer.Context,
    older_than: Annotated[
        timedelta,
        typer.Option(parser=read_duration, metavar="TIME", help="How long ago it was done."),
    ],
    dry_run: DryRun = False,
    yes: Yes = False,
    dsn: AdministratorDsn = None,
) -> None:
    """Forget old rows of 'butler log', in all registries of the database.

    That they were pruned, and by whom, is a row of it.
    """
    from butler.schema.installation import prune_activity

    session = session_of(ctx)
    if not dry_run:
        confirm(f"Forget who did what longer than {older_than} ago?", yes)
    with session.owning(dsn) as connection:
        count = prune_activity(connection, older_than, dry_run=dry_run)
    print(f"{counted(count, 'row')} {are(count, dry_run)} forgotten")


@app.command(epilog=examples("butler db dsn", 'psql "$(butler db dsn --role writer)"'))
def dsn(
    ctx: typer.Context,
    role: Annotated[Role, typer.Option("--role", help="As whom to connect.")] = Role.READER,
) -> None:
    """Print the connection string.

    For psql and other programs. A server of the repository's own is started
    if need be.
    """
    print(session_of(ctx).config().dsn(role))


def _server(session: Session) -> EmbeddedServer:
    from butler.embedded import EmbeddedServer
    from butler.errors import ConfigError

    config = session.config()
    if not config.embedded:
        raise ConfigError(
            f"the database of {config.repo} is on a server of its own",
            hint="Whoever runs that server starts and stops it.",
        )
    return EmbeddedServer(config.repo)
