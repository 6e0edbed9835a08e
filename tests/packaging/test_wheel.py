from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from butler.schema.objects import read_objects

PROJECT = Path(__file__).parents[2]

SERVED = PROJECT / ".ci" / "served.py"


def run(*command: str | Path, folder: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that holds a wheel of ours, and our dependencies but not our source."""
    folder = tmp_path_factory.mktemp("wheel")
    run(
        sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, PROJECT, folder=folder
    )
    (wheel,) = folder.glob("*.whl")
    environment = folder / "environment"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--no-deps",
        wheel,
        folder=folder,
    )
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=folder).strip()
    # A folder named in a .pth file is only a folder: its own .pth files, an editable install of
    # ours among them, aren't read.
    Path(site, "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


def test_a_wheel_creates_migrates_and_serves_a_repository(python: Path, tmp_path: Path) -> None:
    assert run(python, SERVED, folder=tmp_path).endswith("served\n")


def test_a_wheel_carries_the_sql_the_migrations_and_the_cameras(python: Path, tmp_path: Path) -> None:
    listing = (
        "from butler.schema.objects import sql_root, read_objects; r = sql_root(); print(len(read_objects(r)));"
        "print((r / 'migrations' / 'env.py').exists(), (r.parent / 'alembic.ini').exists(),"
        " len(list((r.parent / 'share' / 'cameras').glob('*.yaml'))) > 0)"
    )
    count, carried = run(python, "-c", listing, folder=tmp_path).splitlines()
    assert int(count) == len(read_objects(PROJECT / "db"))
    assert carried == "True True True"


@pytest.mark.lint
def test_a_program_of_a_user_is_type_checked_strictly_by_the_types_in_the_wheel(
    python: Path, tmp_path: Path
) -> None:
    pytest.importorskip("mypy", reason="make lint installs it")
    program = PROJECT / "docs" / "examples" / "backgrounds.py"
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        program.read_text(encoding="utf-8").replace("Butler(repo, run=run", "Butler(repo, run=1")
    )
    check = (sys.executable, "-m", "mypy", "--strict", "--config-file=", "--python-executable", python)
    run(*check, program, folder=tmp_path)
    with pytest.raises(AssertionError, match='Argument "run" to "Butler" has incompatible type "int"'):
        run(*check, wrong, folder=tmp_path)


def test_the_command_is_installed(python: Path, tmp_path: Path) -> None:
    assert "Usage" in run(python.parent / "butler", "--help", folder=tmp_path)
