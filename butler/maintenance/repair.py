"""Repair what a verification found, without ever deleting the last good copy of anything.

A plan is made first, and nothing is done. Each of its steps is looked at
again when it is carried out, as hours may lie between, and can be carried out
twice, so that a repair that was cut short is simply begun anew.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any
from uuid import UUID

from butler.context import Context
from butler.errors import ArtifactMissingError, ButlerError, CollectionNotFoundError
from butler.maintenance.findings import Fault, Finding
from butler.maintenance.reap import clear
from butler.provenance.environment import ENVIRONMENT
from butler.values import CollectionType

if TYPE_CHECKING:
    from butler.datastore.interfaces import Datastore
    from butler.registry import Registry
    from butler.registry.interfaces.puts import UnfinishedPut

__all__ = ["Repair", "Repairer"]

ORPHANS_AT_ONCE = 1000

_BY_NAME_ALONE = {"dataset_type": "", "run": "", "data_id": {}}
"""What a file doesn't say whose format has no room for it."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a file says it is."""

    id: UUID
    dataset_type: str
    run: str
    data_id: dict[str, Any]
    component: str = ""
    components: tuple[str, ...] = ("",)
    """All of the dataset's, each in a file."""

    @property
    def of_dataset(self) -> tuple[Any, ...]:
        """What all files of the dataset say."""
        return self.dataset_type, self.run, self.data_id, self.components


@dataclass(frozen=True, slots=True)
class Repair:
    """One step of a repair.

    Parameters
    ----------
    action : `str`
        ``reap`` a dead put; ``delete`` a file; ``mark lost`` or ``mark
        found`` an artifact; ``adopt`` a file as the dataset that it says it
        is; ``recompute``; or ``leave``.
    fault : `~butler.care.verification.Fault`
        What is repaired.
    reason : `str`
        Why it is left; as what it is adopted.
    outcome : `str`
        Empty in a plan; ``done``; else why it wasn't.
    """

    action: str
    fault: Fault
    reason: str = ""
    outcome: str = ""
    identities: Mapping[str, Identity] = field(default_factory=dict, repr=False)
    """Of the files of the dataset that is adopted, by their paths."""

    @property
    def repaired(self) -> bool:
        """Whether it was carried out."""
        return self.outcome == "done"

    def __str__(self) -> str:
        about = f" ({self.reason})" if self.reason else ""
        return f"{self.action}{about}: {self.fault}{f': {self.outcome}' if self.outcome else ''}"


class Repairer:
    """Plans and carries out repairs.

    Parameters
    ----------
    registry : `~butler.registry.Registry`
        Of which a verification found the faults, with those related to it.
    datastore : `~butler.datastore.Datastore`
        The datastore that was compared.
    delete_orphans : `bool`
        Whether to delete files that nobody has and that can't be adopted.
    older_than : `datetime.timedelta`
        Leave alone puts and files that are younger: their writer may be at
        work.
    """

    def __init__(
        self,
        registry: Registry,
        datastore: Datastore,
        *,
        delete_orphans: bool = False,
        older_than: timedelta = timedelta(days=1),
    ) -> None:
        self._registry = registry
        self._datastore = datastore
        self._delete_orphans = delete_orphans
        self._older_than = older_than

    @cached_property
    def _registries(self) -> dict[str, Registry]:
        return {registry.name: registry for registry in self._registry.related()}

    # The plan ------------------------------------------------------------

    def plan(self, faults: Iterable[Fault]) -> Iterator[Repair]:
        """Say what would be done about each fault; nothing is done."""
        orphans: list[Fault] = []
        for fault in faults:
            if fault.kind == "orphan":
                if len(orphans) >= ORPHANS_AT_ONCE and not self._of_one_dataset(orphans[-1], fault):
                    yield from self._plan_orphans(orphans)
                    orphans.clear()
                orphans.append(fault)
            else:
                yield self._plan(fault)
        yield from self._plan_orphans(orphans)

    def _of_one_dataset(self, fault: Fault, other: Fault) -> bool:
        dataset_id = self._datastore.id_in_path(fault.path)
        return dataset_id is not None and dataset_id == self._datastore.id_in_path(other.path)

    def _plan(self, fault: Fault) -> Repair:
        match fault.kind:
            case "missing" | "size" | "sha256":
                if self._is_empty:
                    return Repair("leave", fault, f"{self._datastore.root} is empty: is it mounted?")
                return Repair("mark lost", fault)
            case "found":
                return Repair("mark found", fault)
            case "overlap" | "region":
                return Repair("recompute", fault)
            case "unfinished":
                return Repair("reap", fault) if fault.dataset_id in self._dead_puts else _leave_young(fault)
            case "temporary":
                return Repair("delete", fault) if self._is_old(fault.path) else _leave_young(fault)
        return Repair("leave", fault, "it is for you to decide")

    @cached_property
    def _is_empty(self) -> bool:
        return next(iter(self._datastore.paths()), None) is None

    @cached_property
    def _dead_puts(self) -> dict[str, OpenIntent]:
        """Those that are old enough, by their ids."""
        return {
            str(intent.id): intent
            for registry in self._registries.values()
            for intent in registry.open_intents(self._older_than)
            if intent.datastore == self._datastore.name
        }

    def _is_old(self, path: str) -> bool:
        try:
            return self._datastore.modified(path) <= datetime.now(UTC) - self._older_than
        except ArtifactMissingError:
            return True

    def _plan_orphans(self, faults: Sequence[Fault]) -> Iterator[Repair]:
        identities = self._identities([fault.path for fault in faults])
        files: dict[UUID, dict[str, Identity]] = defaultdict(dict)
        for path, identity in identities.items():
            if isinstance(identity, Identity):
                files[identity.id][path] = identity
        taken = self._taken([next(iter(of.values())) for of in files.values()])
        owned = self._owned([fault.path for fault in faults]) if self._delete_orphans and faults else {}
        for fault in faults:
            identity = identities[fault.path]
            if isinstance(identity, Identity):
                reason = _unlike(files[identity.id].values()) or taken.get(identity.id, "")
            else:
                reason = identity
            if isinstance(identity, Identity) and not reason:
                labels = " ".join(f"{unit}={value}" for unit, value in identity.data_id.items())
                part = f"{identity.component} of " if identity.component else ""
                what = f"{part}{identity.dataset_type} {labels} of run {identity.run}"
                yield Repair("adopt", fault, what, identities=files[identity.id])
            elif not self._delete_orphans or fault.path in owned:
                yield Repair("leave", fault, owned.get(fault.path, reason))
            elif not self._is_old(fault.path):
                yield Repair("leave", fault, f"{reason}; its writer may be at work")
            else:
                yield Repair("delete", fault, reason)

    def _owned(self, paths: Sequence[str]) -> dict[str, str]:
        """Give those of these files that may be somebody's, and why.

        Wider than what verify calls an orphan: two datastores may have one
        folder under two spellings, so a name in any of them counts.
        """
        owned = dict.fromkeys(
            self._registry.claimed_files(None, self._datastore.root, paths),
            "a dataset has a file of this name",
        )
        of = {path: self._datastore.id_in_path(path) for path in paths}
        claims = self._registry.claims_of_datasets({i for i in of.values() if i is not None})
        begun = {claim.dataset_id for claim in claims if claim.hint is not None}
        names = {_name(claim.path) for claim in claims if claim.path is not None}
        for path, dataset_id in of.items():
            if dataset_id in begun:
                owned[path] = f"dataset {dataset_id} is being put"
            elif _name(path) in names:
                owned[path] = f"dataset {dataset_id} has a file of this name"
        return owned

    def _identities(self, paths: Iterable[str]) -> dict[str, Identity | str]:
        """Read what files say they are, or why that isn't enough to adopt them.

        A part whose format has no room for it is known by its name, and by what the others say.
        """
        identities = {path: self._identity(path) for path in paths}
        named = {i.id: i for i in identities.values() if isinstance(i, Identity) and i.dataset_type}
        for path, identity in identities.items():
            if isinstance(identity, Identity) and not identity.dataset_type:
                other = named.get(identity.id)
                identities[path] = (
                    "it doesn't say what it is"
                    if other is None
                    else replace(other, component=identity.component)
                )
        return identities

    def _identity(self, path: str) -> Identity | str:
        try:
            said = self._datastore.identify(path) or {}
            if said.keys() == {"id", "component"}:
                said = {**_BY_NAME_ALONE, **said}
            identity = Identity(
                UUID(said["id"]),
                str(said["dataset_type"]),
                str(said["run"]),
                dict(said["data_id"]),
                str(said.get("component", "")),
                tuple(sorted(map(str, said.get("components", [""])))),
            )
        except (ButlerError, OSError, ValueError) as error:
            return f"it can't be read: {error}"
        except (KeyError, TypeError):
            return "it doesn't say what it is"
        if identity.id != self._datastore.id_in_path(path):
            return f"its name isn't that of dataset {identity.id}, which it says it is"
        return identity

    def _taken(self, identities: Sequence[Identity]) -> dict[UUID, str]:
        """Give those that can't be registered, and why."""
        taken = {}
        begun = {claim.dataset_id for claim in self._registry.claims_of_datasets({i.id for i in identities})}
        for identity in identities:
            if identity.id in begun:
                taken[identity.id] = f"dataset {identity.id} has other files, or is being put"
                continue
            try:
                self._registry.dataset_type(identity.dataset_type)
                there = self._registry.find(
                    identity.dataset_type, identity.data_id, [identity.run], required=False
                )
            except CollectionNotFoundError:
                there = None
            except ButlerError as error:
                taken[identity.id] = error.message
                continue
            if there is not None:
                taken[identity.id] = f"run {identity.run} has its labels: dataset {there.id}"
        return taken

    # Carrying it out -----------------------------------------------------

    def carry_out(self, repairs: Iterable[Repair]) -> Iterator[Repair]:
        """Carry out the steps of a plan as they are asked for, and give them with their outcomes.

        Files are deleted some at a time, for whose owners the registry is asked together: that reads all
        artifacts.
        """
        for deletes, steps in groupby(repairs, key=lambda repair: repair.action == "delete"):
            while deletes and (together := list(islice(steps, ORPHANS_AT_ONCE))):
                yield from self._delete(together)
            for repair in steps:
                yield self._attempted(repair, self._carry_out)

    def _attempted(self, repair: Repair, carry_out: Callable[[Repair], str]) -> Repair:
        try:
            return replace(repair, outcome=carry_out(repair) or "done")
        except (ButlerError, OSError) as error:
            message = error.message if isinstance(error, ButlerError) else str(error)
            return replace(repair, outcome=f"failed: {message}")

    def _carry_out(self, repair: Repair) -> str:
        """Carry out one step; returns why it wasn't done, or nothing."""
        fault = repair.fault
        match repair.action:
            case "reap":
                return self._reap(fault)
            case "mark lost" | "mark found":
                return self._mark(repair)
            case "adopt":
                return self._adopt(repair)
            case "recompute" if fault.drift is not None:
                self._registries[fault.registry].recompute([fault.drift])
                return ""
        return "left"

    def _reap(self, fault: Fault) -> str:
        registry = self._registries[fault.registry]
        put = self._dead_puts[fault.dataset_id]
        if put.id not in registry.abandon_put([put.id]):
            return "it has ended meanwhile"
        if failure := clear(self._datastore, put):
            return f"failed: {failure}"
        registry.forget_puts([put.id])
        return ""

    def _delete(self, repairs: Sequence[Repair]) -> list[Repair]:
        """Delete files, but those that are somebody's by now."""
        try:
            owned = self._owned([repair.fault.path for repair in repairs])
        except ButlerError as error:
            return [replace(repair, outcome=f"failed: {error.message}") for repair in repairs]

        def delete(repair: Repair) -> str:
            path = repair.fault.path
            if not self._is_old(path):
                return "it has changed meanwhile"
            if reason := owned.get(path):
                return reason
            self._datastore.discard([path])
            return ""

        return [self._attempted(repair, delete) for repair in repairs]

    def _mark(self, repair: Repair) -> str:
        fault = repair.fault
        dataset_id = UUID(fault.dataset_id)
        registry = self._registries[fault.registry]
        recorded = next(
            (
                artifact
                for artifact in registry.get_dataset(dataset_id).artifacts
                if (artifact.datastore, artifact.component) == (self._datastore.name, fault.component)
            ),
            None,
        )
        if recorded is None or recorded.path != fault.path:
            return "it isn't recorded any more"
        found = self._datastore.check(recorded)
        if repair.action == "mark found":
            if found:
                return "it isn't whole any more"
            marked = registry.mark_found(self._datastore.name, [(dataset_id, recorded)])
        else:
            if found is None:
                return "it is whole now"
            marked = registry.mark_lost(self._datastore.name, [(dataset_id, fault.component, found)])
        return "" if marked else "it was done before"

    def _adopt(self, repair: Repair) -> str:
        identity = repair.identities[repair.fault.path]
        if self._identities(repair.identities) != repair.identities:
            return "it has changed meanwhile"
        if len(repair.identities) > 1 and self._is_filed(identity.id, repair.fault.path):
            return ""  # with another of its files
        if reason := self._taken([identity]).get(identity.id):
            return reason
        storage_class = self._registry.dataset_type(identity.dataset_type).storage_class
        artifacts = [
            self._datastore.describe(path, storage_class, identity.dataset_type, said.component)
            for path, said in repair.identities.items()
        ]
        self._registry.register_collection(identity.run, "run")
        self._registry.file_datasets(
            identity.run,
            identity.dataset_type,
            self._datastore.name,
            [(identity.id, identity.data_id, artifact) for artifact in artifacts],
        )
        if identity.dataset_type == ENVIRONMENT:
            self._registry.set_run_environment(identity.run, identity.id)
        return ""

    def _is_filed(self, dataset_id: UUID, path: str) -> bool:
        claims = self._registry.claims_of_datasets([dataset_id])
        return (self._datastore.name, path) in {(claim.datastore, claim.path) for claim in claims}


def _unlike(files: Collection[Identity]) -> str:
    """Say why files that say one id aren't one dataset; nothing if they are."""
    first = next(iter(files))
    if any(file.of_dataset != first.of_dataset or file.component not in first.components for file in files):
        return "the files of its dataset don't agree"
    found = Counter(file.component for file in files)
    if found.total() > len(found):
        return "another file says the same"
    if missing := sorted(set(first.components) - set(found)):
        return f"it is a part of a dataset that lacks {', '.join(missing)}"
    return ""


def _leave_young(fault: Fault) -> Repair:
    return Repair("leave", fault, "its writer may be at work")


def _name(path: str) -> str:
    return path.rpartition("/")[2]
