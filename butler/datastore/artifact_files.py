"""What the parts of a datastore of files share: which storage a path is of, and whether a file is well."""

from __future__ import annotations

from dataclasses import dataclass, field

from butler.datastore.fingerprint import Fingerprint, fingerprint
from butler.datastore.formatter_choice import FormatterChoice
from butler.datastore.formatters import Formatter
from butler.datastore.paths import is_file_uri
from butler.datastore.selection import not_configured
from butler.datastore.storage import InPlaceStorage, Storage
from butler.datastore.system_errors import typed
from butler.errors import ArtifactMissingError
from butler.values import Artifact, ArtifactFault

__all__ = ["ArtifactFiles"]


@dataclass(frozen=True, slots=True)
class ArtifactFiles:
    """The files of one datastore's artifacts.

    Parameters
    ----------
    datastore : `str`
        Its name.
    storage : `~butler.datastore.storage.Storage`
        Where it writes to.
    formatters : `~butler.datastore.formatter_choice.FormatterChoice`
        As it is configured.
    in_place : `~butler.datastore.storage.Storage`
        Where the files are that were ingested in place.
    """

    datastore: str
    storage: Storage
    formatters: FormatterChoice
    in_place: Storage = field(default_factory=InPlaceStorage)

    def storage_of(self, artifact: Artifact) -> Storage:
        """Give the storage that an artifact's path is one of.

        Raises
        ------
        ConfigError
            If it is another datastore's.
        NotSupportedError
            If its path is a URI, but not of a local file.
        """
        if artifact.datastore != self.datastore:
            raise not_configured(artifact, [self.datastore])
        return self.in_place if is_file_uri(artifact.file) else self.storage

    def describe(self, path: str, formatter: Formatter, found: Fingerprint, component: str = "") -> Artifact:
        """Make the artifact of a file."""
        return Artifact(self.datastore, path, formatter.name, found.size, found.sha256, component)

    def check(self, artifact: Artifact, *, checksum: bool = True) -> ArtifactFault | None:
        """Compare size and, if asked, SHA-256."""
        try:
            with self.storage_of(artifact).local(artifact.file) as file, typed(artifact.file):
                if file.stat().st_size != artifact.size:
                    return ArtifactFault.SIZE
                if checksum and fingerprint(file).sha256 != artifact.sha256:
                    return ArtifactFault.SHA256
        except ArtifactMissingError:
            return ArtifactFault.MISSING
        return None
