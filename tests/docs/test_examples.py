"""Every example of the documentation runs as its page shows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pages import PROJECT, Example, Reader, examples

from butler.cluster import Cluster
from butler.errors import ButlerError

FROM_NOTHING = ("README.md", "docs/tutorial.md")
"""Pages that begin in a folder without a repository; the others go on where the tutorial ends."""

AFTER_THE_TUTORIAL = sorted(
    path.relative_to(PROJECT).as_posix()
    for path in (PROJECT / "docs").glob("*.md")
    if path.name not in ("tutorial.md", "schema.md")
)

NOT_RUN = {
    ("README.md", "$ make demo"): "installs packages of the system; CI runs it on a bare Debian",
    ("CONTRIBUTING.md", "$ make check"): "runs these tests",
}
"""Examples that aren't run, by page and first line, and why."""


def new_folder(folder: Path) -> Path:
    """A folder with what a checkout of the source has in it."""
    (folder / "cameras").symlink_to(PROJECT / "cameras")
    return folder


def remove_repository(folder: Path) -> None:
    with suppress(ButlerError):  # there is none if the page failed before it
        Cluster(folder).destroy()


def follow(page: str, reader: Reader) -> None:
    for example in runnable(page):
        reader.follow(example)


def runnable(page: str) -> Iterator[Example]:
    return (example for example in examples(page) if (page, example.first_line) not in NOT_RUN)


@pytest.mark.parametrize("page", FROM_NOTHING)
def test_a_page_that_begins_with_nothing_holds(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(new_folder(tmp_path))
    reader = Reader(tmp_path)
    try:
        follow(page, reader)
    finally:
        reader.close()
        remove_repository(tmp_path / "demo")


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder as the tutorial leaves it."""
    folder = new_folder(tmp_path_factory.mktemp("tutorial"))
    reader = Reader(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        try:
            follow("docs/tutorial.md", reader)
            reader.close()
            yield folder
        finally:
            remove_repository(folder / "demo")


@pytest.mark.parametrize("page", [page for page in AFTER_THE_TUTORIAL if any(examples(page))])
def test_a_page_that_goes_on_from_the_tutorial_holds(
    page: str, tutorial: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tutorial)
    reader = Reader(tutorial)
    try:
        follow(page, reader)
    finally:
        reader.close()


def test_an_example_is_left_out_only_where_it_is_there_and_for_a_reason() -> None:
    there = {(page, example.first_line) for page, _ in NOT_RUN for example in examples(page)}
    assert NOT_RUN.keys() <= there
    assert all(NOT_RUN.values())
