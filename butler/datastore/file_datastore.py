"""The datastore that keeps each artifact as one file of a `Storage`."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from butler.datastore.base import Datastore
from butler.datastore.fingerprint import (
    Fingerprint,
    changed_since,
    copy_file,
    fingerprint,
    look_at,
    read_through,
    regular_file,
)
from butler.datastore.formatter_choice import FormatterChoice
from butler.datastore.formatters import Formatter, formatter_named
from butler.datastore.formatters.packing import packing_of
from butler.datastore.identify import identify
from butler.datastore.paths import artifact_path, check_hint, file_uri, id_in_name, is_file_uri, local_file
from butler.datastore.storage import Storage
from butler.datastore.storage_classes import StorageClass, storage_class
from butler.datastore.system_errors import refusal, typed
from butler.errors import (
    ArtifactMissingError,
    ButlerError,
    ChecksumError,
    FormatError,
    NotSupportedError,
    StorageClassError,
)
from butler.values import Artifact

__all__ = ["DEFAULT_TEMPLATE", "FileDatastore"]

DEFAULT_TEMPLATE = "{run}/{dataset_type}/{dataset_type}_{data_id}"
_MODES = ("copy", "move", "hardlink", "symlink", "in-place")


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
        self._name = name
        self._storage = storage
        self._templates = {"default": DEFAULT_TEMPLATE, **(templates or {})}
        self._formatters = FormatterChoice(formatters or {}, compression or {})
        self._disassemble = frozenset(disassemble)

    @property
    def name(self) -> str:
        """What artifacts call this datastore."""
        return self._name

    @property
    def root(self) -> str:
        """URI of the storage's root."""
        return self._storage.root

    def doubts(self) -> Iterator[str]:
        """Those of the storage."""
        return self._storage.doubts()

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
        kind = _storage_class(storage_class)
        check_hint(hint)
        kind.check_object(obj)
        if not kind.components or not self._disassemble & {dataset_type, storage_class}:
            return (self._write(obj, kind, "", dataset_id, hint, dataset_type, identity),)
        written: list[Artifact] = []
        try:
            parts = kind.load_delegate().disassemble(obj)
            # One file alone couldn't say whether the others are there.
            identity = {**identity, "components": sorted(parts)}
            for component, part in parts.items():
                part_class = kind.part(component)
                written.append(
                    self._write(part, part_class, component, dataset_id, hint, dataset_type, identity)
                )
        except BaseException:
            self.remove(written)
            raise
        return tuple(written)

    def _write(
        self,
        obj: Any,
        kind: StorageClass,
        component: str,
        dataset_id: UUID,
        hint: str,
        dataset_type: str,
        identity: Mapping[str, Any],
    ) -> Artifact:
        formatter = self._formatters.writer(kind, None if component else dataset_type)
        path = artifact_path(hint, dataset_id, component, formatter.extension)
        if component:
            identity = {**identity, "component": component}
        with self._storage.create(path) as draft:
            try:
                formatter.write(obj, draft, identity, storage_class=kind.name)
            except (ButlerError, OSError, MemoryError):
                raise
            except ImportError as error:
                raise _lacks_package(formatter, error) from error
            except Exception as error:  # a format's library may refuse an object by any exception
                raise StorageClassError(
                    f"{formatter.name} can't write this {kind.name}: {error}",
                    hint="Change the object, or configure another formatter for the dataset type.",
                    details={"formatter": formatter.name, "storage_class": kind.name},
                ) from error
            found = fingerprint(draft)
        return self._artifact(path, formatter, found, component)

    def ingest(
        self,
        file: Path,
        dataset_id: UUID,
        hint: str,
        storage_class: str,
        dataset_type: str,
        mode: str,
        formatter: str | None = None,
    ) -> tuple[Artifact, ...]:
        """Take in one file as one artifact."""
        if mode not in _MODES:
            raise NotSupportedError(
                f"There is no ingest mode {mode!r}", hint=f"Modes are {', '.join(_MODES)}."
            )
        if mode == "in-place":
            (found,) = self.in_place([(file, None)], storage_class, dataset_type, formatter)
            if isinstance(found, ButlerError):
                raise found
            return (found,)
        kind = _storage_class(storage_class)
        check_hint(hint)
        before = regular_file(file)
        reader = self._formatters.reader(formatter, dataset_type, kind, file)
        if mode == "move":
            self._refuse_own(file)
        _guarded(lambda: reader.validate(file), str(file), reader)
        path = artifact_path(hint, dataset_id, "", _extension(file, reader))
        artifact = self._artifact(path, reader, self._import(file, path, mode))
        if changed_since(before, file):
            self.remove((artifact,))
            raise _changed(file)
        return (artifact,)

    def in_place(
        self,
        files: Sequence[tuple[Path, Fingerprint | None]],
        storage_class: str,
        dataset_type: str,
        formatter: str | None = None,
    ) -> list[Artifact | ButlerError]:
        """Look at each file, read it unless it is known, and look again."""
        kind = _storage_class(storage_class)
        holds = cache(lambda folder: self._storage.holds(Path(folder)))

        def describe(file: Path, known: Fingerprint | None) -> Artifact:
            name = os.fspath(file)  # once: the system's calls would each ask the path for it
            before = look_at(name) if known is None else regular_file(file)
            if holds(name[: name.rfind("/") + 1]):
                raise self._own(file)
            if known is None:
                found, start = read_through(name)
                reader = self._formatters.reader(formatter, dataset_type, kind, file, start)
                try:
                    _guarded(lambda: reader.validate(file), str(file), reader)
                finally:  # a file that is being written may well be none of its format
                    if changed_since(before, name):
                        raise _changed(file)
                return self._artifact(file_uri(name), reader, found)
            if known.size != before.st_size:
                raise _not_as_known(file, before.st_size, known.size)
            reader = self._formatters.reader(formatter, dataset_type, kind, file)
            return self._artifact(file_uri(file), reader, known)

        described: list[Artifact | ButlerError] = []
        for file, known in files:
            try:
                described.append(describe(file, known))
            except ButlerError as error:
                described.append(error)
        return described

    def _import(self, file: Path, path: str, mode: str) -> Fingerprint:
        if mode in {"hardlink", "symlink"}:
            found = fingerprint(file)
            self._storage.link(file, path, symbolic=mode == "symlink")
            return found
        if mode == "move" and self._may_link(file):
            found = fingerprint(file)
            try:
                self._storage.link(file, path, symbolic=False)
            except NotSupportedError:
                pass  # another file system: copied below
            else:
                return found
        with self._storage.create(path) as draft:
            found = copy_file(file, draft)
            if mode == "move" and fingerprint(draft) != found:
                raise ChecksumError(
                    f"The copy of {str(file)!r} differs from it", hint="Check the datastore's disk."
                )
        return found

    def _may_link(self, file: Path) -> bool:
        # A file that has other names would stay shared with them, another's under his control.
        with typed(file):
            found = file.lstat()
        return (
            self._storage.supports_links
            and stat.S_ISREG(found.st_mode)
            and found.st_nlink == 1
            and os.geteuid() in {0, found.st_uid}
        )

    def finish_move(self, file: Path, artifacts: Sequence[Artifact]) -> None:
        """Unlink the source, if the artifact holds its bytes under another name."""
        if os.path.lexists(file):
            try:
                self._unlink_source(file, artifacts)
            except ArtifactMissingError:
                if os.path.lexists(file):
                    raise
                # Another process has finished the same move.
        for artifact in artifacts:
            if not is_file_uri(artifact.path):
                self._storage.seal(artifact.path)

    def _unlink_source(self, file: Path, artifacts: Sequence[Artifact]) -> None:
        self._refuse_own(file)
        found = fingerprint(file)
        for artifact in artifacts:
            if (artifact.size, artifact.sha256) != found or self.check(artifact, checksum=False):
                raise ChecksumError(
                    f"{str(file)!r} isn't what was ingested from it, so it stays",
                    hint="It has changed since; ingest it anew under another run, or keep it.",
                    details={"file": str(file), "path": artifact.path},
                )
        with typed(file):
            if not any(is_file_uri(artifact.path) or self._is_at(artifact, file) for artifact in artifacts):
                file.unlink(missing_ok=True)

    def _is_at(self, artifact: Artifact, file: Path) -> bool:
        """Whether the artifact would be gone with this name of it; another hard link would keep it."""
        with self._local(artifact) as stored:
            return stored.samefile(file) and (
                stored.resolve() == file.resolve() or stored.stat().st_nlink == 1
            )

    def _refuse_own(self, file: Path) -> None:
        if self._storage.holds(file.parent):
            raise self._own(file)

    def _own(self, file: Path) -> NotSupportedError:
        return NotSupportedError(
            f"{str(file)!r} lies in datastore {self._name!r} already: it may be another dataset's",
            hint="Ingest it with mode 'copy' or 'hardlink'.",
            details={"file": str(file)},
        )

    def expected_paths(
        self, dataset_id: UUID, hint: str, storage_class: str, dataset_type: str
    ) -> tuple[str, ...]:
        """Paths of the whole and of each component, for each formatter that could have been used."""
        kind = _storage_class(storage_class)
        parts = {"": kind} | {name: _storage_class(part) for name, part in kind.components.items()}
        return tuple(
            artifact_path(hint, dataset_id, component, extension)
            for component, part in parts.items()
            for extension in dict.fromkeys(
                extension
                for formatter in self._formatters.usable(part, None if component else dataset_type).values()
                for extension in formatter.extensions
            )
        )

    def discard(self, paths: Iterable[str]) -> None:
        """Delete the files and what writers of them left."""
        paths = list(paths)
        self._storage.sweep(paths)
        for path in paths:
            self._storage.delete(path)

    def remove(self, artifacts: Iterable[Artifact]) -> None:
        """Delete the artifacts inside the root."""
        for artifact in artifacts:
            if not is_file_uri(artifact.path):
                self._storage.delete(artifact.path)

    # Reading ----------------------------------------------------------------

    def get(
        self,
        artifacts: Sequence[Artifact],
        storage_class: str,
        component: str | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Any:
        """Read from one file, or put together what lies in several."""
        kind = _storage_class(storage_class)
        wanted = dict(parameters or {})
        if component is not None:
            kind.check_component(component)
        kind.check_parameters(component, wanted)
        by_component = {a.component: a for a in artifacts if a.datastore == self._name}
        if not by_component:
            raise ArtifactMissingError(
                f"No artifact of this {kind.name} is in datastore {self._name!r}",
                hint="Its bytes were removed, or lie in another datastore.",
            )
        if "" in by_component:
            return self._read(by_component[""], kind, component, wanted)
        if component is None:
            parts = {
                name: self._read_part(artifact, kind, name, wanted) for name, artifact in by_component.items()
            }
            return kind.load_delegate().assemble(parts, wanted)
        source = kind.derived.get(component, component)
        if source not in by_component:
            return None
        if source == component:
            return self._read_part(by_component[source], kind, component, wanted)
        return self._read(by_component[source], _storage_class(kind.components[source]), component, wanted)

    def _read_part(
        self, artifact: Artifact, whole: StorageClass, component: str, parameters: Mapping[str, Any]
    ) -> Any:
        part = _storage_class(whole.components[component])
        return self._read(
            artifact, part, None, {key: parameters[key] for key in parameters.keys() & part.parameters}
        )

    def _read(
        self, artifact: Artifact, kind: StorageClass, component: str | None, parameters: Mapping[str, Any]
    ) -> Any:
        if artifact.state == "lost" and (fault := self.check(artifact)):
            raise _lost(artifact.path, fault)
        formatter = formatter_named(artifact.formatter, f"artifact {artifact.path!r}")
        with self._local(artifact) as file:
            with typed(artifact.path):
                size = file.stat().st_size
            if size != artifact.size:
                raise ChecksumError(
                    f"{artifact.path!r} has {size} bytes; {artifact.size} were recorded",
                    hint="The file was changed or cut short: restore it from a copy.",
                    details={"path": artifact.path, "size": size, "recorded": artifact.size},
                )
            # What is unpacked from a damaged file may lack the very words that ask for a checksum.
            checked = formatter.detects_damage and packing_of(file) is None
            if not checked and fingerprint(file).sha256 != artifact.sha256:
                raise ChecksumError(
                    f"{artifact.path!r} isn't the file that was recorded",
                    hint="Its bytes have changed: restore it from a copy.",
                    details={"path": artifact.path},
                )
            return _guarded(
                lambda: formatter.read(
                    file, storage_class=kind.name, component=component, parameters=parameters
                ),
                artifact.path,
                formatter,
            )

    # Looking ----------------------------------------------------------------

    def uri(self, artifact: Artifact) -> str:
        """Root and path, or the path if that is whole."""
        return artifact.path if is_file_uri(artifact.path) else self.root + artifact.path

    def exists(self, artifact: Artifact) -> bool:
        """Whether the file is there."""
        if is_file_uri(artifact.path):
            with typed(artifact.path):
                return local_file(artifact.path).is_file()
        return self._storage.exists(artifact.path)

    def check(self, artifact: Artifact, *, checksum: bool = True) -> str | None:
        """Compare size and, if asked, SHA-256."""
        try:
            with self._local(artifact) as file, typed(artifact.path):
                if file.stat().st_size != artifact.size:
                    return "size"
                if checksum and fingerprint(file).sha256 != artifact.sha256:
                    return "sha256"
        except ArtifactMissingError:
            return "missing"
        return None

    def paths(self) -> Iterator[str]:
        """Every path of the storage."""
        return self._storage.paths()

    def is_temporary(self, path: str) -> bool:
        """As the storage names its temporary files."""
        return self._storage.is_temporary(path)

    def id_in_path(self, path: str) -> UUID | None:
        """By the name that `artifact_path` gives."""
        return id_in_name(Path(path))

    def modified(self, path: str) -> datetime:
        """As the storage says."""
        return self._storage.modified(path)

    def identify(self, path: str) -> dict[str, Any] | None:
        """As its format holds it."""
        with self._storage.local(path) as file:
            return identify(file)

    def describe(self, path: str, storage_class: str, dataset_type: str, component: str = "") -> Artifact:
        """By its content, as for a file that is ingested."""
        whole = _storage_class(storage_class)
        kind = whole.part(component) if component else whole
        with self._storage.local(path) as file:
            formatter = self._formatters.reader(None, None if component else dataset_type, kind, file)
            return self._artifact(path, formatter, fingerprint(file), component)

    def _local(self, artifact: Artifact) -> AbstractContextManager[Path]:
        if is_file_uri(artifact.path):
            return _in_place(artifact)
        return self._storage.local(artifact.path)

    def _artifact(self, path: str, formatter: Formatter, found: Fingerprint, component: str = "") -> Artifact:
        return Artifact(self._name, path, formatter.name, found.size, found.sha256, component)


def _changed(file: Path) -> ChecksumError:
    return ChecksumError(
        f"{str(file)!r} changed while it was ingested",
        hint="Ingest it when its writer has finished.",
        details={"file": str(file), "changed": True},
    )


def _not_as_known(file: Path, size: int, known: int) -> ChecksumError:
    return ChecksumError(
        f"{str(file)!r} has {size} bytes, not the {known} that are known of it",
        hint="Ingest it without size and checksum, to have it read.",
        details={"file": str(file), "size": size, "known": known},
    )


_storage_class = storage_class  # methods have parameters of that name


def _extension(file: Path, formatter: Formatter) -> str:
    name = file.name.lower()
    fitting = [extension for extension in formatter.extensions if name.endswith(extension)]
    return max(fitting, key=len, default=formatter.extensions[0])


@contextmanager
def _in_place(artifact: Artifact) -> Iterator[Path]:
    file = local_file(artifact.path)
    with typed(artifact.path):
        if not file.is_file():
            raise ArtifactMissingError(
                f"There is no file at {artifact.path!r}",
                hint="It was ingested in place and has been moved or deleted since.",
                details={"path": artifact.path},
            )
    yield file


def _lost(path: str, fault: str) -> ButlerError:
    kind = ArtifactMissingError if fault == "missing" else ChecksumError
    return kind(
        f"{path!r} is known to be lost: {'it is gone' if fault == 'missing' else 'its bytes have changed'}",
        hint="Restore it from a copy; then 'butler verify --repair' says that it is there again.",
        details={"path": path, "fault": fault},
    )


def _guarded(read: Callable[[], Any], path: str, formatter: Formatter) -> Any:
    try:
        return read()
    except (ButlerError, MemoryError):
        raise
    except ImportError as error:
        raise _lacks_package(formatter, error) from error
    except OSError as error:
        if error.errno is not None:
            raise refusal(error, path) from error
        raise _unreadable(path, formatter, error) from error
    except Exception as error:  # a format's library may fail on foreign bytes by any exception
        raise _unreadable(path, formatter, error) from error


def _lacks_package(formatter: Formatter, error: ImportError) -> NotSupportedError:
    return NotSupportedError(
        f"The formatter {formatter.name!r} lacks a package: {error}",
        hint=f"Install {error.name or 'it'}.",
    )


def _unreadable(path: str, formatter: Formatter, error: Exception) -> FormatError:
    return FormatError(
        f"{path!r} can't be read as {formatter.name}: {error}",
        hint="The file is damaged, or not of this format.",
        details={"path": path, "formatter": formatter.name},
    )
