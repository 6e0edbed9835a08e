from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from db.world import butler_template, own, read, still, write

from butler.registry.postgres.engine import one_transaction
from butler.schema.migrations import catalog
from butler.schema.reference import expected_catalog

__all__ = ["as_listed", "as_owner", "butler_template", "checkout", "own", "read", "run_as", "still", "write"]

REPOSITORY = Path(__file__).parents[2]


def run_as(dsn: str, step: Callable[..., Any], *arguments: Any) -> Any:
    """Run a function of a connection in one transaction."""
    with one_transaction(dsn) as connection:
        return step(connection, *arguments)


@pytest.fixture
def as_owner(database: Any) -> Callable[..., Any]:
    return lambda step, *arguments: run_as(database.dsn("owner"), step, *arguments)


@pytest.fixture
def as_listed(as_owner: Callable[..., Any]) -> None:
    """A server of the version that the committed listing is of: others write parsed queries otherwise."""
    version = ("server", "version")
    listed, found = expected_catalog()[version], as_owner(catalog)[version]
    if listed != found:
        pytest.skip(f"the listing is PostgreSQL {listed}'s, this server is of {found}")


class Checkout:
    """A copy of the project, in which a next revision can be written and run."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def copied(cls, root: Path) -> Checkout:
        """Copy what a revision needs."""
        for folder in ("butler", "db"):
            shutil.copytree(REPOSITORY / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copyfile(REPOSITORY / "alembic.ini", root / "alembic.ini")
        return cls(root)

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text(encoding="utf-8")
        assert old in text
        (self.root / path).write_text(text.replace(old, new), encoding="utf-8")

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python in the copy; its output is the answer."""
        return subprocess.run(
            [sys.executable, "-c", program, *arguments],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.copied(tmp_path / "checkout")
