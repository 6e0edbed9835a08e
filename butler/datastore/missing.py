"""Why a file that is to be read isn't there: it may be the whole root that isn't."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from butler.datastore.marks import RootState
from butler.datastore.paths import is_file_uri
from butler.errors import ArtifactMissingError, ButlerError

if TYPE_CHECKING:
    from butler.datastore.interfaces import Datastore
    from butler.values import Artifact

__all__ = ["why_missing"]


def why_missing(
    error: ArtifactMissingError, datastore: Datastore, artifacts: Sequence[Artifact]
) -> ArtifactMissingError:
    """Give the error to raise instead of one that says that a file isn't there.

    Parameters
    ----------
    error : `~butler.errors.ArtifactMissingError`
        As the reading of the file gave it; it is given back where its root bears a mark.
    datastore : `~butler.datastore.Datastore`
        Where it was read.
    artifacts : sequence of `~butler.values.Artifact`
        What was read.
    """
    for name in sorted({artifact.datastore for artifact in artifacts if not is_file_uri(artifact.file)}):
        with suppress(ButlerError, KeyError):  # whatever can't be known of a root isn't why
            member = datastore.members[name]
            state = member.mark.read()
            if isinstance(state, RootState):
                return ArtifactMissingError(
                    f"{error.message}: the root of datastore {name!r}, {member.root}, {state}",
                    hint="Mount it, or see 'butler datastore mark --help' if it is the right one.",
                    details={**error.details, "datastore": name, "root": member.root},
                )
    return error
