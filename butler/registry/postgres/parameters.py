"""Values as parameters of SQL, with the SQL type that they are bound as."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from butler.arguments import items, label, name, names, short
from butler.errors import InvalidDataIdError, InvalidNameError
from butler.values import DatasetRef
from butler.values.data_ids import json_ready

__all__ = [
    "Bound",
    "bound",
    "bound_datasets",
    "bound_id",
    "bound_ids",
    "bound_json",
    "bound_moment",
    "bound_texts",
    "like_pattern",
    "sendable",
]


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class Bound:
    """A value and the SQL type that it is bound as, where the driver would guess another."""

    __slots__ = ("sql_type", "value")

    def __init__(self, value: Any, sql_type: str) -> None:
        self.value, self.sql_type = value, sql_type


def bound(value: Any) -> Bound:
    """Bind as whatever type the driver takes it for; NumPy's numbers are Python's.

    Raises
    ------
    InvalidNameError
        If it is a text that PostgreSQL can't hold.
    """
    if isinstance(value, Bound):
        return value
    if isinstance(value, str):
        _refuse_unsendable(value)
    elif hasattr(value, "item"):
        value = label(value, "a value")
    return Bound(value, "")


def sendable(text: str) -> bool:
    """Whether PostgreSQL can hold a text: one without NUL and halves of characters."""
    try:
        return b"\x00" not in text.encode()
    except UnicodeEncodeError:
        return False


def _refuse_unsendable(text: str) -> None:
    if not sendable(text):
        raise InvalidNameError(
            f"{short(text)} holds a character that no text may have",
            hint="Take out NUL and half characters.",
        )


def like_pattern(pattern: str) -> str:
    """Give a pattern with ``*`` and ``?`` as LIKE understands it."""
    return re.sub(r"([\\%_])", r"\\\1", name(pattern, "pattern")).replace("*", "%").replace("?", "_")


def bound_json(value: Any) -> Bound:
    """Bind as JSON.

    Raises
    ------
    InvalidDataIdError
        If it holds NaN, a NUL character, or what JSON can't carry.
    """
    try:
        dumped = _ENCODER.encode(value)
        dumped.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidDataIdError(
            f"a value can't be sent to the database: {error}: {short(value)}",
            hint="Use texts, whole numbers, finite numbers, lists and dicts.",
        ) from error
    if _NUL.search(dumped):
        raise InvalidDataIdError(f"a text holds a NUL character: {dumped[:200]}", hint="Take it out.")
    return Bound(dumped, "jsonb")


def bound_datasets(datasets: Iterable[DatasetRef], roots: Mapping[str, str]) -> Bound:
    """Bind as JSON what is put: datasets, and under which roots their artifacts were written."""
    return bound_json(
        [
            {
                "dataset_id": str(ref.id),
                "dataset_type": ref.dataset_type.name,
                "data_id": json_ready(dict(ref.data_id)),
                "artifacts": [
                    {
                        "datastore": artifact.datastore,
                        "root": roots.get(artifact.datastore),
                        "component": artifact.component,
                        "path": artifact.path,
                        "formatter": artifact.formatter,
                        "size": artifact.size,
                        "sha256": artifact.sha256.hex(),
                    }
                    for artifact in ref.artifacts or ()
                ],
            }
            for ref in datasets
        ]
    )


def bound_texts(values: Iterable[str]) -> Bound:
    """Bind as an array of texts; a single text is an array of one."""
    # A set, or the keys of a dict, may do where the order doesn't matter.
    texts = names(list(values) if type(values) in (set, frozenset, dict) else values, "names")
    for text in texts:
        _refuse_unsendable(text)
    return Bound(texts, "text[]")


def bound_id(value: UUID) -> Bound:
    """Bind as an id."""
    return Bound(str(value), "uuid")


def bound_ids(values: Iterable[UUID]) -> Bound:
    """Bind as an array of ids."""
    return Bound(
        [
            str(value)
            for value in items(list(values) if type(values) is dict else values, "dataset_ids", "ids")
        ],
        "uuid[]",
    )


def bound_moment(value: datetime | str | None) -> Bound:
    """Bind as a time.

    Raises
    ------
    InvalidDataIdError
        If it isn't a time, or has no zone: it would be taken for the
        server's.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise InvalidDataIdError(
                f"{short(value)} is not a time", hint="Write 2026-03-01T00:00:00Z."
            ) from error
    if not isinstance(value, datetime | None):
        raise InvalidDataIdError(
            f"{short(value)} is not a time", hint="Give a datetime with a time zone, or 2026-03-01T00:00:00Z."
        )
    if value is not None and value.tzinfo is None:
        raise InvalidDataIdError(
            f"time {value.isoformat()} has no time zone", hint=f"Write {value.isoformat()}Z for UTC."
        )
    return Bound(value, "timestamptz")
