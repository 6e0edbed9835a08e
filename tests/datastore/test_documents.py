"""JSON, YAML, text and bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from butler.datastore import Datastore, open_datastore
from butler.errors import ChecksumError, FormatError, StorageClassError
from butler.values import Artifact, IngestMode

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda values: st.lists(values, max_size=4) | st.dictionaries(st.text(), values, max_size=4),
    max_leaves=12,
)


def store(formatter: str) -> Datastore:
    return open_datastore({"type": "memory", "formatters": {"Dict": formatter, "List": formatter}}, Path())


def put(datastore: Datastore, obj: Any, storage_class: str) -> tuple[Artifact, ...]:
    return datastore.put(obj, uuid4(), "a/b", storage_class, "config", {"id": "1", "run": "ü"})


@pytest.mark.parametrize("formatter", ["json", "yaml"])
@settings(max_examples=80, deadline=None)
@given(obj=st.dictionaries(st.text(), VALUES, max_size=4) | st.lists(VALUES, max_size=4))
def test_a_document_comes_back_equal_or_is_refused(formatter: str, obj: dict[str, Any] | list[Any]) -> None:
    datastore = store(formatter)
    storage_class = "Dict" if isinstance(obj, dict) else "List"
    try:
        artifacts = put(datastore, obj, storage_class)
    except StorageClassError:
        assert list(datastore.inventory.paths()) == []
        assert has_what_the_format_cannot_hold(obj)
    else:
        assert datastore.get(artifacts, storage_class) == obj


def has_what_the_format_cannot_hold(obj: Any) -> bool:
    """Whether there is text that isn't Unicode, or that YAML counts as a line's end or refuses."""
    text = json.dumps(obj, ensure_ascii=False)
    return any(not ch.isprintable() or ch in "\\_" or ch == "\ufeff" or ord(ch) > 0xFFFF for ch in text)


@pytest.mark.parametrize(
    "content",
    [
        "!!python/object/apply:os.system ['touch owned']",
        "!!python/object/new:os.system ['touch owned']",
        "a: !!python/name:os.system",
        "[" * 100_000,
        "a: [1, 2",
        "\x00",
        "a: b: c",
    ],
)
def test_yaml_runs_no_code_and_breaks_nothing(tmp_path: Path, content: str) -> None:
    datastore = open_datastore({"formatters": {"Dict": "yaml"}}, tmp_path)
    file = tmp_path / "hostile.yaml"
    file.write_text(content)
    artifacts = datastore.intake.ingest(file, uuid4(), "a/b", "Dict", "config", IngestMode.COPY)
    with pytest.raises(FormatError, match="a/b"):
        datastore.get(artifacts, "Dict")
    assert not Path("owned").exists()


@pytest.mark.parametrize("content", ["", "{", '{"a": NaN}', "[" * 100_000, "\ufeff{}", '{"a": 1} x'])
def test_what_is_not_json_is_refused(tmp_path: Path, content: str) -> None:
    datastore = open_datastore({}, tmp_path)
    file = tmp_path / "other.json"
    file.write_text(content)
    artifacts = datastore.intake.ingest(file, uuid4(), "a/b", "Dict", "config", IngestMode.COPY)
    with pytest.raises(FormatError, match="a/b"):
        datastore.get(artifacts, "Dict")


def test_a_document_without_identity_is_read_as_it_is(tmp_path: Path) -> None:
    datastore = open_datastore({}, tmp_path)
    for name, text, expected in (("a.json", '{"items": [1]}', {"items": [1]}), ("b.json", "[1]", [1])):
        (tmp_path / name).write_text(text)
        artifacts = datastore.intake.ingest(
            tmp_path / name, uuid4(), "a/b", "Dict", "config", IngestMode.COPY
        )
        assert datastore.get(artifacts, "Dict") == expected


def test_text_that_is_not_unicode_is_refused(tmp_path: Path) -> None:
    datastore = open_datastore({"root": "data"}, tmp_path)
    with pytest.raises(StorageClassError, match="UTF-8"):
        put(datastore, "\ud800", "Text")
    file = tmp_path / "latin.txt"
    file.write_bytes(b"M\xfcller")
    artifacts = datastore.intake.ingest(file, uuid4(), "a/b", "Text", "log", IngestMode.COPY)
    with pytest.raises(FormatError, match="UTF-8"):
        datastore.get(artifacts, "Text")


@pytest.mark.parametrize(("storage_class", "obj"), [("Text", "text"), ("Dict", {"a": 1}), ("Bytes", b"abc")])
def test_a_file_without_a_checksum_of_its_own_is_held_against_the_recorded_one(
    tmp_path: Path, storage_class: str, obj: Any
) -> None:
    datastore = open_datastore({"root": "."}, tmp_path)
    (artifact,) = put(datastore, obj, storage_class)
    file = tmp_path / artifact.path
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(ChecksumError, match="recorded"):
        datastore.get((artifact,), storage_class)
