"""The stored pieces of datasets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import quote, unquote

__all__ = ["Artifact", "ArtifactFault", "ArtifactState"]

_IN_PARTS = "/+,=@"
"""What is written as it is in the name of a part, besides letters, digits and ``_.-~``."""


class ArtifactState(StrEnum):
    """Whether an artifact is what was written."""

    PRESENT = "present"
    LOST = "lost"
    """It was found to be gone or altered."""


class ArtifactFault(StrEnum):
    """In what an artifact differs from what was recorded of it."""

    MISSING = "missing"
    SIZE = "size"
    SHA256 = "sha256"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One stored piece of a dataset.

    Parameters
    ----------
    datastore : `str`
        Name of the datastore that holds it.
    path : `str`
        Percent-encoded; relative to the datastore's root, or a whole URI
        where the file lies elsewhere. What follows a ``#`` names the part of
        the file that it is: see `part`.
    formatter : `str`
        Name of the formatter that wrote it and will read it.
    size : `int`
        Bytes of the file.
    sha256 : `bytes`
        Of the file.
    component : `str`
        Which component it holds; empty for the whole dataset.
    state : `ArtifactState`
        Whether it was found to be gone or altered.
    """

    datastore: str
    path: str
    formatter: str
    size: int
    sha256: bytes
    component: str = ""
    state: ArtifactState = ArtifactState.PRESENT

    @property
    def file(self) -> str:
        """Path of the file, which other datasets may have parts of."""
        return self.path.partition("#")[0]

    @property
    def part(self) -> str:
        """Which part of the file it is: such as ``SCI,1``, or a member of a zip file; empty for the whole."""
        return unquote(self.path.partition("#")[2], errors="surrogateescape")

    def of_part(self, part: str) -> Artifact:
        """Give the artifact of a part of the same file."""
        return replace(self, path=f"{self.file}#{quote(part, safe=_IN_PARTS, errors='surrogateescape')}")
