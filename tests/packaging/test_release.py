"""`make release`, in a clone whose `make check` has been passed already."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
VERSION = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
TAG = f"v{VERSION}"


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of what is committed, whose check gives it this environment and does nothing else."""
    folder = tmp_path / "project"
    git(tmp_path, "clone", "--quiet", str(PROJECT), str(folder))
    git(folder, "checkout", "--quiet", "-B", "main")
    git(folder, "config", "user.name", "Releaser")
    git(folder, "config", "user.email", "releaser@example.org")
    (folder / "Makefile").write_text(f"check:\n\tln -s {sys.prefix} .venv\n")
    git(folder, "commit", "--quiet", "--all", "--message", "A check that is quick")
    return folder


def release(clone: Path, dry_run: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DRY_RUN": dry_run}
    return subprocess.run(
        [clone / ".ci" / "release"], env=environment, capture_output=True, text=True, check=False
    )


def state(clone: Path) -> tuple[str, str, bool]:
    return git(clone, "for-each-ref"), git(clone, "status", "--porcelain"), (clone / "dist").exists()


def on_a_branch(clone: Path) -> None:
    git(clone, "checkout", "--quiet", "-b", "other")


def with_a_new_file(clone: Path) -> None:
    (clone / "new").touch()


def with_a_changed_file(clone: Path) -> None:
    (clone / "README.md").write_text("# Other\n")


def with_the_tag(clone: Path) -> None:
    git(clone, "tag", TAG)


def with_another_version_cited(clone: Path) -> None:
    file = clone / "CITATION.cff"
    file.write_text(file.read_text().replace(f"version: {VERSION}\n", "version: 99.0\n"))
    git(clone, "commit", "--quiet", "--all", "--message", "Another version")


def with_nothing_new(clone: Path) -> None:
    git(clone, "rm", "--quiet", *(f"changes/{file.name}" for file in (clone / "changes").glob("+*")))
    git(clone, "commit", "--quiet", "--message", "Nothing new")


def with_a_check_that_fails(clone: Path) -> None:
    (clone / "Makefile").write_text("check:\n\tfalse\n")
    git(clone, "commit", "--quiet", "--all", "--message", "A check that fails")


@pytest.mark.parametrize("dry_run", ["", "1"], ids=["release", "rehearsal"])
@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (on_a_branch, "a release is made on main"),
        (with_a_new_file, "the work tree isn't clean"),
        (with_a_changed_file, "the work tree isn't clean"),
        (with_the_tag, f"{TAG} is there already"),
        (with_another_version_cited, f"CITATION.cff is of another version than {VERSION}"),
        (with_nothing_new, f"nothing in changes/ says what is new in {VERSION}"),
        (with_a_check_that_fails, "check] Error 1"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_release_and_its_rehearsal_refuse_the_same_and_leave_nothing(
    clone: Path, prepare: Callable[[Path], None], message: str, dry_run: str
) -> None:
    prepare(clone)
    before = state(clone)
    done = release(clone, dry_run)
    assert done.returncode != 0
    assert message in " ".join((done.stdout + done.stderr).split())
    assert state(clone) == before


@pytest.mark.slow
@pytest.mark.lint
def test_a_rehearsal_keeps_nothing_and_a_release_is_a_commit_a_tag_and_two_packages(clone: Path) -> None:
    pytest.importorskip("towncrier", reason="make lint installs it")
    before = state(clone)
    rehearsed = release(clone, "1")
    assert rehearsed.returncode == 0, rehearsed.stderr
    assert f"{TAG} could be made" in rehearsed.stdout
    assert state(clone) == before

    released = release(clone, "")
    assert released.returncode == 0, released.stderr
    assert git(clone, "rev-parse", f"{TAG}^{{commit}}") == git(clone, "rev-parse", "main")
    assert git(clone, "log", "-1", "--format=%s") == f"Version {VERSION}"
    assert [file.name for file in (clone / "changes").iterdir()] == ["README.md"]
    assert f"\n## {VERSION}, " in (clone / "CHANGELOG.md").read_text()
    assert f"\nversion: {VERSION}\ndate-released: " in (clone / "CITATION.cff").read_text()
    source, wheel = sorted((clone / "dist").iterdir(), key=lambda file: file.suffix)
    assert (source.name, wheel.suffix) == (f"butler-{VERSION}.tar.gz", ".whl")
    with tarfile.open(source) as archive:
        assert f"butler-{VERSION}/db/bootstrap.sql" in archive.getnames()
    assert "is there already" in release(clone, "").stderr


def test_what_is_cited_is_the_version_that_is_packaged() -> None:
    assert f"\nversion: {VERSION}\n" in (PROJECT / "CITATION.cff").read_text()
