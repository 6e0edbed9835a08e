"""Arrows between the packages point one way, read from the source."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "butler"

PROGRAMS = {"baseline.py", "reference_page.py"}
"""Run by people who write documentation; nothing imports them."""


def imports(path: Path, *, at_load: bool = False) -> set[str]:
    """Give the modules that a file imports; at load only, if asked, not those inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                continue
            if at_load and isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                continue
            if isinstance(child, ast.Import):
                found.update(alias.name for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{path}: imports are absolute"
                found.add(child.module or "")
                found.update(f"{child.module}.{alias.name}" for alias in child.names)
            visit(child)

    visit(tree)
    return found


def files(*names: str) -> list[Path]:
    return sorted(
        file
        for name in names
        for file in ([PACKAGE / name] if name.endswith(".py") else (PACKAGE / name).rglob("*.py"))
    )


def ours(path: Path) -> set[str]:
    """Give the parts of the package that a file uses: butler.registry, butler.values …"""
    return {
        ".".join(name.split(".")[:2])
        for name in imports(path)
        if (name.startswith("butler.") and (PACKAGE / name.split(".")[1]).with_suffix(".py").exists())
        or (name.startswith("butler.") and (PACKAGE / name.split(".")[1]).is_dir())
    }


@pytest.mark.parametrize(
    ("part", "may_use"),
    [
        (("errors.py",), set()),
        (("values.py",), {"errors"}),
        (("datastore",), {"errors", "values", "datastore"}),
        (("lookahead.py",), set()),
        (("registry",), {"errors", "values", "lookahead", "registry", "schema", "models"}),
        (("schema",), {"errors", "values", "schema"}),
        (("cameras",), {"errors", "values", "cameras", "datastore"}),
        (("embedded",), {"errors", "embedded"}),
        (("writing",), {"errors", "values", "lookahead", "datastore", "registry", "environment", "writing"}),
        (
            ("care",),
            {"errors", "values", "config", "lookahead", "datastore", "registry", "schema", "writing", "care"},
        ),
        (("models.py",), {"errors", "registry"}),
    ],
    ids=lambda value: ",".join(sorted(value)),
)
def test_a_part_uses_only_what_lies_below_it(part: tuple[str, ...], may_use: set[str]) -> None:
    used = {
        file.name: ours(file) - {f"butler.{name}" for name in may_use}
        for file in files(*part)
        if file.name not in PROGRAMS
    }
    assert {name: parts for name, parts in used.items() if parts} == {}


def test_nothing_imports_a_program() -> None:
    modules = {name.removesuffix(".py") for name in PROGRAMS}
    assert [
        f for f in PACKAGE.rglob("*.py") if modules & {name.rsplit(".", 1)[-1] for name in imports(f)}
    ] == []


def test_of_the_schema_the_registry_uses_only_the_version() -> None:
    used = {name for file in files("registry") for name in imports(file) if name.startswith("butler.schema")}
    assert used <= {"butler.schema.version", "butler.schema.version.SCHEMA_VERSION"}


def test_nothing_below_uses_the_command_line() -> None:
    below = [file for file in PACKAGE.rglob("*.py") if "cli" not in file.parts and file.name != "__main__.py"]
    assert [file.name for file in below if "butler.cli" in ours(file)] == []


def test_the_registry_opens_no_files() -> None:
    for file in files("registry"):
        assert imports(file).isdisjoint({"pathlib", "shutil", "tempfile", "astropy.io", "fsspec"}), file
        calls = [
            node.func.id
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        ]
        assert "open" not in calls, file


def test_the_datastore_knows_no_collections_and_no_units() -> None:
    names = {
        node.id if isinstance(node, ast.Name) else node.attr
        for file in files("datastore")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, (ast.Name, ast.Attribute))
    }
    assert names.isdisjoint({"Collection", "Registry", "PostgresRegistry"})


def test_heavy_libraries_are_loaded_at_first_use() -> None:
    heavy = {"astropy", "numpy", "pyarrow", "pandas", "matplotlib"}
    light = [PACKAGE / name for name in ("__init__.py", "butler.py", "values.py", "errors.py", "config.py")]
    for file in [*light, *files("registry")]:
        loaded = {name.split(".")[0] for name in imports(file, at_load=True)}
        assert loaded.isdisjoint(heavy), file


def test_no_camera_is_named_in_the_code() -> None:
    words = {"lsst", "decam", "hsc", "latiss", "acs", "megaprime", "suprimecam"}
    for file in files("registry", "datastore", "schema", "butler.py", "values.py"):
        names = {
            node.value.lower()
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 40
        }
        assert names.isdisjoint(words), file
