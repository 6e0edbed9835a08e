"""Files that exist become artifacts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

from butler.datastore.fingerprint import Fingerprint
from butler.errors import ButlerError
from butler.values import Artifact, IngestMode

__all__ = ["FileIntake"]


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
