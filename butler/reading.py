"""Finding a dataset, and reading its bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from butler.context import Context
from butler.datastore.selection import alternatives
from butler.datastore.storage_classes import storage_class
from butler.errors import ArtifactMissingError, NotSupportedError
from butler.values import Artifact, DatasetRef, split_component

__all__ = ["exists", "find", "find_component", "read", "uri"]


def find(
    context: Context,
    dataset: str | DatasetRef,
    data_id: Mapping[str, Any],
    collections: Sequence[str] | str | None = None,
    as_of: datetime | str | None = None,
) -> DatasetRef:
    """Find a dataset with its artifacts; see `butler.Butler.find`."""
    if isinstance(dataset, DatasetRef):
        return dataset if dataset.artifacts is not None else context.registry.lookup.get_dataset(dataset.id)
    name = dataset
    return context.search(
        lambda path: context.registry.lookup.find(name, data_id, path, as_of=as_of), collections
    )


def find_component(
    context: Context,
    dataset: str | DatasetRef,
    component: str | None,
    data_id: Mapping[str, Any],
    collections: Sequence[str] | str | None = None,
    as_of: datetime | str | None = None,
) -> tuple[DatasetRef, str | None]:
    """Find a dataset, and say which component of it is meant: ``calexp.wcs`` names one too."""
    if isinstance(dataset, str):
        dataset, named = split_component(dataset)
        component = named or component
    return find(context, dataset, data_id, collections, as_of), component


def read(
    context: Context, ref: DatasetRef, component: str | None, parameters: Mapping[str, Any] | None
) -> Any:
    """Read a dataset that was found; see `butler.Butler.get`."""
    if not ref.artifacts:
        raise _why_missing(context, ref)
    return context.datastore.get(ref.artifacts, ref.dataset_type.storage_class, component, parameters)


def exists(
    context: Context,
    dataset: str | DatasetRef,
    data_id: Mapping[str, Any],
    collections: Sequence[str] | str | None = None,
    as_of: datetime | str | None = None,
) -> bool:
    """Tell whether a dataset is registered and its bytes are there; see `butler.Butler.exists`."""
    lookup = context.registry.lookup
    found: DatasetRef | None
    component = None
    if isinstance(dataset, DatasetRef):
        # Whatever the ref remembers: it may have been removed since, and its file be in the trash.
        (found,) = lookup.with_artifacts([dataset])
    else:
        name, component = split_component(dataset)
        found = context.search(
            lambda path: lookup.find(name, data_id, path, as_of=as_of, required=False), collections
        )
    if found is None or not found.artifacts:
        return False
    needed = _needed(context, found, component)
    return bool(needed) and all(any(map(context.datastore.exists, copies)) for copies in needed.values())


def uri(context: Context, ref: DatasetRef, component: str | None) -> str:
    """Give the URI of the one file of a dataset or component; see `butler.Butler.uri`."""
    if not ref.artifacts:
        raise _why_missing(context, ref)
    needed = _needed(context, ref, component)
    if len(needed) == 1 and ("" in needed or component):
        ((first, *_),) = needed.values()
        return context.datastore.uri(first)
    what = f"the {component} of dataset {ref}" if component else f"dataset {ref}"
    have = ", ".join(sorted({artifact.component for artifact in ref.artifacts}))
    raise ArtifactMissingError(
        f"{what} is not one file: it has {have}",
        hint="Name one of them by component.",
        details={"dataset_id": str(ref.id)},
    )


def _needed(context: Context, ref: DatasetRef, component: str | None) -> dict[str, list[Artifact]]:
    """Give what a read of a dataset, or of one component, would read, each with its copies."""
    whole = storage_class(ref.dataset_type.storage_class)
    copies = alternatives(ref.artifacts or (), list(context.datastore.members), whole, component)
    if component is None:
        return copies
    whole.check_component(component)
    return {
        part: some for part, some in copies.items() if part in {"", whole.derived.get(component, component)}
    }


def _why_missing(context: Context, ref: DatasetRef) -> ArtifactMissingError:
    """Say why a dataset that is registered has no bytes to read."""
    try:
        record = context.registry.removal.record_of(ref.id)
    except NotSupportedError:  # a registry that removes nothing has no record of it
        record = None
    if record is None:
        return ArtifactMissingError(
            f"dataset {ref} has no stored bytes that are whole",
            hint="'butler verify' says what became of its files.",
            details={"dataset_id": str(ref.id)},
        )
    when = f"{record.changed.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    reason = f": {record.reason}" if record.reason else ""
    return ArtifactMissingError(
        f"dataset {ref} was {record.state} at {when} by {record.changed_by}{reason}",
        hint="It is in the trash: 'butler restore' brings it back."
        if record.restorable
        else "Its bytes are deleted; make it again.",
        details={"dataset_id": str(ref.id), "state": str(record.state)},
    )
