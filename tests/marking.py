"""Roots that were marked long ago, for tests of files that are old."""

from __future__ import annotations

import psycopg2.extensions

__all__ = ["age_marks"]


def age_marks(owner: psycopg2.extensions.connection, registry: str = "butler") -> None:
    """Have the datastores' roots been marked long ago: what is older than a mark is nobody's to delete."""
    with owner.cursor() as cursor:
        cursor.execute(f"UPDATE {registry}_internal.datastore SET marked = marked - interval '100 years'")
