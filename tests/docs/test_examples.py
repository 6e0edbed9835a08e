"""Every example of the documentation runs as its page shows it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from butler.embedded import EmbeddedServer
from butler.errors import ButlerError
from butler.testing.postgres import TemporaryServer
from docs.pages import PROJECT, Example, Reader, examples

TUTORIAL = "docs/tutorial.md"

AFTER_THE_TUTORIAL = sorted(
    path.relative_to(PROJECT).as_posix()
    for path in (*PROJECT.glob("*.md"), *(PROJECT / "docs").glob("*.md"))
    if path.name not in ("tutorial.md", "schema.md")
)
"""Pages whose examples go on where the tutorial ends."""

NOT_RUN = {
    ("README.md", "$ make demo"): "installs packages of the system; CI runs it on a bare Debian",
    ("CONTRIBUTING.md", "$ make check"): "runs these tests",
    (
        "docs/operations.md",
        "$ docker compose -f docker/compose.yaml up -d --build --wait database",
    ): "needs a container engine",
    ("docs/benchmarks.md", "$ make bench"): "installs the peer and takes half an hour",
    ("RELEASE.md", "$ make changelog"): "make lint runs what it runs",
    ("RELEASE.md", "$ make test-slow"): "takes minutes",
    (
        "RELEASE.md",
        "$ make release VERSION=0.1.0 DRY_RUN=1",
    ): "runs these tests; tests/packaging makes a release",
    ("RELEASE.md", "$ make release VERSION=0.1.0"): "the same",
    ("RELEASE.md", "$ git tag --delete v0.1.0"): "there is no tag to delete",
}
"""Examples that aren't run, by page and first line, and why."""


def follow(page: str, folder: Path, **environment: str) -> None:
    with contextlib.chdir(folder), Reader(folder, **environment) as reader:
        for example in runnable(page):
            reader.follow(example)


def runnable(page: str) -> Iterator[Example]:
    return (example for example in examples(page) if (page, example.first_line) not in NOT_RUN)


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder as somebody leaves it who begins with nothing and does what the tutorial says."""
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "cameras").symlink_to(PROJECT / "cameras")
    try:
        follow(TUTORIAL, folder)
        yield folder
    finally:
        with suppress(ButlerError):  # there is none if the tutorial failed before it
            EmbeddedServer(folder / "demo").destroy()


@pytest.fixture(scope="module")
def another_server() -> Iterator[TemporaryServer]:
    """A server that isn't a repository's own, and where nothing has been done yet."""
    with TemporaryServer() as server:
        yield server


def test_the_tutorial_holds(tutorial: Path) -> None:
    assert (tutorial / "demo" / "butler.yaml").exists()


@pytest.mark.parametrize("page", [page for page in AFTER_THE_TUTORIAL if any(runnable(page))])
def test_the_examples_of_a_page_hold(page: str, tutorial: Path, another_server: TemporaryServer) -> None:
    follow(page, tutorial, BUTLER_REPO="demo", DBHOST=another_server.host)


def test_the_program_of_a_user_does_what_it_says_and_the_second_time_has_nothing_to_do(
    tutorial: Path,
) -> None:
    program = PROJECT / "docs" / "examples" / "backgrounds.py"
    command: list[str | Path] = [sys.executable, program, "demo", "ACS/raw", "u/me/backgrounds"]
    first, second = (subprocess.check_output(command, cwd=tutorial, text=True) for _ in range(2))
    (line,) = first.splitlines()
    assert "file://" in line
    assert second == first


def test_an_example_is_left_out_only_where_it_is_there_and_for_a_reason() -> None:
    there = {(page, example.first_line) for page, _ in NOT_RUN for example in examples(page)}
    assert NOT_RUN.keys() <= there
    assert all(NOT_RUN.values())
