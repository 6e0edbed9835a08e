"""Rows of a bulk load as the text that COPY reads, a lot at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from butler.errors import InvalidDataIdError
from butler.registry.postgres.parameters import sendable
from butler.values import Artifact

__all__ = ["StagedLot", "staged_columns", "staged_lots"]

_AT_ONCE = 2_500
"""Rows of a lot, which are in a staging table at a time."""

_NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_ESCAPED = re.compile(r"[\\\t\n\r]")


@dataclass(slots=True)
class StagedLot:
    """Rows that are staged together.

    Parameters
    ----------
    first : `int`
        Number of the first row.
    """

    first: int
    lines: list[str] = field(default_factory=list)
    dataset_ids: list[UUID] = field(default_factory=list)
    """Of each row."""
    datasets: int = 0
    """How many there are; several rows may be of one."""

    def text(self) -> bytes:
        """Give the rows as COPY reads them."""
        return "".join(self.lines).encode()

    def dataset_id(self, row_number: int) -> UUID:
        """Give the dataset of a row."""
        return self.dataset_ids[row_number - self.first]


def staged_columns(units: Sequence[str]) -> str:
    """Give the columns of the staging table that a lot has, in their order."""
    return ", ".join(("row_number", "dataset_id", *units, "component", "path", "formatter", "size", "sha256"))


def staged_lots(
    rows: Iterable[tuple[UUID, Mapping[str, Any], Artifact]], units: Sequence[str]
) -> Iterator[StagedLot]:
    """Give rows in lots, of which none ends amid a dataset; at least one lot.

    Raises
    ------
    InvalidDataIdError
        If a data ID has a unit that isn't one of these, or a text that
        PostgreSQL can't hold.
    """
    known = frozenset(units)
    lot, last = StagedLot(1), -1
    for number, (dataset_id, data_id, artifact) in enumerate(rows, 1):
        if dataset_id.int != last:
            if len(lot.lines) >= _AT_ONCE:
                yield lot
                lot = StagedLot(number)
            lot.datasets += 1
            last = dataset_id.int
        if not known.issuperset(data_id):
            raise _unknown_unit(number, data_id, units)
        lot.dataset_ids.append(dataset_id)
        lot.lines.append(
            "\t".join(
                (
                    str(number),
                    dataset_id.hex,
                    *[_unit_text(number, unit, data_id.get(unit)) for unit in units],
                    _escaped(artifact.component),
                    _escaped(artifact.path),
                    _escaped(artifact.formatter),
                    str(artifact.size),
                    f"\\\\x{artifact.sha256.hex()}\n",
                )
            )
        )
    yield lot


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES) if _ESCAPED.search(text) else text


def _unit_text(number: int, unit: str, value: Any) -> str:
    """Give a unit's value as COPY reads it: a range ``100..200`` in PostgreSQL's own form."""
    if value is None:
        return _NULL
    if not isinstance(value, str):
        return _escaped(str(value))
    if not sendable(value):
        raise InvalidDataIdError(
            f"row {number}: {unit} {value[:100]!r} holds a character that no text may have",
            hint="Take out NUL and half characters.",
            details={"row": number},
        )
    return _escaped("[" + value.replace("..", ",") + ")" if unit == "visit_range" else value)


def _unknown_unit(number: int, data_id: Mapping[str, Any], units: Sequence[str]) -> InvalidDataIdError:
    unknown = ", ".join(sorted(set(data_id) - set(units)))
    return InvalidDataIdError(
        f"row {number}: unit {unknown} is not one of the dataset type's",
        hint=f"It takes {', '.join(units) or 'no units'}.",
        details={"row": number},
    )
