"""The command line over a registry that has the look-up alone: what it can do, and one line for all else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import butler.repository
from butler import Butler
from butler.registry import Registry
from butler.registry.interfaces import Lookup

from .conftest import Command

VISIT_12 = ("stats", "camera=Peepshow", "visit=12", "-c", "u/me/first")


class LookupAlone(Registry):
    """Another registry's look-up."""

    def __init__(self, whole: Registry) -> None:
        self._whole = whole

    @property
    def name(self) -> str:
        return self._whole.name

    @property
    def lookup(self) -> Lookup:
        return self._whole.lookup

    def close(self) -> None:
        self._whole.close()


@pytest.fixture
def limited(filled: Butler, monkeypatch: pytest.MonkeyPatch) -> Iterator[Butler]:
    """The repository as it is, while whoever opens it gets the look-up of its registry alone."""
    whole = butler.repository.open_registry
    with monkeypatch.context() as patch:
        patch.setattr(
            butler.repository,
            "open_registry",
            lambda *given, **options: LookupAlone(whole(*given, **options)),
        )
        yield filled


def test_what_needs_the_look_up_alone_works(limited: Butler, command: Command, inputs: Path) -> None:
    uri = command.out("uri", *VISIT_12).strip()
    command.out("get", *VISIT_12, "-o", "out.json")
    assert Path("out.json").read_bytes() == Path(uri.removeprefix("file://")).read_bytes()


@pytest.mark.parametrize(
    ("words", "capability"),
    [
        ("status", "administration"),
        ("du", "administration"),
        ("datastore list", "administration"),
        ("datastore show main", "administration"),
        ("camera list", "definitions"),
        ("camera add peepshow.yaml", "definitions"),
        ("camera check Peepshow night1/shot1.fits", "definitions"),
        ("skymap list", "definitions"),
        ("skymap add rings.yaml", "definitions"),
        ("dataset-type list", "definitions"),
        ("dataset-type show stats", "definitions"),
        ("dataset-type add moments Dict", "definitions"),
        ("collection list", "collections"),
        ("collection show u/me/first", "collections"),
        ("collection create best --type tagged", "collections"),
        ("collection chain all u/me/first", "collections"),
        ("collection freeze u/me/first", "collections"),
        ("collection holds", "puts"),
        ("collection remove u/me/first --datasets --yes", "removal"),
        ("layer list", "layers"),
        ("query datasets stats", "collections"),
        ("query datasets stats -c u/me/first", "definitions"),
        ("query data-ids stats", "definitions"),
        ("query visit", "queries"),
        ("sql SELECT", "queries"),
        ("associate best stats -c u/me/first", "definitions"),
        ("disassociate best stats", "definitions"),
        ("unstore stats -c u/me/first --yes", "definitions"),
        ("remove stats -c u/me/first --yes", "definitions"),
        ("restore --run u/me/first", "removal"),
        ("trash list", "removal"),
        ("trash empty", "removal"),
        ("trash delay", "removal"),
        ("log", "provenance"),
        ("verify", "definitions"),
        ("reap", "puts"),
    ],
)
def test_what_needs_another_capability_ends_with_its_name_in_one_line(
    limited: Butler, command: Command, inputs: Path, words: str, capability: str
) -> None:
    result = command(*words.split())
    assert (result.exit_code, result.stdout) == (1, "")
    error, hint = result.stderr.splitlines()
    assert error == f"error: registry 'butler' (LookupAlone) has no {capability}"
    assert hint.startswith("  ")


@pytest.mark.parametrize(
    "words",
    [
        "put stats stats.json camera=Peepshow visit=13 --run u/me/second",
        "ingest stats stats.json --data-id camera=Peepshow --data-id visit=13 --run u/me/second",
        "ingest stats stats.json --data-id camera=Peepshow --data-id visit=13 --run u/me/second --mode move",
        "ingest stats stats.json --data-id camera=Peepshow --data-id visit=13 --run u/me/second --mode in-place",
        "ingest night1",
        "ingest night1 --dry-run",
        "ingest night1 --on-error continue",
    ],
)
def test_nothing_is_left_of_what_can_not_be_registered(
    limited: Butler, command: Command, inputs: Path, words: str
) -> None:
    before = state(limited, inputs)
    result = command(*words.split())
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("error: registry 'butler' (LookupAlone) has no ")
    assert "Traceback" not in result.stderr
    assert state(limited, inputs) == before


def state(filled: Butler, *folders: Path) -> Any:
    """Everything that a put could leave: rows, and files wherever they are."""
    roots = (*folders, Path(filled.datastore.root.removeprefix("file://")))
    files = {
        str(file): hashlib.sha256(file.read_bytes()).hexdigest()
        for root in roots
        for file in root.rglob("*")
        if file.is_file()
    }
    with closing(filled.registry):
        counts = filled.registry.administration.summary()
        return files, counts
