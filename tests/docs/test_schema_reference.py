"""docs/schema.md is made from the database, and can't go stale."""

from __future__ import annotations

from pathlib import Path

from butler.config import RepositoryConfig
from butler.registry.postgres.engine import open_engine
from butler.registry.postgres.errors import BY_SQLSTATE
from butler.schema.reference_page import reference_page

PAGE = Path(__file__).parents[2] / "docs" / "schema.md"


def test_the_schema_reference_describes_the_database_as_it_is(repo: Path) -> None:
    engine = open_engine(RepositoryConfig.read(repo).dsn("owner"))
    with engine.connect() as connection:
        page = reference_page(connection, {code: kind.__name__ for code, kind in BY_SQLSTATE.items()})
    engine.dispose()
    assert page == PAGE.read_text(), "run: make schema"


def test_every_view_column_and_function_is_explained() -> None:
    lines = PAGE.read_text().splitlines()
    headings = [number for number, line in enumerate(lines) if line.startswith("### ")]
    assert len(headings) > 80
    assert [lines[number] for number in headings if not lines[number + 2]] == []
    assert [line for line in lines if line.startswith("| `") and line.endswith("|  |")] == []
