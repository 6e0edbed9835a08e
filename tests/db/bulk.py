"""Rows as they are staged for a bulk load, and the load of some."""

from __future__ import annotations

import hashlib
import io
from typing import Any
from uuid import UUID

from butler.values import new_dataset_id
from db.session import Session

COLUMNS = ("row_number", "dataset_id", "camera", "sensor", "component", "path", "formatter", "size", "sha256")


def row(
    number: int,
    sensor: Any,
    *,
    camera: str = "Cam",
    dataset_id: UUID | None = None,
    component: str = "",
    **changes: Any,
) -> dict[str, Any]:
    return {
        "row_number": number,
        "dataset_id": dataset_id or new_dataset_id(),
        "camera": camera,
        "sensor": sensor,
        "component": component,
        "path": f"p{number}",
        "formatter": "json",
        "size": 1,
        "sha256": "\\x" + hashlib.sha256(b"").hexdigest(),
        **changes,
    }


def load(
    session: Session,
    *rows: dict[str, Any],
    run: str = "r/one",
    dataset_type: str = "bias",
    skip: bool = False,
) -> list[dict[str, Any]]:
    """Load rows; give those that were passed over."""
    with session.transaction():
        return stage_and_merge(session, *rows, run=run, dataset_type=dataset_type, skip=skip)


def stage_and_merge(
    session: Session, *rows: dict[str, Any], run: str, dataset_type: str, skip: bool = False
) -> list[dict[str, Any]]:
    stage = session.call("stage_datasets")
    text = "".join(
        "\t".join("\\N" if r[c] is None else str(r[c]).replace("\\", "\\\\") for c in COLUMNS) + "\n"
        for r in rows
    )
    with session.connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {stage} ({', '.join(COLUMNS)}) FROM STDIN", io.StringIO(text))
    return session.table("merge_datasets", run, dataset_type, "main", skip)
