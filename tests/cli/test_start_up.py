from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from butler.cli.commands import SUMMARIES

HEAVY = {"astropy", "numpy", "pyarrow", "pandas", "matplotlib", "alembic", "geoalchemy2"}
REACHES_DATABASE = {"sqlalchemy", "psycopg2"}


def imported(program: str, *arguments: str | Path) -> set[str]:
    """Top-level modules, and Butler's own, in a fresh interpreter when a program has run."""
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys\ntry:\n {program}\nfinally:\n print(*sys.modules, file=sys.stderr)",
        ]
        + [str(argument) for argument in arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    names = ran.stderr.splitlines()[-1].split()
    return {name if name.startswith("butler.") else name.split(".")[0] for name in names}


@pytest.mark.parametrize("words", [["--help"], ["query", "--help"], ["db", "dsn", "--help"]], ids=" ".join)
def test_help_loads_neither_the_database_driver_nor_anything_heavy(words: list[str]) -> None:
    modules = imported("from butler.cli import main; main()", *words)
    assert not modules & (HEAVY | REACHES_DATABASE | {"rich", "yaml"})


def test_a_command_is_loaded_when_it_is_asked_for_and_no_other_is() -> None:
    commands = {f"butler.cli.{name.replace('-', '_')}" for name in SUMMARIES}
    assert not imported("from butler.cli import main; main()", "--help") & commands
    words = ("dataset-type", "list", "--help")
    assert imported("from butler.cli import main; main()", *words) & commands == {"butler.cli.dataset_type"}


def test_opening_a_repository_loads_nothing_heavy(repo: Path) -> None:
    modules = imported("from butler import Butler; Butler(sys.argv[1]).close()", repo)
    assert "psycopg2" in modules
    assert not modules & (HEAVY | {"rich", "sqlalchemy", "typer"})


@pytest.mark.parametrize("words", [["status"], ["collection", "list"], ["query", "visit"]], ids=" ".join)
def test_a_short_answer_loads_nothing_heavy(repo: Path, words: list[str]) -> None:
    modules = imported("from butler.cli import main; main()", "--repo", repo, *words)
    assert not modules & (HEAVY | {"rich"})
