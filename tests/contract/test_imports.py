"""What modules import, where the contracts of import-linter (pyproject.toml) can't say it."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "butler"


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


def test_no_part_of_the_package_imports_from_its_front_door() -> None:
    """`butler/__init__.py` names the Butler, and so stands above all; import-linter doesn't count it."""
    users = ("demo", "testing")
    for file in files("."):
        if file.relative_to(PACKAGE).parts[0] not in users:
            assert "butler" not in imports(file), file


def test_the_registry_opens_no_files() -> None:
    for file in files("registry"):
        assert imports(file).isdisjoint({"pathlib", "shutil", "tempfile", "astropy.io", "fsspec"}), file
        calls = [
            node.func.id
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        ]
        assert "open" not in calls, file


def test_a_datastore_names_no_collection_and_no_registry() -> None:
    names = {
        node.id if isinstance(node, ast.Name) else node.attr
        for file in files("datastore")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, (ast.Name, ast.Attribute))
    }
    assert names.isdisjoint({"CollectionType", "Registry", "PostgresRegistry"})


def test_adapters_are_named_by_the_repository_alone() -> None:
    """Only what opens a repository knows that its registry is one of PostgreSQL."""
    adapters = "butler.registry.postgres"
    naming = {
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("*.py")
        if not file.is_relative_to(PACKAGE / "registry")
        and any(name.startswith(f"{adapters}.registry") or name == adapters for name in imports(file))
    }
    assert naming == {"repository.py"}


def test_heavy_libraries_are_loaded_at_first_use() -> None:
    heavy = {"astropy", "numpy", "pyarrow", "pandas", "matplotlib", "sqlalchemy"}
    light = files("__init__.py", "butler.py", "values", "errors.py", "config.py", "context.py", "reading.py")
    with_sqlalchemy = {"engine.py", "base.py", "joins.py", "views.py"}
    for file in [*light, *files("registry")]:
        if file.name in with_sqlalchemy:
            continue
        loaded = {name.split(".")[0] for name in imports(file, at_load=True)}
        assert loaded.isdisjoint(heavy), file


def test_no_camera_is_named_in_the_code() -> None:
    words = {"lsst", "decam", "hsc", "latiss", "acs", "megaprime", "suprimecam"}
    for file in files("registry", "datastore", "schema", "butler.py", "values", "ingest"):
        names = {
            node.value.lower()
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 40
        }
        assert names.isdisjoint(words), file


def test_the_command_line_names_no_adapter() -> None:
    assert [
        file.name
        for file in files("cli")
        if any(name.startswith("butler.registry.postgres") for name in imports(file))
    ] == []
