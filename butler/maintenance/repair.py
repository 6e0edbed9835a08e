"""Repair what a verification found, without ever deleting the last good copy of anything.

A plan is made first, and nothing is done. Each of its steps is looked at
again when it is carried out, as hours may lie between, and can be carried out
twice, so that a repair that was cut short is simply begun anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import groupby, islice
from typing import TYPE_CHECKING
from uuid import UUID

from butler.context import Context
from butler.errors import ButlerError
from butler.maintenance.adoption import Adoption, Identity, Unidentified, disagreement
from butler.maintenance.deletion import Deletion
from butler.maintenance.file_checks import FileChecks
from butler.maintenance.findings import Fault, Finding
from butler.roots import Roots

if TYPE_CHECKING:
    from butler.datastore.interfaces import Datastore
    from butler.registry import Registry

__all__ = ["Action", "Repair", "Repairer"]

ORPHANS_AT_ONCE = 1000
_SURE_FOR = 10.0
"""Seconds for which what was found of a file that holds parts holds for its other parts."""


class Action(StrEnum):
    """What a repair does."""

    DELETE = "delete"
    """Deletes a file."""
    MARK_LOST = "mark lost"
    MARK_FOUND = "mark found"
    ADOPT = "adopt"
    """Registers a file as the dataset that it says it is."""
    RECOMPUTE = "recompute"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Repair:
    """One step of a repair.

    Parameters
    ----------
    action : `Action`
        What is, or was, to be done.
    finding : `~butler.maintenance.findings.Finding`
        What is repaired.
    reason : `str`
        Why it is left; as what it is adopted.
    outcome : `str`
        Empty in a plan; ``done``; else why it wasn't.
    """

    action: Action
    finding: Finding
    reason: str = ""
    outcome: str = ""
    identities: Mapping[str, Identity] = field(default_factory=dict, repr=False)
    """Of the files of the dataset that is adopted, by their paths."""
    since: datetime | None = field(default=None, repr=False)
    """Since when the file that is to be deleted was what it is."""

    @property
    def repaired(self) -> bool:
        """Whether it was carried out."""
        return self.outcome == "done"

    def __str__(self) -> str:
        about = f" ({self.reason})" if self.reason else ""
        return f"{self.action}{about}: {self.finding}{f': {self.outcome}' if self.outcome else ''}"


class Repairer:
    """Plans and carries out repairs of all the datastores that were compared.

    Parameters
    ----------
    context : `~butler.context.Context`
        Of which a verification found what is wrong.
    delete_orphans : `bool`
        Whether to delete files that nobody has, and that were read whole and
        don't say what they are. What can't be read, or says what it is, is
        left for whatever reason it can't be adopted.
    older_than : `datetime.timedelta`
        Leave alone files that are younger: their writer may be at work.
    """

    def __init__(
        self,
        context: Context,
        *,
        delete_orphans: bool = False,
        older_than: timedelta = timedelta(days=1),
    ) -> None:
        roots = Roots(context.registry, context.datastore)
        roots.check_all()
        self._of = {
            name: _DatastoreRepairer(context.registry, datastore, roots, delete_orphans, older_than)
            for name, datastore in context.datastore.members.items()
        }
        # What lies in no datastore, such as what the database derives, is any one's.
        self._of[""] = self._of[context.datastore.name]

    def plan(self, findings: Iterable[Finding]) -> Iterator[Repair]:
        """Say what would be done about each finding; nothing is done."""
        for name, some in groupby(findings, key=lambda finding: finding.datastore):
            if name in self._of:
                yield from self._of[name].plan(some)
            else:
                reason = f"its datastore {name!r} isn't configured here"
                yield from (Repair(Action.LEAVE, finding, reason) for finding in some)

    def carry_out(self, repairs: Iterable[Repair]) -> Iterator[Repair]:
        """Carry out the steps of a plan as they are asked for, and give them with their outcomes."""
        for name, some in groupby(repairs, key=lambda repair: repair.finding.datastore):
            if name in self._of:
                yield from self._of[name].carry_out(some)
            else:
                yield from (replace(repair, outcome="left") for repair in some)


class _DatastoreRepairer:
    """Plans and carries out repairs of one datastore."""

    def __init__(
        self,
        registry: Registry,
        datastore: Datastore,
        roots: Roots,
        delete_orphans: bool,
        older_than: timedelta,
    ) -> None:
        self._registry = registry
        self._datastore = datastore
        self._roots = roots
        self._delete_orphans = delete_orphans
        self._older_than = older_than
        self._adoption = Adoption(registry, datastore)
        self._deletion = Deletion(registry, datastore, older_than)
        self._checks = FileChecks(_SURE_FOR)

    @cached_property
    def _registries(self) -> dict[str, Registry]:
        return {registry.name: registry for registry in self._registry.related()}

    # The plan ------------------------------------------------------------

    def plan(self, findings: Iterable[Finding]) -> Iterator[Repair]:
        """Say what would be done about each finding; nothing is done."""
        orphans: list[Finding] = []
        for finding in findings:
            if finding.fault == Fault.ORPHAN:
                if len(orphans) >= ORPHANS_AT_ONCE and not self._of_one_dataset(orphans[-1], finding):
                    yield from self._plan_orphans(orphans)
                    orphans.clear()
                orphans.append(finding)
            else:
                yield self._plan(finding)
        yield from self._plan_orphans(orphans)

    def _of_one_dataset(self, finding: Finding, other: Finding) -> bool:
        dataset_id = self._datastore.inventory.id_in_path(finding.path)
        return dataset_id is not None and dataset_id == self._datastore.inventory.id_in_path(other.path)

    def _plan(self, finding: Finding) -> Repair:
        match finding.fault:
            case Fault.MISSING | Fault.SIZE | Fault.SHA256:
                return Repair(Action.MARK_LOST, finding)
            case Fault.FOUND:
                return Repair(Action.MARK_FOUND, finding)
            case Fault.OVERLAP | Fault.REGION | Fault.COUNTS:
                return Repair(Action.RECOMPUTE, finding)
            case Fault.IN_FLIGHT:
                return _leave_young(finding)
            case Fault.TEMPORARY:
                old = self._deletion.is_old(finding.path)
                return Repair(Action.DELETE, finding) if old else _leave_young(finding)
        return Repair(Action.LEAVE, finding, "it is for you to decide")

    def _plan_orphans(self, findings: Sequence[Finding]) -> Iterator[Repair]:
        identities = self._adoption.identities([finding.path for finding in findings])
        files: dict[UUID, dict[str, Identity]] = defaultdict(dict)
        for path, identity in identities.items():
            if isinstance(identity, Identity):
                files[identity.id][path] = identity
        refused = self._adoption.refused([next(iter(of.values())) for of in files.values()])
        asked = findings if self._delete_orphans else ()
        owned = self._deletion.owned([finding.path for finding in asked]) if asked else {}
        for finding in findings:
            identity = identities[finding.path]
            if isinstance(identity, Identity):
                reason = disagreement(files[identity.id].values()) or refused.get(identity.id, "")
                if not reason:
                    values = " ".join(f"{unit}={value}" for unit, value in identity.data_id.items())
                    part = f"{identity.component} of " if identity.component else ""
                    what = f"{part}{identity.dataset_type} {values} of run {identity.run}"
                    yield Repair(Action.ADOPT, finding, what, identities=files[identity.id])
                    continue
            else:
                reason = identity.reason
            if isinstance(identity, Unidentified) and identity.silent and finding.path not in owned:
                yield self._plan_deletion(finding, reason)
            else:
                yield Repair(Action.LEAVE, finding, owned.get(finding.path, reason))

    def _plan_deletion(self, finding: Finding, reason: str) -> Repair:
        """Plan to delete a file that says nothing, if that is asked for, and known by reading it."""
        if not self._delete_orphans:
            return Repair(Action.LEAVE, finding, reason)
        if not self._deletion.is_old(finding.path):
            return Repair(Action.LEAVE, finding, f"{reason}; its writer may be at work")
        since, kept = self._deletion.looked_at(finding.path)
        return Repair(Action.LEAVE if kept else Action.DELETE, finding, kept or reason, since=since)

    # Carrying it out -----------------------------------------------------

    def carry_out(self, repairs: Iterable[Repair]) -> Iterator[Repair]:
        """Carry out the steps of a plan as they are asked for, and give them with their outcomes.

        Files are deleted some at a time, for whose owners the registry is asked together: that reads all
        artifacts.
        """
        for deletes, steps in groupby(repairs, key=lambda repair: repair.action == Action.DELETE):
            while deletes and (together := list(islice(steps, ORPHANS_AT_ONCE))):
                yield from self._delete(together)
            for repair in steps:
                yield self._attempted(repair, self._carry_out)

    def _attempted(self, repair: Repair, carry_out: Callable[[Repair], str]) -> Repair:
        try:
            self._roots.check(self._datastore.name)
            return replace(repair, outcome=carry_out(repair) or "done")
        except (ButlerError, OSError) as error:
            message = error.message if isinstance(error, ButlerError) else str(error)
            return replace(repair, outcome=f"failed: {message}")

    def _carry_out(self, repair: Repair) -> str:
        """Carry out one step; returns why it wasn't done, or nothing."""
        finding = repair.finding
        match repair.action:
            case Action.MARK_LOST | Action.MARK_FOUND:
                return self._mark(repair)
            case Action.ADOPT:
                return self._adoption.adopt(finding.path, repair.identities)
            case Action.RECOMPUTE if finding.drift is not None:
                self._registries[finding.registry].maintenance.recompute([finding.drift])
                return ""
        return "left"

    def _delete(self, repairs: Sequence[Repair]) -> list[Repair]:
        """Delete files, but those that are somebody's by now."""
        # Reading them takes the time that it takes: whose they are is asked after it, right before they go.
        looked_at = {
            repair.finding.path: self._deletion.looked_at(repair.finding.path)
            for repair in repairs
            if repair.finding.fault == Fault.ORPHAN  # the name of a temporary file is a writer's word
        }
        try:
            owned = self._deletion.owned([repair.finding.path for repair in repairs])
        except ButlerError as error:
            return [replace(repair, outcome=f"failed: {error.message}") for repair in repairs]

        def delete(repair: Repair) -> str:
            path = repair.finding.path
            if reason := owned.get(path):
                return reason
            if path in looked_at:
                since, kept = looked_at[path]
                if kept or since != repair.since or since != self._datastore.inventory.modified(path):
                    return kept or "it has changed meanwhile"
            if not self._deletion.is_old(path):
                return "it has changed meanwhile"
            self._datastore.inventory.discard([path])
            return ""

        return [self._attempted(repair, delete) for repair in repairs]

    def _mark(self, repair: Repair) -> str:
        finding = repair.finding
        dataset_id = UUID(finding.dataset_id)
        registry = self._registries[finding.registry]
        recorded = next(
            (
                artifact
                for artifact in registry.lookup.get_dataset(dataset_id).artifacts or ()
                if (artifact.datastore, artifact.component) == (self._datastore.name, finding.component)
            ),
            None,
        )
        if recorded is None or recorded.path != finding.path:
            return "it isn't recorded any more"
        found = self._checks.check(self._datastore, recorded, checksum=True)
        self._roots.check(self._datastore.name)  # what was not found may have been unmounted
        if repair.action == Action.MARK_FOUND:
            if found:
                return "it isn't whole any more"
            marked = registry.maintenance.mark_found(self._datastore.name, [(dataset_id, recorded)])
        else:
            if found is None:
                return "it is whole now"
            marked = registry.maintenance.mark_lost(
                self._datastore.name, [(dataset_id, finding.component, found)]
            )
        return "" if marked else "it was done before"


def _leave_young(finding: Finding) -> Repair:
    return Repair(Action.LEAVE, finding, "its writer may be at work")
