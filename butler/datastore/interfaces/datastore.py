"""Objects become artifacts, and come back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from butler.datastore.interfaces.intake import FileIntake
from butler.datastore.interfaces.inventory import Inventory
from butler.datastore.lots import Lot
from butler.datastore.marks import RootMark
from butler.errors import NotSupportedError
from butler.values import Artifact, ArtifactFault

__all__ = ["Datastore", "inventory_of"]


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

    def lot(self) -> Lot[Datastore]:
        """Begin several datasets that become durable together.

        Returns
        -------
        lot : `~butler.datastore.lots.Lot`
            What is put by its writer, or taken in by that one's intake, is
            durable when it was flushed; all else is asked of this datastore.
            Unless this is overridden, each is durable by itself.
        """
        return Lot(self)

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


def inventory_of(datastore: Datastore) -> Inventory | None:
    """Give a datastore's inventory; `None` if it has none."""
    try:
        return datastore.inventory
    except NotSupportedError:
        return None
