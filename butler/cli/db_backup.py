"""``butler db backup`` and ``butler db restore``."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from butler.cli.arguments import AdministratorDsn, DryRun, Yes
from butler.cli.console import confirm, note, progress, write_line
from butler.cli.failures import ExitStatus
from butler.cli.session import Session, installed_version, session_of

__all__ = ["backup", "restore"]


def backup(
    ctx: typer.Context,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to make; nothing is ever replaced.")],
    dry_run: DryRun = False,
    dsn: AdministratorDsn = None,
) -> None:
    """Dump the database, with a list of all files that belong to it.

    Both are of one moment. The files themselves are kept by whatever keeps
    your files: copy them after this.
    """
    from butler.backup import back_up, plan_backup

    session = session_of(ctx)
    owner = dsn or session.config().dsn("owner")
    if dry_run:
        plan = plan_backup(owner, out)
        note(
            session,
            f"would back up {', '.join(plan.registries)}: {plan.tables} tables, {plan.artifacts} artifacts of"
            f" {plan.bytes} bytes; it may need {plan.needed} bytes, {plan.free} are free",
        )
        return
    with progress(session, "backup") as report:
        manifest = back_up(owner, out, version=installed_version(), on_progress=report)
    note(
        session,
        f"{out} is a backup of {manifest.made}, with an inventory of {manifest.artifacts} artifacts;"
        f" check it by 'cd {out} && sha256sum -c SHA256SUMS'",
    )


def restore(
    ctx: typer.Context,
    backup: Annotated[Path, typer.Argument(metavar="IN", help="Folder that 'butler db backup' made.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Even if something is registered: it is lost.")
    ] = False,
    fast: Annotated[
        bool, typer.Option("--fast", help="Afterwards, look at existence and size of files only.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    dsn: AdministratorDsn = None,
) -> None:
    """Make the database what it was when a backup was made.

    It changes all at once, or not at all. Then each difference between it and
    the files is listed; exit status 3 if there is one, for 'butler verify
    --repair' to settle. Nothing is written or deleted before 'butler datastore
    mark' has set the roots' marks anew.
    """
    from butler.backup import read_backup
    from butler.backup import restore as restored
    from butler.butler import Butler

    session = session_of(ctx)
    manifest = read_backup(backup)
    owner = dsn or session.config().dsn("owner")
    administrator = dsn or session.administrator()
    restored(backup, manifest, administrator, owner, replace=replace, dry_run=True)
    if dry_run:
        note(session, f"would make the database of {session.repo} what it was at {manifest.made}")
        return
    if replace:
        confirm(f"Replace what is registered in {session.repo} by the backup of {manifest.made}?", yes)
    with progress(session, "restore") as report:
        restored(backup, manifest, administrator, owner, replace=replace, on_progress=report)
    note(
        session,
        f"the database is what it was at {manifest.made}; nothing is written to its datastores until"
        " their roots are marked anew: 'butler datastore mark --dry-run' says what is there",
    )
    if _upgrade_is_needed(session, manifest.schema_version):
        return
    with Butler(session.repo, registry="butler") as butler, progress(session, "verify") as report:
        # Nobody is at work: a file that nobody has is newer than the backup, however young it is.
        verification = butler.maintenance.verify(
            checksum=not fast, older_than=timedelta(0), unmarked=True, on_progress=report
        )
        findings = list(verification)
    for finding in findings:
        write_line(f"{finding}: {finding.remedy}")
    if findings:
        raise typer.Exit(ExitStatus.PARTLY)
    note(session, "registry and datastore agree")


def _upgrade_is_needed(session: Session, found: str) -> bool:
    from butler.version import SCHEMA_VERSION

    if found == SCHEMA_VERSION:
        return False
    note(session, f"its schema is at revision {found}: run 'butler db upgrade', then 'butler verify'")
    return True
