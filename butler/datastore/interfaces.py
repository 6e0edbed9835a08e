"""What a datastore is: three small interfaces.

A `Datastore` turns objects into artifacts and back. What takes in files that
exist, and what knows everything that lies in it, are parts that a datastore
may have or lack: its `FileIntake` and its `Inventory`.
``butler.testing.datastore`` is the suite that shows one right.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from butler.datastore.fingerprint import Fingerprint
from butler.datastore.marks import RootMark
from butler.errors import ButlerError, NotSupportedError
from butler.values import Artifact, ArtifactFault, IngestMode

__all__ = ["Datastore", "FileIntake", "Inventory", "inventory_of"]


class Datastore(ABC):
    """Reads and writes the artifacts of datasets.

    An artifact's path is percent-encoded. It is relative to `root` for what
    the datastore holds, and a whole ``file:///…`` URI for a file that was
    ingested in place. An artifact of a datastore that isn't among `members`
    is neither missing nor done with: whatever is asked of it is a
    `~butler.errors.ConfigError`; only a copy that isn't needed may be.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """What artifacts call this datastore; of several together, the one that is written to."""

    @property
    @abstractmethod
    def root(self) -> str:
        """URI that relative artifact paths continue; percent-encoded, ends in a slash."""

    @property
    def members(self) -> Mapping[str, Datastore]:
        """The datastores that artifacts are in, by their names: itself, unless it holds others."""
        return {self.name: self}

    @property
    def intake(self) -> FileIntake:
        """What takes in files that exist.

        Raises
        ------
        NotSupportedError
            If this datastore only takes objects.
        """
        raise self._lacks("intake of files")

    @property
    def inventory(self) -> Inventory:
        """What knows everything that lies in the datastore; of several together, in the one written to.

        Raises
        ------
        NotSupportedError
            If this datastore can't list what it has.
        """
        raise self._lacks("inventory")

    @property
    def mark(self) -> RootMark:
        """What bears the mark that says whose the root is; of several together, that of the one written to.

        Raises
        ------
        NotSupportedError
            If this datastore has none: then no Butler writes to it.
        """
        raise self._lacks("mark")

    def _lacks(self, capability: str) -> NotSupportedError:
        return NotSupportedError(
            f"datastore {self.name!r} ({type(self).__name__}) has no {capability}",
            hint="Use a datastore that has, such as one of files.",
            details={"datastore": self.name, "capability": capability},
        )

    def warnings(self) -> Iterator[str]:
        """Say in a sentence each why what is stored may not be safe from others."""
        return iter(())

    @abstractmethod
    def template(self, dataset_type: str, storage_class: str) -> str:
        """File-name template for a dataset type, to be filled into a hint.

        Looked up by dataset type, then by storage class, then the default.
        """

    @abstractmethod
    def put(
        self,
        obj: Any,
        dataset_id: UUID,
        hint: str,
        storage_class: str,
        dataset_type: str,
        identity: Mapping[str, Any],
    ) -> tuple[Artifact, ...]:
        """Write an object.

        Parameters
        ----------
        obj : object
            An instance of the storage class's Python type.
        dataset_id : `uuid.UUID`
            Makes the path unique.
        hint : `str`
            The filled template: a relative path without an extension.
        storage_class, dataset_type : `str`
            Choose formatter and layout.
        identity : `~collections.abc.Mapping`
            What the file says about itself: ``id``, ``dataset_type``,
            ``run``, ``data_id``, ``inputs``; anything that JSON can carry.

        Returns
        -------
        artifacts : `tuple` [`~butler.values.Artifact`]
            One, or one a component where the datastore takes it apart: each
            of the datastore called `name`, as a put goes to one as yet, at a
            path that is this dataset's alone, as `remove` is called for it if
            the put can't be finished.

        Raises
        ------
        StorageClassError
            If the object isn't of the storage class, or its format can't
            hold it.
        InvalidNameError
            If the hint isn't a safe relative path.
        DatasetExistsError
            If the path is taken.

        Notes
        -----
        After any exception nothing of the object is left.
        """

    @abstractmethod
    def get(
        self,
        artifacts: Sequence[Artifact],
        storage_class: str,
        component: str | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Any:
        """Read a dataset, or a component or a part of it.

        Parameters
        ----------
        artifacts : `~collections.abc.Sequence` [`~butler.values.Artifact`]
            All of the dataset's.
        storage_class : `str`
            What to return.
        component : `str`, optional
            Read this component alone.
        parameters : `~collections.abc.Mapping`, optional
            Of the storage class, such as ``bbox`` (x, y, width, height in
            0-based pixels), ``columns``, ``rows``.

        Returns
        -------
        obj
            Of the storage class's Python type; `None` for a component that
            the dataset doesn't have.

        Raises
        ------
        StorageClassError
            If the component or a parameter isn't one of the storage class,
            or a box or column isn't in the dataset.
        ConfigError
            If what is wanted lies in a datastore that isn't among `members`.
        ArtifactMissingError
            If a file is gone, or there are no artifacts.
        ChecksumError
            If a file isn't the one that was written.
        FormatError
            If a file isn't of its format, or is cut short.
        """

    @abstractmethod
    def uri(self, artifact: Artifact) -> str:
        """Whole URI of an artifact's file."""

    @abstractmethod
    def exists(self, artifact: Artifact) -> bool:
        """Whether the artifact's bytes are there."""

    @abstractmethod
    def remove(self, artifacts: Iterable[Artifact]) -> None:
        """Remove artifacts; those already gone are no error.

        A file that was ingested in place stays; of a symbolic link the link
        goes, not its target. With a part the whole file goes: whoever asks
        knows that nobody else has another.
        """

    @abstractmethod
    def check(self, artifact: Artifact, *, checksum: bool = True) -> ArtifactFault | None:
        """Compare an artifact with what was recorded of it.

        Returns
        -------
        fault : `~butler.values.ArtifactFault` or `None`
            In what it differs; `None` if it is well.
        """


class FileIntake(ABC):
    """Takes files that exist into a datastore."""

    @abstractmethod
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
        """Take in a file as it is.

        Parameters
        ----------
        file : `~pathlib.Path`
            The file; never altered.
        dataset_id, hint, storage_class, dataset_type : as for `Datastore.put`
            What it becomes.
        mode : `~butler.values.IngestMode`
            What becomes of the file. ``move`` leaves the source where it is
            until `finish_move`, so that whoever is killed between the two has
            it twice, never not at all.
        formatter : `str`, optional
            Reads the file; the configured one if not given.
        parts : `~collections.abc.Sequence` [`str`]
            Parts of the file, each of which is to be a dataset's: looked for
            in it. What is returned is the artifact of the whole all the same.

        Raises
        ------
        ArtifactMissingError
            If there is no such file.
        FormatError
            If it isn't a regular file, or visibly not of its format, or has
            no such part, or two parts are one.
        NotSupportedError
            If the datastore can't do the mode, or is to move a file out of
            its own root, or the format has no parts.
        DatasetExistsError
            If the path is taken.
        """

    @abstractmethod
    def describe_in_place(
        self,
        files: Sequence[tuple[Path, Fingerprint | None]],
        storage_class: str,
        dataset_type: str,
        formatter: str | None = None,
        parts: Mapping[Path, Sequence[str]] | None = None,
    ) -> list[Artifact | ButlerError]:
        """Describe files that stay where they are; nothing is written.

        Parameters
        ----------
        files : `~collections.abc.Sequence`
            Each file, and its size and SHA-256 by somebody who has read it,
            or `None`: of a known one only the size is compared.
        storage_class, dataset_type, formatter : as for `ingest`
            What they are.
        parts : `~collections.abc.Mapping`, optional
            Parts of those files whose parts are to be datasets.

        Returns
        -------
        described : `list` [`~butler.values.Artifact` or `~butler.errors.ButlerError`]
            In the order of the files: the artifact, or why there is none:
            as `ingest` raises, or `~butler.errors.ChecksumError` if the file
            hasn't the size known of it, or changed meanwhile.

        Raises
        ------
        StorageClassError
            If there is no such storage class.
        """

    @abstractmethod
    def finish_move(self, file: Path, artifacts: Sequence[Artifact]) -> None:
        """Unlink the source of an ingest by ``move``, once it is recorded.

        Does nothing if the source is gone already, or is itself what an
        artifact names, as after an ingest in place or by symbolic link.

        Raises
        ------
        ChecksumError
            If the artifact doesn't hold the file's bytes; the file stays.
        NotSupportedError
            If the source lies inside the root.
        """


class Inventory(ABC):
    """Everything that lies in a datastore, whether anybody knows it or not.

    A write happens before whoever made it records it, so each path is a pure
    function of the file-name hint and the dataset's id: see `expected_paths`.
    """

    @abstractmethod
    def paths(self) -> Iterator[str]:
        """Every path that exists inside the root, as artifacts spell it.

        Also temporary files, of writers at work or dead: see `is_temporary`.
        """

    @abstractmethod
    def is_temporary(self, path: str) -> bool:
        """Whether a path from `paths` is a temporary file."""

    @abstractmethod
    def id_in_path(self, path: str) -> UUID | None:
        """Id of the dataset for which a path from `paths` was made, if it was made for one."""

    @abstractmethod
    def modified(self, path: str) -> datetime:
        """When a path from `paths` came to be what it is, UTC.

        Raises
        ------
        ArtifactMissingError
            If it is gone.
        """

    @abstractmethod
    def identify(self, path: str) -> dict[str, Any] | None:
        """What the file at a path from `paths` says about itself: the identity that it was put with.

        `None` if it says nothing.

        Raises
        ------
        ArtifactMissingError
            If it is gone.
        ButlerError
            Why it can't be known: it can't be read just now, its reader
            lacks a package, or it isn't whole.
        """

    def lacks_identity(self, path: str) -> bool:
        """Whether the file at a path from `paths` was read whole just now, and says nothing.

        Only such a file is ever deleted because nobody has it. Whoever can't
        tell says no, as this does unless it is overridden.

        Raises
        ------
        ButlerError
            Why it can't be known, as `identify` does.
        """
        return False

    @abstractmethod
    def describe(self, path: str, storage_class: str, dataset_type: str, component: str = "") -> Artifact:
        """Describe the file at a path from `paths` as if it had been ingested where it is.

        Parameters
        ----------
        path : `str`
            The file.
        storage_class, dataset_type : `str`
            Of the whole dataset.
        component : `str`
            The one that the file holds; empty for the whole.

        Raises
        ------
        ArtifactMissingError
            If it is gone.
        StorageClassError
            If the storage class has no such component.
        """

    @abstractmethod
    def expected_paths(
        self, dataset_id: UUID, hint: str, storage_class: str, dataset_type: str
    ) -> tuple[str, ...]:
        """Every path that a put or an ingest may have used; reads nothing.

        Which of them depends on the layout and on the extension of an
        ingested file, so there are several; at most a few exist.
        """

    @abstractmethod
    def discard(self, paths: Iterable[str]) -> None:
        """Remove what an interrupted put or ingest left at these paths.

        Temporary files of the same paths go too: only for writers that are
        known to be dead.
        """


def inventory_of(datastore: Datastore) -> Inventory | None:
    """Give a datastore's inventory; `None` if it has none."""
    try:
        return datastore.inventory
    except NotSupportedError:
        return None
