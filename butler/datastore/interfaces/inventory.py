"""What lies in a datastore."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from butler.values import Artifact

__all__ = ["Inventory"]


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
