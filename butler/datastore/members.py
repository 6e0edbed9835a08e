"""Several datastores as one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import cache
from itertools import chain, permutations
from pathlib import Path
from typing import Any
from uuid import UUID

from butler.datastore.fingerprint import Fingerprint
from butler.datastore.intake import lies_within
from butler.datastore.interfaces import Datastore, FileIntake, Inventory
from butler.datastore.lots import Lot
from butler.datastore.marks import RootMark
from butler.datastore.paths import local_file
from butler.datastore.selection import not_configured, read_components, select
from butler.datastore.storage_classes import storage_class as find_storage_class
from butler.errors import ButlerError, ConfigError, NotSupportedError, nearest
from butler.values import Artifact, ArtifactFault, IngestMode

__all__ = ["Datastores"]


class Datastores(Datastore):
    """Reads each artifact from its own datastore, and writes to one of them.

    A dataset may have copies in several: the first that isn't known to be
    lost is read, in the members' order. Its components may also lie in
    several. An artifact of a datastore that isn't among them is an error,
    unless it is a copy that isn't needed: nobody here knows whether its bytes
    are there.

    Parameters
    ----------
    members : `~collections.abc.Sequence` [`~butler.datastore.Datastore`]
        Any datastores; also such that have members of their own.
    default : `str`
        Name of the member that is written to.

    Raises
    ------
    ConfigError
        If no member has that name, two have the same, or the root of one is,
        or lies inside, that of another.
    """

    def __init__(self, members: Sequence[Datastore], default: str) -> None:
        self._direct = tuple(members)
        self._members: dict[str, Datastore] = {}
        self._owners: dict[str, Datastore] = {}
        for owner in self._direct:
            for name, member in owner.members.items():
                if name in self._members:
                    raise ConfigError(
                        f"two datastores are named {name!r}",
                        hint="Rename one: artifacts are found by the name of their datastore.",
                        details={"name": name},
                    )
                self._members[name] = member
                self._owners[name] = owner
        self._folders = {
            name: Path(os.path.realpath(local_file(member.root)))
            for name, member in self._members.items()
            if member.root.startswith("file:///")
        }
        self._refuse_shared_roots()
        named = {member.name: member for member in self._direct}
        if default not in named:
            raise ConfigError(
                f"there is no datastore {default!r} to write to",
                hint=nearest(default, named),
                details={"default": default, "datastores": list(named)},
            )
        self._default = named[default]

    def _refuse_shared_roots(self) -> None:
        for outer, inner in permutations(self._members, 2):
            root = self._members[outer].root
            folder, within = self._folders.get(outer), self._folders.get(inner)
            if self._members[inner].root == root or (folder and within and within.is_relative_to(folder)):
                raise ConfigError(
                    f"datastore {inner!r} lies in the root of datastore {outer!r}, {root}",
                    hint="Give each a root of its own: what one has would be the other's orphans.",
                    details={"datastores": [outer, inner], "root": root},
                )

    @property
    def name(self) -> str:
        """Of the member that is written to."""
        return self._default.name

    @property
    def root(self) -> str:
        """Of the member that is written to."""
        return self._default.root

    @property
    def members(self) -> Mapping[str, Datastore]:
        """All by their names, also the members of members."""
        return self._members

    @property
    def intake(self) -> FileIntake:
        """Takes files into the member that is written to."""
        return _Intake(self, self._default.intake)

    @property
    def inventory(self) -> Inventory:
        """Of the member that is written to."""
        return self._default.inventory

    @property
    def mark(self) -> RootMark:
        """Of the member that is written to."""
        return self._default.mark

    def warnings(self) -> Iterator[str]:
        """Those of all members."""
        return chain.from_iterable(member.warnings() for member in self._direct)

    def template(self, dataset_type: str, storage_class: str) -> str:
        """Of the member that is written to."""
        return self._default.template(dataset_type, storage_class)

    def put(
        self,
        obj: Any,
        dataset_id: UUID,
        hint: str,
        storage_class: str,
        dataset_type: str,
        identity: Mapping[str, Any],
    ) -> tuple[Artifact, ...]:
        """Write to the default."""
        return self._default.put(obj, dataset_id, hint, storage_class, dataset_type, identity)

    def lot(self) -> Lot[Datastore]:
        """A lot of the default."""
        lot = self._default.lot()
        writer = copy(self)
        writer._default = lot.writer
        return Lot(writer, lot.flush)

    def get(
        self,
        artifacts: Sequence[Artifact],
        storage_class: str,
        component: str | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Any:
        """Read from the member that has all that is needed, or put together what lies in several."""
        datastores = {artifact.datastore for artifact in artifacts}
        if len(datastores) == 1 and (only := self._owners.get(datastores.pop())) is not None:
            return only.get(artifacts, storage_class, component, parameters)
        whole = find_storage_class(storage_class)
        chosen = select(artifacts, list(self._members), whole, component)
        owners = {part: self._owner(artifact) for part, artifact in chosen.items()}

        def share(owner: Datastore) -> list[Artifact]:
            return [artifact for artifact in artifacts if artifact.datastore in owner.members]

        if len({owner.name for owner in owners.values()}) == 1:
            owner = next(iter(owners.values()))
            return owner.get(share(owner), storage_class, component, parameters)
        wanted = dict(parameters or {})
        if component is not None:
            whole.check_component(component)
        whole.check_parameters(component, wanted)

        def read(name: str, parameters: Mapping[str, Any]) -> Any:
            owner = owners[whole.derived.get(name, name)]
            return owner.get(share(owner), storage_class, name, parameters)

        return read_components(chosen, whole, component, wanted, read)

    def uri(self, artifact: Artifact) -> str:
        """As the artifact's own datastore says."""
        return self._owner(artifact).uri(artifact)

    def exists(self, artifact: Artifact) -> bool:
        """As the artifact's own datastore says."""
        return self._owner(artifact).exists(artifact)

    def check(self, artifact: Artifact, *, checksum: bool = True) -> ArtifactFault | None:
        """As the artifact's own datastore finds."""
        return self._owner(artifact).check(artifact, checksum=checksum)

    def remove(self, artifacts: Iterable[Artifact]) -> None:
        """Remove each from its own datastore; nothing if one is of none that is here."""
        for owner, share in self.shares(artifacts):
            owner.remove(share)

    def shares(self, artifacts: Iterable[Artifact]) -> list[tuple[Datastore, list[Artifact]]]:
        """Sort artifacts by the member that has them.

        Raises
        ------
        ConfigError
            If one is of a datastore that isn't here.
        """
        shares: dict[str, tuple[Datastore, list[Artifact]]] = {}
        for artifact in artifacts:
            owner = self._owner(artifact)
            shares.setdefault(owner.name, (owner, []))[1].append(artifact)
        return list(shares.values())

    def other_at(self, folder: Path) -> str | None:
        """Name the member whose files lie in a local folder, if it isn't the default: that knows its own."""
        others = {name: root for name, root in self._folders.items() if name != self._default.name}
        if not others:  # of most repositories: nothing is asked of the file system
            return None
        folder = folder.resolve()
        return next((name for name, root in others.items() if folder.is_relative_to(root)), None)

    def _owner(self, artifact: Artifact) -> Datastore:
        if artifact.datastore not in self._owners:
            raise not_configured(artifact, self._owners)
        return self._owners[artifact.datastore]


class _Intake(FileIntake):
    """Takes files into the default, but none that lies in another member."""

    def __init__(self, datastores: Datastores, default: FileIntake) -> None:
        self._datastores = datastores
        self._default = default

    def ingest(
        self,
        file: Path,
        dataset_id: UUID,
        hint: str,
        storage_class: str,
        dataset_type: str,
        mode: IngestMode,
        formatter: str | None = None,
        parts: Sequence[str] = (),
    ) -> tuple[Artifact, ...]:
        """Take a file into the default."""
        if mode in {IngestMode.MOVE, IngestMode.IN_PLACE}:
            self._refuse_held(file)
        return self._default.ingest(
            file, dataset_id, hint, storage_class, dataset_type, mode, formatter, parts
        )

    def describe_in_place(
        self,
        files: Sequence[tuple[Path, Fingerprint | None]],
        storage_class: str,
        dataset_type: str,
        formatter: str | None = None,
        parts: Mapping[Path, Sequence[str]] | None = None,
    ) -> list[Artifact | ButlerError]:
        """Describe files as the default's; those that lie in a member are refused, and not read."""
        other_at = cache(lambda folder: self._datastores.other_at(Path(folder)))
        held = [other_at(os.path.dirname(file)) for file, _ in files]
        others = [each for each, member in zip(files, held, strict=True) if member is None]
        described = iter(
            self._default.describe_in_place(others, storage_class, dataset_type, formatter, parts)
        )
        return [
            next(described) if member is None else lies_within(file, member)
            for (file, _), member in zip(files, held, strict=True)
        ]

    def finish_move(self, file: Path, artifacts: Sequence[Artifact]) -> None:
        """Unlink the source, by the one member that has its bytes.

        Raises
        ------
        NotSupportedError
            Also if several members have artifacts of it: one of them may
            name the source.
        """
        shares = self._datastores.shares(artifacts)
        if os.path.lexists(file):
            self._refuse_held(file)
            if len(shares) > 1:
                raise NotSupportedError(
                    f"{str(file)!r} stays: its dataset lies in several datastores,"
                    f" {', '.join(owner.name for owner, _ in shares)}",
                    hint="Delete it yourself, if none of them names it.",
                    details={"file": str(file), "datastores": [owner.name for owner, _ in shares]},
                )
        for owner, share in shares:
            owner.intake.finish_move(file, share)

    def _refuse_held(self, file: Path) -> None:
        if name := self._datastores.other_at(file.parent):
            raise lies_within(file, name)
