"""Links lead somewhere, and lists in the documentation are complete."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg2
import pytest

from butler import errors
from butler.errors import ButlerError
from docs.pages import PROJECT

PAGES = [
    *(
        PROJECT / name
        for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "RELEASE.md", "changes/README.md")
    ),
    *sorted((PROJECT / "docs").rglob("*.md")),
]
_LINK = re.compile(r"\[[^][]*\]\(([^()\s]+)\)|<img [^>]*src=\"([^\"]+)\"|srcset=\"([^\"]+)\"")
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def name(page: Path) -> str:
    return page.relative_to(PROJECT).as_posix()


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """What headings are called in links, as GitHub makes it."""
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", text(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_to_a_page_and_a_heading_of_it(page: Path) -> None:
    for match in _LINK.finditer(_FENCED.sub("", text(page))):
        link = next(group for group in match.groups() if group)
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name(page)} links to {link}"
        assert not anchor or anchor in anchors(target), f"{name(page)} links to {link}"


def test_every_page_is_linked_from_another() -> None:
    linked = {
        (page.parent / match[1].partition("#")[0]).resolve()
        for page in PAGES
        for match in _LINK.finditer(text(page))
        if match[1]
    }
    assert {name(page) for page in PAGES if page not in linked} == {"README.md"}


def table_column(page: str, column: int) -> set[str]:
    rows = re.findall(r"^\| (.+) \|$", text(PROJECT / "docs" / page), re.MULTILINE)
    return {row.split(" | ")[column].strip("`*") for row in rows}


def test_every_exception_is_explained_and_nothing_else() -> None:
    kinds = {each for each in errors.__all__ if getattr(errors, each) is not ButlerError}
    assert table_column("errors.md", 0) - {"exception", "---"} == kinds


def test_every_fault_is_shown_by_a_test_and_every_test_of_faults_is_named() -> None:
    named = set(re.findall(r"`(test_\w+)`", text(PROJECT / "docs" / "faults.md")))
    defined = {
        file: set(re.findall(r"^def (test_\w+)", text(file), re.MULTILINE))
        for file in (PROJECT / "tests").rglob("test_*.py")
    }
    assert named <= set().union(*defined.values())
    assert set().union(*(defined[file] for file in defined if file.parent.name == "faults")) <= named


def test_the_glossary_has_every_unit_and_every_word_for_it(reader: psycopg2.extensions.connection) -> None:
    glossary = text(PROJECT / "docs" / "glossary.md").lower()
    cursor = reader.cursor()
    cursor.execute("SELECT unit, aliases FROM unit")
    for unit, aliases in cursor.fetchall():
        assert f"**{unit.replace('_', ' ')}**" in glossary or f"unit `{unit}`" in glossary
        for alias in aliases:
            assert f"`{alias}`" in glossary


def test_the_glossary_is_in_the_order_of_the_alphabet() -> None:
    words = re.findall(r"^\| \*\*(.+?)\*\*", text(PROJECT / "docs" / "glossary.md"), re.MULTILINE)
    assert words == sorted(words, key=str.lower)


def test_decisions_are_numbered_without_a_gap() -> None:
    decisions = sorted((PROJECT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [int(page.name[:4]) for page in decisions] == list(range(1, len(decisions) + 1))
