"""Comparing a registry with what lies in datastores, and repairing it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from butler.values import Artifact, ArtifactFault, DatasetState

__all__ = ["Claim", "Drift", "Maintenance", "Progress", "StoredArtifact"]


@dataclass(frozen=True, slots=True)
class StoredArtifact:
    """An artifact as it was recorded.

    Parameters
    ----------
    dataset_id : `uuid.UUID`
        Of its dataset.
    artifact : `~butler.values.Artifact`
        Where it is, and what its bytes are.
    dataset_state : `~butler.values.DatasetState`
        Of its dataset.
    """

    dataset_id: UUID
    artifact: Artifact
    dataset_state: DatasetState = DatasetState.PRESENT


@dataclass(frozen=True, slots=True)
class Claim:
    """A file that belongs to a dataset.

    Parameters
    ----------
    dataset_id : `uuid.UUID`
        Of the dataset.
    datastore : `str`
        Where it lies.
    path, uri : `str`
        Of the artifact.
    """

    dataset_id: UUID
    datastore: str
    path: str
    uri: str


@dataclass(frozen=True, slots=True)
class Drift:
    """A derived value that isn't what it is derived from.

    Parameters
    ----------
    derived : `str`
        ``overlap`` of an observed sensor with patches or of a visit with
        tracts and patches, ``region`` of a visit, or ``counts`` of what is
        stored in the registry.
    camera : `str` or `None`
        Its camera; `None` of counts.
    visit : `int` or `None`
        Its visit; `None` of counts.
    detail : `str`
        In what it differs.
    sensor : `int` or `None`
        The sensor, of its overlap with patches.
    observed_sensor_id : `int` or `None`
        The same, short.
    """

    derived: Literal["overlap", "region", "counts"]
    camera: str | None
    visit: int | None
    detail: str
    sensor: int | None = None
    observed_sensor_id: int | None = None

    @property
    def subject(self) -> str:
        """Of what it is: a data ID, or the view that shows the counts."""
        if self.derived == "counts":
            return "storage_use"
        sensor = "" if self.sensor is None else f" sensor={self.sensor}"
        return f"camera={self.camera} visit={self.visit}{sensor}"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an incremental comparison has come.

    Parameters
    ----------
    dataset_id : `uuid.UUID` or `None`
        The last dataset compared; `None` after the end.
    component : `str`
        Of its artifacts, the last one compared.
    moved : `datetime.datetime`
        When that was, UTC.
    completed : `datetime.datetime` or `None`
        When the end was last reached, UTC.
    """

    dataset_id: UUID | None
    component: str
    moved: datetime
    completed: datetime | None


class Maintenance(ABC):
    """What comparing and repairing need to know of a registry, and record in it.

    What lists is read only. Lists are streams: they hold no more than a page
    in memory, and what is registered while they run may or may not be in them.
    """

    @abstractmethod
    def count_artifacts(self, datastore: str, after: tuple[UUID, str] | None = None) -> int:
        """Count what `stored_artifacts` gives, and perhaps what is in the trash, too."""

    @abstractmethod
    def stored_artifacts(
        self, datastore: str, after: tuple[UUID, str] | None = None
    ) -> Iterator[StoredArtifact]:
        """Give the artifacts of this registry's own datasets, by dataset and component.

        Parameters
        ----------
        datastore : `str`
            In this datastore; what is in its trash is left out.
        after : (`uuid.UUID`, `str`), optional
            Begin after this dataset and component.
        """

    @abstractmethod
    def is_as_recorded(self, datastore: str, stored: StoredArtifact) -> bool:
        """Whether an artifact and its dataset are still in the states in which they were listed."""

    @abstractmethod
    def claims_of_datasets(self, dataset_ids: Iterable[UUID]) -> list[Claim]:
        """Give the files that datasets of these ids have, in all registries of the database."""

    @abstractmethod
    def claimed_files(self, datastore: str | None, root: str, paths: Sequence[str]) -> set[str]:
        """Give those of these paths that are artifacts in any registry of the database.

        Parameters
        ----------
        datastore : `str` or `None`
            The datastore's name; `None` for paths in any.
        root : `str`
            Its root, which the paths continue.
        paths : sequence of `str`
            Look for these.
        """

    @abstractmethod
    def datasets_without_artifacts(self) -> Iterator[UUID]:
        """Give this registry's own datasets that are said to be present and have no artifact anywhere."""

    @abstractmethod
    def drifts(self) -> Iterator[Drift | None]:
        """Compare what is derived with what it is derived from, in this registry's own rows.

        That is what overlaps, with the regions, and the counts of what is
        stored, with datasets and artifacts.

        Gives `None` between two parts of the work, for whoever wants to stop.
        """

    @abstractmethod
    def progress(self, datastore: str) -> Progress | None:
        """Give how far `set_progress` says that a comparison has come."""

    @abstractmethod
    def set_progress(self, datastore: str, last: tuple[UUID, str] | None) -> None:
        """Record the last dataset and component that were compared, or `None` at the end."""

    @abstractmethod
    def mark_lost(self, datastore: str, artifacts: Iterable[tuple[UUID, str, ArtifactFault]]) -> int:
        """Record that artifacts (dataset, component, fault) aren't what was written.

        Returns how many of this registry's own were thought to be well.
        """

    @abstractmethod
    def mark_found(self, datastore: str, artifacts: Iterable[tuple[UUID, Artifact]]) -> int:
        """Record that lost artifacts are there again, with the size and SHA-256 that were measured.

        Returns how many of this registry's own are what was recorded; others stay lost.
        """

    @abstractmethod
    def recompute(self, drifts: Iterable[Drift]) -> int:
        """Derive anew what has drifted; returns how many rows were wrong."""
