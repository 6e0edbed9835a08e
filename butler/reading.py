"""Finding a dataset, and reading its bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from butler.arguments import name, short
from butler.context import Context
from butler.datastore.missing import why_missing
from butler.datastore.selection import select
from butler.datastore.storage_classes import storage_class
from butler.errors import ArtifactMissingError, InvalidDataIdError, NotSupportedError
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
        _refuse_more(dataset, data_id, collections, as_of)
        # One that had no bytes when it was found may have been restored since.
        return dataset if dataset.artifacts else context.registry.lookup.get_dataset(dataset.id)
    wanted = _name(dataset)
    return context.search(
        lambda path: context.registry.lookup.find(wanted, data_id, path, as_of=as_of), collections
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
    component = None if component is None else name(component, "component")
    if not isinstance(dataset, DatasetRef):
        dataset, named = split_component(_name(dataset))
        if component and named and component != named:
            raise InvalidDataIdError(
                f"component {named!r} is named, and {component!r} besides", hint="Name one of them."
            )
        component = named or component
    ref = find(context, dataset, data_id, collections, as_of)
    if component is not None:
        storage_class(ref.dataset_type.storage_class).check_component(component)
    return ref, component


def read(
    context: Context, ref: DatasetRef, component: str | None, parameters: Mapping[str, Any] | None
) -> Any:
    """Read a dataset that was found; see `butler.Butler.get`."""
    if not ref.artifacts:
        raise _why_missing(context, ref)
    try:
        return context.datastore.get(ref.artifacts, ref.dataset_type.storage_class, component, parameters)
    except ArtifactMissingError as error:
        raise why_missing(error, context.datastore, ref.artifacts) from error.__cause__


def exists(
    context: Context,
    dataset: str | DatasetRef,
    data_id: Mapping[str, Any],
    collections: Sequence[str] | str | None = None,
    as_of: datetime | str | None = None,
) -> bool:
    """Tell whether a dataset is registered and its bytes are there; see `butler.Butler.exists`."""
    lookup = context.registry.lookup
    component = None
    found: DatasetRef | None
    if isinstance(dataset, DatasetRef):
        _refuse_more(dataset, data_id, collections, as_of)
        # Whatever the ref remembers: it may have been removed since, and its file be in the trash.
        (found,) = lookup.with_artifacts([dataset])
    else:
        wanted, component = split_component(_name(dataset))
        try:
            found = context.search(
                lambda path: lookup.find(wanted, data_id, path, as_of=as_of, required=False), collections
            )
        except ArtifactMissingError:  # it was there then, and was removed since
            return False
    if found is None or not found.artifacts:
        return False
    needed = _needed(context, found, component)
    return bool(needed) and all(map(context.datastore.exists, needed.values()))


def uri(context: Context, ref: DatasetRef, component: str | None) -> str:
    """Give the URI of the one file of a dataset or component; see `butler.Butler.uri`."""
    if not ref.artifacts:
        raise _why_missing(context, ref)
    needed = _needed(context, ref, component)
    if len(needed) == 1 and ("" in needed or component):
        (artifact,) = needed.values()
        return context.datastore.uri(artifact)
    if component:
        raise ArtifactMissingError(
            f"dataset {ref} has no {component}",
            hint="It was put without.",
            details={"dataset_id": str(ref.id)},
        )
    raise ArtifactMissingError(
        f"dataset {ref} is not one file: it has {', '.join(sorted(needed))}",
        hint="Name one of them by component.",
        details={"dataset_id": str(ref.id)},
    )


def _needed(context: Context, ref: DatasetRef, component: str | None) -> dict[str, Artifact]:
    """Give what a read of a dataset, or of one component, reads."""
    whole = storage_class(ref.dataset_type.storage_class)
    if component is not None:
        whole.check_component(component)
    chosen = select(ref.artifacts or (), list(context.datastore.members), whole, component)
    if component is None or "" in chosen:
        return chosen
    wanted = whole.derived.get(component, component)
    return {wanted: chosen[wanted]} if wanted in chosen else {}


def _name(dataset: object) -> str:
    if not isinstance(dataset, str):
        raise InvalidDataIdError(
            f"{short(dataset)} is neither the name of a dataset type nor a DatasetRef",
            hint="Of an id, butler.registry.lookup.get_dataset gives the ref.",
        )
    return dataset


def _refuse_more(
    ref: DatasetRef,
    data_id: Mapping[str, Any],
    collections: Sequence[str] | str | None,
    as_of: datetime | str | None,
) -> None:
    """Refuse what says in other words which dataset is meant: nobody would look at it."""
    options = {"collections": collections, "as_of": as_of}
    more = [*data_id, *(name for name, value in options.items() if value is not None)]
    if more:
        raise InvalidDataIdError(
            f"dataset {ref} is given, and {', '.join(map(repr, more))} besides",
            hint="Leave that out, or give the name of a dataset type instead.",
            details={"dataset_id": str(ref.id)},
        )


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
