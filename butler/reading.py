"""Finding a dataset, and reading its bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from butler.context import Context
from butler.errors import ArtifactMissingError, NotSupportedError
from butler.values import DatasetRef, split_component

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
    data_id: Mapping[str, Any] | None,
    *,
    collections: Sequence[str] | str | None = None,
    **units: Any,
) -> bool:
    """Tell whether a dataset is registered and its bytes are there; see `butler.Butler.exists`."""
    lookup = context.registry.lookup
    if isinstance(dataset, DatasetRef):
        # Whatever the ref remembers: it may have been removed since, and its file be in the trash.
        (ref,) = lookup.with_artifacts([dataset])
    else:
        name = dataset
        values = {**(data_id or {}), **units}
        found = context.search(lambda path: lookup.find(name, values, path, required=False), collections)
        if found is None:
            return False
        ref = found
    return bool(ref.artifacts) and all(map(context.datastore.exists, ref.artifacts or ()))


def uri(context: Context, ref: DatasetRef, component: str | None) -> str:
    """Give the URI of the one file of a dataset or component; see `butler.Butler.uri`."""
    artifacts = ref.artifacts or ()
    fitting = [a for a in artifacts if a.component in ("", component or "")]
    if len(fitting) != 1:
        have = ", ".join(a.component or "whole" for a in artifacts) or "none"
        raise ArtifactMissingError(
            f"dataset {ref} is not one file: it has {have}",
            hint="Name one of them by component.",
            details={"dataset_id": str(ref.id)},
        )
    return context.datastore.uri(fitting[0])


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
