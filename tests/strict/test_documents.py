"""YAML is read as plain data, or refused by file and line without showing a password."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from butler.errors import ConfigError
from butler.strict import parse_yaml, read_yaml


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a: 1\na: 2", 2, "the key 'a' is given twice"),
        ("a: {b: 1,\n  b: 2}", 2, "the key 'b' is given twice"),
        ("1: a\n'1': b", 2, "the key '1' is given twice"),
        ("a: &x 1\nb: *x", 1, "anchors and aliases are not read"),
        ("a: 1\nb: *x", 2, "anchors and aliases are not read"),
        ("a: &x {b: 1}\nc: {<<: *x}", 1, "anchors and aliases are not read"),
        ("a:\n  <<: {b: 1}", 2, "merge keys are not read"),
        ("a: !!python/object/apply:os.system [id]", 1, "tags are not read"),
        ("a: !!str 3", 1, "tags are not read"),
        ("a: ! 3", 1, "tags are not read"),
        ("a: 1\n? [1, 2]\n: 3", 2, "a key isn't text"),
        ("a: 1\non: 3", 2, "a key isn't text: quote it"),
        ("null: 3", 1, "a key isn't text"),
        ("1.5: 3", 1, "a key isn't text"),
        ("a: 1\n--- \nb: 2", 2, "expected the end|another document|but found another document"),
        ("a: 1\nb: 2013-99-99", 2, "'2013-99-99' can't be read .*: quote it"),
        ("a: 1\nb: " + "9" * 5000, 2, "can't be read"),
        ("a: 'never\nclosed", 2, "unexpected end of stream"),
        ("a: 1\n\tb: 2", 2, ""),
        ("a: " + "[" * 17 + "]" * 17, 1, "nested more than 16 deep"),
        ("a: 1\nb: " + "{a: " * 100_000, 2, "nested more than 16 deep"),
    ],
)
def test_what_runs_expands_or_hides_is_refused_by_its_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(ConfigError, match=rf"^x\.yaml:{line}: isn't plain YAML: .*({reason})"):
        parse_yaml(text.encode(), "x.yaml")


def test_a_control_character_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^x\.yaml.*isn't plain YAML"):
        parse_yaml(b"a: \x01", "x.yaml")


@pytest.mark.parametrize("text", [b"a: 1\nb: \xff", b"a: 1\nb: \xe9t\xe9"])
def test_what_is_not_utf_8_is_refused_by_its_line(text: bytes) -> None:
    with pytest.raises(ConfigError, match=r"^x\.yaml:2: isn't UTF-8\s+Save it"):
        parse_yaml(text, "x.yaml")


def test_a_file_of_more_than_a_megabyte_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(ConfigError, match="larger than 1000000 bytes"):
        parse_yaml(b"# " + b"x" * 1_000_000, "x.yaml")


def test_a_file_of_many_keys_takes_no_more_than_its_size() -> None:
    begun = time.process_time()
    parse_yaml("".join(f"k{n}: {n}\n" for n in range(60_000)).encode(), "x.yaml")
    assert time.process_time() - begun < 60, "quadratic, it would take hours"


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n", "---\n"])
def test_a_file_that_says_nothing_is_none(text: str) -> None:
    assert parse_yaml(text.encode(), "x.yaml").value is None


def test_plain_data_comes_back_as_it_is_written() -> None:
    text = "\ufeffa: [1, 2.5, true, null, 'x: y', 2020-01-01 00:00:00]\n7: é\n"
    value = parse_yaml(text.encode(), "x.yaml").value
    assert value["a"][:5] == [1, 2.5, True, None, "x: y"]
    assert value[7] == "é"


@pytest.mark.parametrize(
    "text",
    [
        "dsn: postgresql://u:hunter2@h/d\n  x: [",
        "postgresql://u:hunter2@h/d: 1\npostgresql://u:hunter2@h/d: 2",
        "dsn: !postgresql://u:hunter2@h/d x",
        "dsn: 'postgresql://u:hunter2@h/d",
        "dsn: host=h password=hunter2 \x01",
        "password=hunter2: 1\npassword=hunter2: 1",
    ],
)
def test_no_error_shows_a_password(text: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        parse_yaml(text.encode(), "x.yaml")
    assert "hunter2" not in f"{refusal.value} {refusal.value.details}"


def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere.yaml", tmp_path / "nul\0.yaml"):
        with pytest.raises(ConfigError, match=re.escape(str(tmp_path))):
            read_yaml(path)
