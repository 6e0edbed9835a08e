"""One dataset in several artifacts: which of them are read, and how parts become the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from butler.datastore.storage_classes import StorageClass
from butler.errors import ArtifactMissingError, ConfigError
from butler.values import Artifact, ArtifactState

__all__ = ["not_configured", "read_components", "select"]


def select(
    artifacts: Sequence[Artifact], datastores: Sequence[str], whole: StorageClass, component: str | None
) -> dict[str, Artifact]:
    """Choose the artifacts that a read needs: the one that has everything, else one a component.

    Parameters
    ----------
    artifacts : `~collections.abc.Sequence` [`~butler.values.Artifact`]
        All of a dataset's.
    datastores : `~collections.abc.Sequence` [`str`]
        Those that can be read. Of several copies the first is chosen in
        their order, but before it any that isn't known to be lost.
    whole : `~butler.datastore.StorageClass`
        Of the dataset.
    component : `str` or `None`
        What is to be read.

    Returns
    -------
    chosen : `dict` [`str`, `~butler.values.Artifact`]
        By component; the whole is the empty string, and then the only one.

    Raises
    ------
    ArtifactMissingError
        If the dataset has no artifacts.
    ConfigError
        If what is wanted lies in another datastore only.
    """
    if len(artifacts) == 1 and artifacts[0].datastore in datastores:
        return {artifacts[0].component: artifacts[0]}  # as nearly always
    within = [artifact for artifact in artifacts if artifact.datastore in datastores]
    if not within:
        if artifacts:
            raise not_configured(artifacts[0], datastores)
        raise ArtifactMissingError(
            f"no artifact of this {whole.name} is left",
            hint="Its bytes were removed; its name and provenance stay.",
        )
    if len(within) > 1:
        within.sort(key=lambda one: (one.state == ArtifactState.LOST, datastores.index(one.datastore)))
    chosen: dict[str, Artifact] = {}
    for artifact in within:
        chosen.setdefault(artifact.component, artifact)
    if "" in chosen:
        return {"": chosen[""]}
    if len(within) < len(artifacts):
        wanted = whole.derived.get(component, component) if component else None
        for artifact in artifacts:
            if artifact.component not in {"", *chosen} and wanted in {None, artifact.component}:
                raise not_configured(artifact, datastores)
    return chosen


def read_components(
    chosen: Mapping[str, Artifact],
    whole: StorageClass,
    component: str | None,
    parameters: Mapping[str, Any],
    read: Callable[[str, Mapping[str, Any]], Any],
) -> Any:
    """Read a dataset that lies in one artifact a component.

    Parameters
    ----------
    chosen : `~collections.abc.Mapping` [`str`, `~butler.values.Artifact`]
        The artifacts by component, as `select` gives them.
    whole : `~butler.datastore.StorageClass`
        Of the dataset.
    component : `str` or `None`
        What is wanted; `None` for all, put together.
    parameters : `~collections.abc.Mapping`
        Of the whole, or of the component.
    read : `~collections.abc.Callable`
        Reads a component, or one that is derived, with parameters of it.

    Returns
    -------
    obj
        `None` for a component that the dataset doesn't have.
    """
    if component is None:
        parts = {
            name: read(
                name, {key: parameters[key] for key in parameters.keys() & whole.part(name).parameters}
            )
            for name in chosen
        }
        return whole.load_delegate().assemble(parts, parameters)
    return read(component, parameters) if whole.derived.get(component, component) in chosen else None


def not_configured(artifact: Artifact, datastores: Iterable[str]) -> ConfigError:
    """Error for an artifact of a datastore that isn't at hand: it is neither missing nor done with."""
    return ConfigError(
        f"{artifact.path!r} is in datastore {artifact.datastore!r}, which isn't configured",
        hint=f"Add it under 'datastores:' in butler.yaml; configured are {', '.join(datastores)}.",
        details={"datastore": artifact.datastore, "path": artifact.path},
    )
