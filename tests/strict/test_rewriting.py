"""A YAML file that a person wrote is changed where it must be, and nowhere else."""

from __future__ import annotations

import copy
import difflib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from butler.strict.rewriting import rewritten, write_whole

WRITTEN = """\
# A Butler repository.
---
database:
    dsn:
        owner: 'postgresql://o@h/db'   # the owner
        writer: "postgresql://w@h/db"
    replica:   postgresql://r@h/db

# where the files are
datastores:
    main: {type: posix,   root: data, templates: {default: "{run}/{dataset_type}"}}   # fast
    archive:
        root: /archive
        # who may read
        mode: "0640"
        disassemble:
        - Exposure

        - 'Image'   # both
        formatters:
            note: >-
                json
        # the end of the archive
default: main  # the one
"""


def lines_changed(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line.startswith(("+", "-"))]


def changed(text: str, *path: str, to: Any = None) -> str:
    """Change, or take out, one value."""
    before = yaml.safe_load(text)
    after = place = copy.deepcopy(before)
    for key in path[:-1]:
        place = place[key]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    new = rewritten(text, before, after)
    assert yaml.safe_load(new) == after
    return new


def test_what_does_not_change_stays_to_the_letter() -> None:
    value = yaml.safe_load(WRITTEN)
    assert rewritten(WRITTEN, value, copy.deepcopy(value)) == WRITTEN


@pytest.mark.parametrize(
    ("path", "to", "lines"),
    [
        (("datastores", "archive", "root"), "/new", ["-         root: /archive", "+         root: /new"]),
        (("datastores", "archive", "mode"), "0660", ['-         mode: "0640"', '+         mode: "0660"']),
        (("default",), "archive", ["- default: main  # the one", "+ default: archive  # the one"]),
        (
            ("database", "dsn", "owner"),
            "postgresql://o@g/it's",
            [
                "-         owner: 'postgresql://o@h/db'   # the owner",
                "+         owner: 'postgresql://o@g/it''s'   # the owner",
            ],
        ),
        (("registry",), "layer", ["+ registry: layer"]),
        (("database", "dsn", "reader"), "a: b", ["+         reader: 'a: b'"]),
        (("datastores", "archive", "group"), "lsst", ["+         group: lsst"]),
        (("datastores", "third"), {"root": "x y", "group": 3}, ["+     third: {root: x y, group: 3}"]),
        (("database", "replica"), None, ["-     replica:   postgresql://r@h/db"]),
        (("datastores", "archive", "mode"), None, ['-         mode: "0640"']),
        (("default",), None, ["- default: main  # the one"]),
        (
            ("datastores", "archive", "formatters", "note"),
            "yaml",
            ["-             note: >-", "-                 json", "+             note: yaml"],
        ),
        (("datastores", "archive", "formatters", "log"), "yaml", ["+             log: yaml"]),
    ],
)
def test_a_change_touches_its_own_lines_alone(path: tuple[str, ...], to: Any, lines: list[str]) -> None:
    assert sorted(lines_changed(WRITTEN, changed(WRITTEN, *path, to=to))) == sorted(lines)


def test_a_table_between_braces_stays_between_braces() -> None:
    new = changed(WRITTEN, "datastores", "main", "root", to="a, b")
    assert """main: {type: posix,   root: 'a, b', templates: {default: "{run}/""" in new
    new = changed(WRITTEN, "datastores", "main", "group", to="lsst")
    assert "group: lsst}   # fast" in new


@pytest.mark.parametrize(
    "text", ["a:\nb: 1\n", "a: 1", "a: 1\r\nb: 2\r\n", "a: ''\n", "? a\n: 1\n", "\ufeffa: 1\n"]
)
def test_odd_spellings_are_changed_too(text: str) -> None:
    assert "new" in changed(text, "a", to="new")


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_a_file_that_says_nothing_is_added_to(text: str) -> None:
    new = rewritten(text, {}, {"a": {"b": 1}})
    assert new.startswith(text)
    assert yaml.safe_load(new) == {"a": {"b": 1}}


_TEXTS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=8)
_SCALARS = st.one_of(st.booleans(), st.integers(-99, 99), _TEXTS)
_KEYS = st.sampled_from(["a", "b", "c", "on", "x y", "é"])
_TABLES = st.recursive(
    st.dictionaries(_KEYS, st.one_of(_SCALARS, st.lists(_SCALARS, max_size=3)), max_size=4),
    lambda inner: st.dictionaries(_KEYS, st.one_of(_SCALARS, inner), max_size=4),
    max_leaves=8,
)


@settings(deadline=None)
@given(_TABLES, _TABLES, st.sampled_from([None, True, False]), st.sampled_from([2, 4]))
def test_any_change_says_what_it_is_to_say(
    before: dict[str, Any], after: dict[str, Any], flow: bool | None, indent: int
) -> None:
    text = yaml.safe_dump(before, default_flow_style=flow, indent=indent, allow_unicode=True)
    assert yaml.safe_load(rewritten(text, before, after)) == after


def test_a_list_below_its_key_becomes_a_value_beside_it() -> None:
    text = "a:  # why\n- x  # one\n\nb: 1\n"
    assert changed(text, "a", to="y") == "a: y  # why  # one\n\nb: 1\n"


def test_what_can_not_be_written_leaves_the_file_as_it_was_and_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "butler.yaml"
    file.write_text("before")
    with pytest.raises(UnicodeEncodeError):
        write_whole(file, "half\ud800")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("butler.yaml", "before")]
