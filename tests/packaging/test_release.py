"""`make release` and `make test-previous`, in a clone whose `make check` has been passed already."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from migrations.conftest import Checkout
from migrations.test_revisions import REVISION, write_next_revision

from butler.version import SCHEMA_VERSION

PROJECT = Path(__file__).parents[2]
VERSION = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
TAG = f"v{VERSION}"


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of what is committed, as before any release, whose check does nothing."""
    folder = tmp_path / "project"
    git(tmp_path, "clone", "--quiet", str(PROJECT), str(folder))
    git(folder, "checkout", "--quiet", "-B", "main")
    git(folder, "config", "user.name", "Releaser")
    git(folder, "config", "user.email", "releaser@example.org")
    for tag in git(folder, "tag").split():
        git(folder, "tag", "--delete", tag)
    (folder / "db/migrations/RELEASED").unlink(missing_ok=True)
    (folder / "changes" / "+something.fix.md").write_text("Something is new.\n")
    git(folder, "add", "--all")
    (folder / "Makefile").write_text(f".PHONY: check setup\ncheck setup:\n\tln -s {sys.prefix} .venv\n")
    git(folder, "commit", "--quiet", "--all", "--message", "A check that is quick")
    return folder


def release(clone: Path, dry_run: str, version: str = VERSION) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DRY_RUN": dry_run, "VERSION": version}
    return subprocess.run(
        [clone / ".ci" / "release"], env=environment, capture_output=True, text=True, check=False
    )


def noted(clone: Path, *tags: str) -> subprocess.CompletedProcess[str]:
    """Note the newest revision as released with a tag, or look whether released ones are what they were."""
    return subprocess.run(
        [sys.executable, clone / "setup/released.py", *tags], capture_output=True, text=True, check=False
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


def with_that_version_in_the_changelog(clone: Path) -> None:
    with (clone / "CHANGELOG.md").open("a") as file:
        file.write(f"\n## {VERSION}, 2001-01-01\n")
    git(clone, "commit", "--quiet", "--all", "--message", "It was released")


def with_a_released_revision_edited(clone: Path) -> None:
    noted(clone, "v0.0.1")
    with (clone / "db/migrations/sql/0001/tables.sql").open("a") as file:
        file.write("SELECT 1;\n")
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message", "History is rewritten")


def with_a_schema_that_serves_nobody_before(clone: Path) -> None:
    git(clone, "tag", "v0.0.1")
    (clone / "db/migrations/versions/9999_abrupt.py").write_text('oldest_client = "9999"\n')
    git(clone, "add", "db")
    git(clone, "commit", "--quiet", "--message", "Nobody before is served")


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
        (with_that_version_in_the_changelog, f"CHANGELOG.md has a version {VERSION} already"),
        (with_a_released_revision_edited, "revision 0001 was edited since"),
        (
            with_a_schema_that_serves_nobody_before,
            "the schema serves no client of v0.0.1, which is made for 0001",
        ),
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


def test_a_release_of_another_version_than_the_project_names_is_refused(clone: Path) -> None:
    assert "pyproject.toml is of another version than 99.0" in release(clone, "1", "99.0").stderr


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
    assert f"{SCHEMA_VERSION} {TAG} " in (clone / "db/migrations/RELEASED").read_text()
    assert f"\nversion: {VERSION}\ndate-released: " in (clone / "CITATION.cff").read_text()
    source, wheel = sorted((clone / "dist").iterdir(), key=lambda file: file.suffix)
    assert (source.name, wheel.suffix) == (f"butler-{VERSION}.tar.gz", ".whl")
    with tarfile.open(source) as archive:
        assert f"butler-{VERSION}/db/bootstrap.sql" in archive.getnames()
    assert "is there already" in release(clone, "").stderr


def test_what_is_cited_is_the_version_that_is_packaged() -> None:
    assert f"\nversion: {VERSION}\n" in (PROJECT / "CITATION.cff").read_text()


def test_what_was_released_of_the_schema_is_as_it_was() -> None:
    assert noted(PROJECT).stderr == ""


def test_a_revision_is_noted_with_the_first_release_that_has_it(clone: Path) -> None:
    notes = clone / "db/migrations/RELEASED"
    assert noted(clone, "v0.0.1").returncode == 0
    first = notes.read_text()
    assert first.startswith(f"{SCHEMA_VERSION} v0.0.1 ")
    assert noted(clone, "v0.0.2").returncode == 0
    assert notes.read_text() == first


def test_what_was_released_is_not_frozen_anew(clone: Path) -> None:
    noted(clone, "v0.0.1")
    with (clone / "db/functions/lookup/state_name.sql").open("a") as file:
        file.write("-- edited\n")
    frozen = subprocess.run(
        [sys.executable, "setup/freeze_schema.py"],
        cwd=clone,
        env={**os.environ, "PYTHONPATH": str(clone)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert frozen.returncode == 1
    assert frozen.stderr.startswith(
        "functions/lookup/state_name.sql changed since revision 0001, which was released in v0.0.1: begin a revision"
    )
    assert noted(clone).stderr == ""


@pytest.mark.parametrize("path", ["sql/0001/tables.sql", "sql/0001/new.sql", "versions/0001_*.py"])
def test_an_edited_revision_that_was_released_is_named(clone: Path, path: str) -> None:
    noted(clone, "v0.0.1")
    root = clone / "db/migrations"
    for file in list(root.glob(path)) or [root / path]:
        with file.open("a") as edited:
            edited.write("\n")
    assert noted(clone).stderr == (
        "revision 0001 was edited since v0.0.1 released it: a change of the schema is a revision of its own\n"
    )


# The release before --------------------------------------------------------------------


def previous(clone: Path) -> subprocess.CompletedProcess[str]:
    (clone / ".git" / "info" / "exclude").write_text(".venv\n")
    if not (clone / ".venv").exists():
        (clone / ".venv").symlink_to(sys.prefix)
    return subprocess.run([clone / ".ci" / "previous"], capture_output=True, text=True, check=False)


SEES_THE_REVISION = """
from typing import Any

def test_the_database_is_newer_than_its_client(butler: Any) -> None:
    assert butler.registry.administration.summary()["schema"] > "{known}"
"""


def test_before_the_first_release_there_is_no_client_to_try(clone: Path) -> None:
    tried = previous(clone)
    assert (tried.returncode, tried.stdout) == (
        0,
        "previous: there is no release yet whose client could meet this schema\n",
    )


def test_the_last_release_s_tests_are_run_by_its_client_on_the_schema_as_it_is(clone: Path) -> None:
    (clone / ".ci/acceptance").write_text(
        "# What it can do:\ntests/api/test_refs.py\ntests/api/test_seen.py\n"
    )
    (clone / "tests/api/test_seen.py").write_text(SEES_THE_REVISION.format(known=SCHEMA_VERSION))
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message", "Two modules that are quick")
    git(clone, "tag", "v0.0.1")
    same = previous(clone)
    assert same.returncode != 0
    assert "1 failed" in same.stdout

    write_next_revision(Checkout(clone))
    later = previous(clone)
    assert later.returncode == 0, later.stdout + later.stderr
    assert "previous: the client of v0.0.1 works on the schema as it is\n" in later.stdout


def test_a_release_that_the_schema_does_not_serve_is_named_unless_the_changelog_says_so(clone: Path) -> None:
    git(clone, "tag", "v0.0.1")
    write_next_revision(
        Checkout(clone), REVISION.replace(f'oldest_client = "{SCHEMA_VERSION}"', 'oldest_client = "0002"')
    )
    refused = previous(clone)
    assert refused.returncode == 1
    assert f"clients made for 0002 or later; v0.0.1 is made for {SCHEMA_VERSION}" in refused.stderr
    (clone / "changes/+older-clients.removal.md").write_text("Clients of 0.0.1 are served no more.\n")
    assert previous(clone).returncode == 0
