"""What operators do is recorded beside what writers do."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, text

__all__ = ["record"]


def record(connection: Connection, operation: str, **subject: Any) -> None:
    """Record what an operator does to the database, in its base registry.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        As the owner, in the transaction that does it.
    operation : `str`
        Name of what is done.
    **subject
        What it concerns, as plain data.
    """
    connection.execute(
        text("SELECT butler_internal.record(:operation, 1, p_subject => CAST(:subject AS jsonb))"),
        {"operation": operation, "subject": json.dumps(subject)},
    )
