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
HEAVY = {"astropy", "h5py", "numpy", "pandas", "pyarrow", "sqlalchemy", "yaml"}


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
        "butler.strict",
    }


EVERYTHING = sorted(PACKAGE.parent.rglob("*.py"))
PICKLERS = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}
OBJECTS_FROM_BYTES = {
    *("read_pickle", "to_pickle", "read_hdf", "to_hdf"),  # of pandas
    *("unsafe_load", "full_load", "load_all", "UnsafeLoader", "FullLoader", "Loader"),  # of yaml
    *("fromfile", "tofile", "special_dtype", "vlen_dtype", "ref_dtype"),  # of numpy and h5py
}
SPEAKS_OF_PICKLE = {
    "butler/testing/registry/capabilities.py",
    "butler/testing/registry/lookup.py",
    "butler/testing/registry/registry.py",
}
"""Holds registries to their promise that they pickle to workers."""


def of_the_package(module: Path) -> str:
    return module.relative_to(PACKAGE.parents[1]).as_posix()


@pytest.mark.parametrize("module", EVERYTHING, ids=of_the_package)
def test_nothing_is_pickled_or_evaluated(module: Path) -> None:
    tree = ast.parse(module.read_text())
    if of_the_package(module) not in SPEAKS_OF_PICKLE:
        assert not {name.partition(".")[0] for name in imported(tree)} & PICKLERS
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert not {call.func.id for call in calls if isinstance(call.func, ast.Name)} & {"eval", "exec"}
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not used & OBJECTS_FROM_BYTES
    allowing = {keyword.arg for call in calls for keyword in call.keywords}
    assert "allow_pickle" not in allowing


# Whose files these are --------------------------------------------------------

FILES = {
    "butler/datastore/storage/": "keeps the bytes of datasets",
    "butler/datastore/formatters/": "the file that a storage lends",
    "butler/datastore/fingerprint.py": "size and SHA-256 of such a file, and of one to be ingested",
    "butler/datastore/special_files.py": "the system's list of mounted file systems",
    "butler/datastore/artifact_files.py": "the file that a storage lends",
    "butler/datastore/file.py": "the file that a storage lends",
    "butler/datastore/intake.py": "a file to be ingested, or that stays in place",
    "butler/datastore/formatter_choice.py": "the first bytes of a file to be ingested",
    "butler/datastore/identify.py": "any file that somebody names",
    "butler/datastore/nameless.py": "a file that a storage lends, and that may be nobody's",
    "butler/datastore/parts.py": "such a file, and what is taken out of a zip file to be read",
    "butler/provenance/process.py": "what the system says of processes",
    "butler/maintenance/relocate.py": "the folder that a datastore was moved to",
    "butler/backup/": "dumps, and inventories of what the datastore says is there",
    "butler/cameras/": "camera files, and headers of files to be ingested",
    "butler/cli/": "files that the command line names",
    "butler/ingest/": "folders of files to be ingested",
    "butler/embedded/": "the repository's own server",
    "butler/config.py": "butler.yaml",
    "butler/strict/": "the YAML files that it reads and rewrites",
    "butler/provenance/environment.py": "what is recorded of installed packages",
    "butler/repository.py": "the repository's folder",
    "butler/schema/": "SQL in the package",
    "butler/demo/": "a user's own script",
    "butler/testing/": "tests",
}
"""What may touch files, and which. The bytes of datasets are the datastore's alone."""

ON_FILES = {
    *("open", "read_bytes", "write_bytes", "read_text", "write_text", "unlink", "touch", "chmod"),
    *("mkdir", "rmdir", "symlink_to", "hardlink_to", "iterdir", "rglob", "is_file", "is_dir", "lstat"),
}
OF_OS = {
    *("open", "remove", "unlink", "rename", "replace", "link", "symlink", "mkdir", "makedirs", "rmdir"),
    *("listdir", "scandir", "walk", "stat", "chmod", "chown", "truncate", "fsync"),
}


def test_no_other_part_of_butler_touches_a_file() -> None:
    for module in EVERYTHING:
        if of_the_package(module).startswith(tuple(FILES)):
            continue
        tree = ast.parse(module.read_text())
        assert not imported(tree) & {"shutil", "tempfile", "glob", "mmap", "fcntl"}, module
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "open", module
            if isinstance(node, ast.Attribute):
                of_os = isinstance(node.value, ast.Name) and node.value.id == "os"
                assert node.attr not in (OF_OS if of_os else ON_FILES), f"{module}: {ast.unparse(node)}"


def test_what_may_touch_files_is_there() -> None:
    for part in FILES:
        assert any(of_the_package(module).startswith(part) for module in EVERYTHING), part


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


def test_no_class_does_more_than_can_be_read_at_once() -> None:
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.ClassDef):
                public = [
                    each.name
                    for each in node.body
                    if isinstance(each, ast.FunctionDef) and not each.name.startswith("_")
                ]
                assert len(public) <= 20, f"{module}: {node.name} has {len(public)}"
