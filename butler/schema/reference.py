"""The catalogue as it should be at this version: a listing made when the schema was frozen."""

from __future__ import annotations

import json

from butler.schema.objects import sql_root

__all__ = ["expected_catalog", "write_expected_catalog"]

_FILE = "catalog.json"


def expected_catalog() -> dict[tuple[str, str], str]:
    """Give (object type, name) to definition."""
    rows = json.loads((sql_root() / _FILE).read_text(encoding="utf-8"))
    return {(object_type, name): definition for object_type, name, definition in rows}


def write_expected_catalog(catalog: dict[tuple[str, str], str]) -> None:
    """Write the listing; done when a revision is frozen."""
    rows = [[object_type, name, definition] for (object_type, name), definition in sorted(catalog.items())]
    text = "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n"
    (sql_root() / _FILE).write_text(text, encoding="utf-8")
