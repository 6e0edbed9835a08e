"""Looking after a repository, as a Butler sees it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from butler.arguments import names
from butler.context import Context

if TYPE_CHECKING:
    from butler.maintenance.findings import Finding
    from butler.maintenance.quanta import DeadQuantum
    from butler.maintenance.reap import ReapedFile
    from butler.maintenance.repair import Repair
    from butler.maintenance.verify import Verification

__all__ = ["Maintenance"]


class Maintenance:
    """Comparing, repairing and clearing up: ``butler.maintenance``.

    Parameters
    ----------
    context : `~butler.context.Context`
        Whose registry and datastore are looked after.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def verify(
        self,
        *,
        checksum: bool = True,
        incremental: bool = False,
        time_limit: timedelta | None = None,
        older_than: timedelta | None = None,
        unmarked: bool = False,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Verification:
        """Compare registry and datastore, and name each difference.

        What layers over the registry put is compared too, and what the
        database derives from regions.

        Parameters
        ----------
        checksum : `bool`
            Whether to read every byte, or only compare existence and size.
        incremental : `bool`
            Whether to go on where the last incremental one stopped. After
            the end it begins anew.
        time_limit : `datetime.timedelta`, optional
            Stop after so long.
        older_than : `datetime.timedelta`, optional
            Call files that nobody has and that are younger in flight, as
            their writer may be at work; the grace period if it isn't given.
        unmarked : `bool`
            Whether to compare also what lies in a root that doesn't bear its
            datastore's mark, as after a restore; nothing is repaired there.
        on_progress : callable, optional
            Called with artifacts done and artifacts in all.

        Returns
        -------
        findings : `~butler.maintenance.verify.Verification`
            An iterator of `~butler.maintenance.findings.Finding`, found as they are
            asked for; it says how far it came.

        Raises
        ------
        PermissionDeniedError
            If it is to be incremental, and the role may not record it.
        ConfigError
            As it begins, if a datastore is registered with another root.
        DatastoreRootError
            Whenever a root isn't there, or doesn't bear its datastore's mark.
        """
        from butler.maintenance.verify import Verification

        return Verification(
            self._context,
            checksum=checksum,
            incremental=incremental,
            time_limit=time_limit,
            older_than=older_than,
            unmarked=unmarked,
            on_progress=on_progress,
        )

    def repair(
        self,
        findings: Iterable[Finding],
        *,
        delete_orphans: bool = False,
        older_than: timedelta = timedelta(days=1),
        dry_run: bool = False,
    ) -> Iterator[Repair]:
        """Repair what a verification found, each as it is asked for.

        The last good copy of anything is never deleted: what is gone or
        altered is recorded as lost, a file that nobody has is registered if
        it says what it is, and left otherwise.

        Parameters
        ----------
        findings : iterable of `~butler.maintenance.findings.Finding`
            What `verify` found.
        delete_orphans : `bool`
            Whether to delete files that no dataset of any registry has, that
            were read whole, and that don't say what they are.
        older_than : `datetime.timedelta`
            Leave alone files that are younger: their writer may be at work.
        dry_run : `bool`
            Whether to plan only.

        Yields
        ------
        repair : `~butler.maintenance.repair.Repair`
            What was done, or why it wasn't.
        """
        from butler.maintenance.repair import Repairer

        repairer = Repairer(self._context, delete_orphans=delete_orphans, older_than=older_than)
        plan = repairer.plan(findings)
        return plan if dry_run else repairer.carry_out(plan)

    def reap(self, *, dry_run: bool = False) -> Iterator[ReapedFile]:
        """Delete what writers left that died before they put it, each file as it is asked for.

        Those are the files of the repository's datastores that no registry of
        the database knows, and that none takes any more, as the ids in their
        names are older than the grace period: none while a run is held. And
        temporary files as old as that, whatever is held.

        Parameters
        ----------
        dry_run : `bool`
            Whether to list them only.

        Yields
        ------
        file : `~butler.maintenance.reap.ReapedFile`
            What was deleted, or why it wasn't.
        """
        from butler.maintenance.reap import reap

        return reap(self._context, dry_run=dry_run)

    def end_dead_quanta(self, *, gone: Collection[str] = (), dry_run: bool = False) -> Iterator[DeadQuantum]:
        """Record that the quanta have died whose processes are gone, of all related registries.

        That is known of processes on this computer. One that ends all the
        same, as it was thought to be dead by mistake, corrects that.

        Parameters
        ----------
        gone : collection of `str`
            Computers that are no more: what ran there is dead, too.
        dry_run : `bool`
            Whether to list them only.

        Yields
        ------
        quantum : `~butler.maintenance.quanta.DeadQuantum`
            One that was running still.
        """
        from butler.maintenance.quanta import end_dead

        return end_dead(self._context, gone=names(gone, "gone"), dry_run=dry_run)
