"""Datastores, real files and a small full disk."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from butler.datastore import Datastore, open_datastore

_REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def datastore(tmp_path: Path) -> Datastore:
    """Empty posix datastore."""
    return open_datastore({}, tmp_path / "repo")


@pytest.fixture
def identity() -> dict[str, Any]:
    """What a file is to say about itself."""
    return {
        "id": str(uuid4()),
        "dataset_type": "calexp",
        "run": "u/alice/Müller 100%",
        "data_id": {"camera": "ACS", "visit": 8560513, "label": "🔭"},
        "inputs": [str(uuid4()) for _ in range(3)],
    }


@pytest.fixture
def real() -> Callable[[str], Path]:
    """Path of a file of the real input folder; skips the test where the folder is absent."""
    folder = Path(os.environ.get("BUTLER_TEST_DATA") or _REPOSITORY.parent / "shared/data")

    def find(name: str) -> Path:
        if not (folder / name).exists():
            pytest.skip(f"needs the real input folder: {folder / name} is absent")
        return folder / name

    return find


@pytest.fixture
def hubble() -> Path:
    """A real HST exposure of 10 MB with SCI, ERR and DQ planes, out of a wheel."""
    found = find_spec("spherical_geometry")
    if found is None or found.origin is None:
        pytest.skip("needs the package spherical_geometry, which holds an HST exposure")
    return Path(found.origin).parent / "tests/data/j8bt06nyq_flt.fits"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs root, to mount a small file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"can't mount a small file system: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
