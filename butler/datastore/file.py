"""The datastore that keeps each artifact as one file of a `Storage`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any
from uuid import UUID

from butler.datastore.artifact_files import ArtifactFiles
from butler.datastore.fingerprint import fingerprint, fingerprint_of
from butler.datastore.format_errors import typed_read, typed_write
from butler.datastore.formatter_choice import FormatterChoice
from butler.datastore.formatters import DocumentFormatter, formatter_named
from butler.datastore.formatters.packing import packing_of
from butler.datastore.intake import StorageIntake
from butler.datastore.interfaces import Datastore
from butler.datastore.inventory import StorageInventory
from butler.datastore.lots import Lot
from butler.datastore.marks import RootMark
from butler.datastore.parts import read_artifact, reads_members
from butler.datastore.paths import artifact_path, check_hint
from butler.datastore.selection import read_components, select
from butler.datastore.storage import Storage, WritesDocuments, WritesLots
from butler.datastore.storage_classes import StorageClass
from butler.datastore.storage_classes import storage_class as find_storage_class
from butler.datastore.system_errors import typed
from butler.errors import ArtifactMissingError, ChecksumError
from butler.values import Artifact, ArtifactFault, ArtifactState

__all__ = ["DEFAULT_TEMPLATE", "FileDatastore"]

DEFAULT_TEMPLATE = "{run}/{dataset_type}/{dataset_type}_{data_id}"


class FileDatastore(Datastore):
    """One file an artifact, over any `Storage`.

    Parameters
    ----------
    name : `str`
        What artifacts call it.
    storage : `~butler.datastore.storage.Storage`
        Where the bytes go.
    templates, formatters, compression : `~collections.abc.Mapping`, optional
        By dataset type or storage class; see
        `~butler.datastore.open_datastore`.
    disassemble : `~collections.abc.Iterable` [`str`], optional
        Dataset types and storage classes to write one component a file.
    """

    def __init__(
        self,
        name: str,
        storage: Storage,
        *,
        templates: Mapping[str, str] | None = None,
        formatters: Mapping[str, str] | None = None,
        compression: Mapping[str, str] | None = None,
        disassemble: Iterable[str] = (),
    ) -> None:
        self._storage = storage
        self._templates = {"default": DEFAULT_TEMPLATE, **(templates or {})}
        self._disassemble = frozenset(disassemble)
        self._files = ArtifactFiles(name, storage, FormatterChoice(formatters or {}, compression or {}))
        self._intake = StorageIntake(self._files)
        self._inventory = StorageInventory(self._files)

    @property
    def name(self) -> str:
        """What artifacts call this datastore."""
        return self._files.datastore

    @property
    def root(self) -> str:
        """URI of the storage's root."""
        return self._storage.root

    @property
    def intake(self) -> StorageIntake:
        """Copies, links and describes files."""
        return self._intake

    @property
    def inventory(self) -> StorageInventory:
        """The storage's files."""
        return self._inventory

    @property
    def mark(self) -> RootMark:
        """That of the storage's root."""
        return self._storage.mark

    def warnings(self) -> Iterator[str]:
        """Those of the storage."""
        return self._storage.warnings()

    def template(self, dataset_type: str, storage_class: str) -> str:
        """Configured template, by dataset type, else storage class, else the default."""
        for key in (dataset_type, storage_class):
            if key in self._templates:
                return self._templates[key]
        return self._templates["default"]

    # Writing ----------------------------------------------------------------

    def put(
        self,
        obj: Any,
        dataset_id: UUID,
        hint: str,
        storage_class: str,
        dataset_type: str,
        identity: Mapping[str, Any],
    ) -> tuple[Artifact, ...]:
        """Write an object, whole or one file a component."""
        whole = find_storage_class(storage_class)
        check_hint(hint)
        whole.check_object(obj)
        if not whole.components or not self._disassemble & {dataset_type, storage_class}:
            return (self._write(obj, whole, "", dataset_id, hint, dataset_type, identity),)
        written: list[Artifact] = []
        try:
            parts = whole.load_delegate().disassemble(obj)
            # One file alone couldn't say whether the others are there.
            identity = {**identity, "components": sorted(parts)}
            for component, part in parts.items():
                held = whole.part(component)
                written.append(self._write(part, held, component, dataset_id, hint, dataset_type, identity))
        except BaseException:
            self.remove(written)
            raise
        return tuple(written)

    def lot(self) -> Lot[Datastore]:
        """A lot of the storage, if that writes any."""
        if not isinstance(self._storage, WritesLots):
            return super().lot()
        files = self._storage.lot()
        writer = copy(self)
        writer._storage = files.writer
        writer._files = replace(self._files, storage=files.writer)
        writer._intake = StorageIntake(writer._files)
        return Lot(writer, files.flush)

    def _write(
        self,
        obj: Any,
        held: StorageClass,
        component: str,
        dataset_id: UUID,
        hint: str,
        dataset_type: str,
        identity: Mapping[str, Any],
    ) -> Artifact:
        formatter = self._files.formatters.writer(held, None if component else dataset_type)
        path = artifact_path(hint, dataset_id, component, formatter.extension)
        if component:
            identity = {**identity, "component": component}
        if isinstance(formatter, DocumentFormatter) and isinstance(self._storage, WritesDocuments):
            content = typed_write(
                formatter, held.name, lambda: formatter.encode(obj, identity, storage_class=held.name)
            )
            self._storage.write(path, content)
            return self._files.describe(path, formatter, fingerprint_of(content), component)
        with self._storage.create(path) as draft:
            typed_write(
                formatter, held.name, lambda: formatter.write(obj, draft, identity, storage_class=held.name)
            )
            found = fingerprint(draft)
        return self._files.describe(path, formatter, found, component)

    def remove(self, artifacts: Iterable[Artifact]) -> None:
        """Delete the artifacts inside the root."""
        for storage, path in [(self._files.storage_of(artifact), artifact.file) for artifact in artifacts]:
            storage.delete(path)

    # Reading ----------------------------------------------------------------

    def get(
        self,
        artifacts: Sequence[Artifact],
        storage_class: str,
        component: str | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Any:
        """Read from one file, or put together what lies in several."""
        whole = find_storage_class(storage_class)
        wanted = dict(parameters or {})
        if component is not None:
            whole.check_component(component)
        whole.check_parameters(component, wanted)
        chosen = select(artifacts, (self.name,), whole, component)
        if "" in chosen:
            return self._read(chosen[""], whole, component, wanted)

        def read(name: str, parameters: Mapping[str, Any]) -> Any:
            held = whole.derived.get(name, name)
            return self._read(chosen[held], whole.part(held), None if name == held else name, parameters)

        return read_components(chosen, whole, component, wanted, read)

    def _read(
        self, artifact: Artifact, held: StorageClass, component: str | None, parameters: Mapping[str, Any]
    ) -> Any:
        if artifact.state == ArtifactState.LOST and (fault := self.check(artifact)):
            raise _lost(artifact.path, fault)
        formatter = formatter_named(artifact.formatter, f"artifact {artifact.path!r}")
        with self._files.storage_of(artifact).local(artifact.file) as file:
            with typed(artifact.file):
                size = file.stat().st_size
            if size != artifact.size:
                raise ChecksumError(
                    f"{artifact.path!r} has {size} bytes; {artifact.size} were recorded",
                    hint="The file was changed or cut short: restore it from a copy.",
                    details={"path": artifact.path, "size": size, "recorded": artifact.size},
                )
            # What is unpacked from a damaged file may lack the very words that ask for a checksum.
            # What has no bytes is read at once; a formatter might wait for some.
            unpacked = packing_of(file) is None and not (artifact.part and reads_members(formatter, file))
            checked = bool(size) and formatter.detects_damage and unpacked
            if not checked and fingerprint(file).sha256 != artifact.sha256:
                raise ChecksumError(
                    f"{artifact.path!r} isn't the file that was recorded",
                    hint="Its bytes have changed: restore it from a copy.",
                    details={"path": artifact.path},
                )
            return typed_read(
                formatter,
                artifact.path,
                lambda: read_artifact(
                    formatter,
                    file,
                    artifact.part,
                    storage_class=held.name,
                    component=component,
                    parameters=parameters,
                ),
            )

    # Looking ----------------------------------------------------------------

    def uri(self, artifact: Artifact) -> str:
        """Root and path of the file; of one in place the path, which is whole."""
        return self._files.storage_of(artifact).root + artifact.file

    def exists(self, artifact: Artifact) -> bool:
        """Whether the file is there."""
        return self._files.storage_of(artifact).exists(artifact.file)

    def check(self, artifact: Artifact, *, checksum: bool = True) -> ArtifactFault | None:
        """Compare size and, if asked, SHA-256."""
        return self._files.check(artifact, checksum=checksum)


def _lost(path: str, fault: ArtifactFault) -> ArtifactMissingError | ChecksumError:
    missing = fault == ArtifactFault.MISSING
    return (ArtifactMissingError if missing else ChecksumError)(
        f"{path!r} is known to be lost: {'it is gone' if missing else 'its bytes have changed'}",
        hint="Restore it from a copy; then 'butler verify --repair' says that it is there again.",
        details={"path": path, "fault": fault},
    )
