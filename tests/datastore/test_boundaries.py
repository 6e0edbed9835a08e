"""What the datastore package may import, and when."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import butler.datastore

PACKAGE = Path(butler.datastore.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
HEAVY = {"astropy", "numpy", "pandas", "pyarrow", "sqlalchemy", "yaml"}


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_a_datastore_knows_values_and_errors_and_nothing_else_of_butler(module: Path) -> None:
    ours = {name for name in imported(ast.parse(module.read_text())) if name.partition(".")[0] == "butler"}
    assert {name for name in ours if not name.startswith("butler.datastore")} <= {
        "butler.values",
        "butler.errors",
    }


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_nothing_is_pickled_or_evaluated(module: Path) -> None:
    tree = ast.parse(module.read_text())
    assert not imported(tree) & {"pickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not called & {"eval", "exec"}


def test_the_heavy_libraries_are_loaded_at_first_use_only() -> None:
    program = (
        "import sys, pathlib, butler.datastore\n"
        "butler.datastore.open_datastore({}, pathlib.Path())\n"
        f"print(sorted({HEAVY!r} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
