"""Files that exist into a datastore of files."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from uuid import UUID

from butler.datastore.artifact_files import ArtifactFiles
from butler.datastore.fingerprint import (
    Fingerprint,
    changed_since,
    copy_file,
    file_status,
    fingerprint,
    read_through,
    regular_file,
)
from butler.datastore.format_errors import typed_read
from butler.datastore.formatters import Formatter
from butler.datastore.interfaces import FileIntake
from butler.datastore.parts import ZIP, look_at, reader_of, reads_members
from butler.datastore.paths import artifact_path, check_hint, file_uri
from butler.datastore.storage_classes import storage_class as find_storage_class
from butler.datastore.system_errors import typed
from butler.errors import ArtifactMissingError, ButlerError, ChecksumError, NotSupportedError
from butler.values import Artifact, IngestMode

__all__ = ["StorageIntake", "lies_within"]


class StorageIntake(FileIntake):
    """Copies or links files into a `~butler.datastore.storage.Storage`, or describes them where they are.

    Parameters
    ----------
    files : `~butler.datastore.artifact_files.ArtifactFiles`
        The datastore's.
    """

    def __init__(self, files: ArtifactFiles) -> None:
        self._files = files
        self._storage = files.storage

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
        """Take in one file as one artifact."""
        try:
            mode = IngestMode(mode)
        except ValueError as error:
            raise NotSupportedError(
                f"there is no ingest mode {mode!r}", hint=f"Modes are {', '.join(IngestMode)}."
            ) from error
        if mode == IngestMode.IN_PLACE:
            (described,) = self.describe_in_place(
                [(file, None)], storage_class, dataset_type, formatter, {file: parts}
            )
            if isinstance(described, ButlerError):
                raise described
            return (described,)
        whole = find_storage_class(storage_class)
        check_hint(hint)
        before = regular_file(file)
        reader = reader_of(self._files.formatters, formatter, dataset_type, whole, file, parts)
        if mode == IngestMode.MOVE:
            self._refuse_own(file)
        typed_read(reader, str(file), lambda: look_at(reader, file, parts))
        path = artifact_path(
            hint, dataset_id, "", ZIP if parts and reads_members(reader, file) else _extension(file, reader)
        )
        artifact = self._files.describe(path, reader, self._import(file, path, mode))
        if changed_since(before, file):
            self._storage.delete(path)
            raise _changed(file)
        return (artifact,)

    def describe_in_place(
        self,
        files: Sequence[tuple[Path, Fingerprint | None]],
        storage_class: str,
        dataset_type: str,
        formatter: str | None = None,
        parts: Mapping[Path, Sequence[str]] | None = None,
    ) -> list[Artifact | ButlerError]:
        """Look at each file, read it unless it is known, and look again."""
        whole = find_storage_class(storage_class)
        holds = cache(lambda folder: self._storage.holds(Path(folder)))

        def describe(file: Path, known: Fingerprint | None) -> Artifact:
            name = os.fspath(file)  # once: the system's calls would each ask the path for it
            wanted = (parts or {}).get(file, ())
            before = file_status(name) if known is None else regular_file(file)
            if holds(name[: name.rfind("/") + 1]):
                raise lies_within(file, self._files.datastore)
            if known is None:
                found, start = read_through(name)
                reader = reader_of(
                    self._files.formatters, formatter, dataset_type, whole, file, wanted, start
                )
                try:
                    typed_read(reader, name, lambda: look_at(reader, file, wanted))
                finally:  # a file that is being written may well be none of its format
                    if changed_since(before, name):
                        raise _changed(file)
                return self._files.describe(file_uri(name), reader, found)
            if known.size != before.st_size:
                raise _not_as_known(file, before.st_size, known.size)
            reader = reader_of(self._files.formatters, formatter, dataset_type, whole, file, wanted)
            if wanted:  # whoever knows the file's checksum need not know what is in it
                typed_read(reader, name, lambda: look_at(reader, file, wanted))
            return self._files.describe(file_uri(file), reader, known)

        described: list[Artifact | ButlerError] = []
        for file, known in files:
            try:
                described.append(describe(file, known))
            except ButlerError as error:
                described.append(error)
        return described

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
            self._files.storage_of(artifact).seal(artifact.file)

    def _import(self, file: Path, path: str, mode: IngestMode) -> Fingerprint:
        if mode in {IngestMode.HARDLINK, IngestMode.SYMLINK}:
            found = fingerprint(file)
            self._storage.link(file, path, symbolic=mode == IngestMode.SYMLINK)
            return found
        if mode == IngestMode.MOVE and self._may_link(file):
            found = fingerprint(file)
            try:
                self._storage.link(file, path, symbolic=False)
            except NotSupportedError:
                pass  # another file system: copied below
            else:
                return found
        with self._storage.create(path) as draft:
            found = copy_file(file, draft)
            if mode == IngestMode.MOVE and fingerprint(draft) != found:
                raise ChecksumError(
                    f"the copy of {str(file)!r} differs from it", hint="Check the datastore's disk."
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

    def _unlink_source(self, file: Path, artifacts: Sequence[Artifact]) -> None:
        self._refuse_own(file)
        found = fingerprint(file)
        for artifact in artifacts:
            if (artifact.size, artifact.sha256) != found or self._files.check(artifact, checksum=False):
                raise ChecksumError(
                    f"{str(file)!r} isn't what was ingested from it, so it stays",
                    hint="It has changed since; ingest it anew under another run, or keep it.",
                    details={"file": str(file), "path": artifact.path},
                )
        with typed(file):
            if not any(self._needs(artifact, file) for artifact in artifacts):
                file.unlink(missing_ok=True)

    def _needs(self, artifact: Artifact, file: Path) -> bool:
        """Whether the artifact would be gone with this name of it; another hard link would keep it."""
        storage = self._files.storage_of(artifact)
        if storage is not self._storage:
            return True  # nothing of it is here
        with storage.local(artifact.file) as stored:
            return stored.samefile(file) and (
                stored.resolve() == file.resolve() or stored.stat().st_nlink == 1
            )

    def _refuse_own(self, file: Path) -> None:
        if self._storage.holds(file.parent):
            raise lies_within(file, self._files.datastore)


def lies_within(file: Path, datastore: str) -> NotSupportedError:
    """Error for a file that is to be moved or ingested in place, but lies in a datastore already."""
    return NotSupportedError(
        f"{str(file)!r} lies in datastore {datastore!r} already: it may be another dataset's",
        hint="Ingest it with mode 'copy' or 'hardlink'.",
        details={"file": str(file), "datastore": datastore},
    )


def _extension(file: Path, formatter: Formatter) -> str:
    name = file.name.lower()
    fitting = [extension for extension in formatter.extensions if name.endswith(extension)]
    return max(fitting, key=len, default=formatter.extensions[0])


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
