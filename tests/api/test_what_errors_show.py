"""An error shows what it quotes in some length, and without a character that commands a terminal."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butler import Butler, DataId, DatasetRef, DatasetType
from butler.errors import ButlerError, DatasetNotFoundError, FormatError, InvalidNameError, showable
from butler.values import new_dataset_id

HUGE = "x" * 1_000_000
RED = "\x1b[31mred\x1b[0m\x9b2J\u202e\r"


@pytest.fixture
def butler(butler: Butler) -> Butler:
    butler.registry.definitions.register_dataset_type(DatasetType("note", "Dict", ()))
    butler.put({}, "note", run="r")
    return butler


@pytest.mark.parametrize("text", [HUGE, RED], ids=["a megabyte", "escape sequences"])
@pytest.mark.parametrize(
    "act",
    [
        lambda b, text: Butler(text),
        lambda b, text: b.get(text),
        lambda b, text: b.get(f"note.{text}", collections="r"),
        lambda b, text: b.get("note", component=text, collections="r"),
        lambda b, text: b.get("note", collections=text),
        lambda b, text: b.get("note", camera=text, collections="r"),
        lambda b, text: b.get("note", {text: 1}, collections="r"),
        lambda b, text: b.get("note", collections="r", as_of=text),
        lambda b, text: b.get("note", collections="r", parameters={text: 1}),
        lambda b, text: b.put({}, text),
        lambda b, text: b.put({}, "note", run=f"{text}\n"),
        lambda b, text: b.ingest([(text, {})], "note"),
        lambda b, text: b.ingest([(f"/tmp/{text}", {})], "note", mode=text),
        lambda b, text: b.raws.ingest([text]),
        lambda b, text: b.collections.register("x", text),
        lambda b, text: b.registry.query(f"SELECT '{text}' FROM nowhere_{text}").fetched,
        lambda b, text: b.unstore([text]),
    ],
)
def test_whatever_is_wrong_fits_on_a_page(
    butler: Butler, act: Callable[[Butler, str], object], text: str
) -> None:
    with pytest.raises(ButlerError) as caught:
        act(butler, text)
    shown = str(caught.value)
    assert len(shown) < 10_000
    assert all(each.isprintable() or each == "\n" for each in shown)
    assert str(pickle.loads(pickle.dumps(caught.value))) == shown


@given(st.text())
def test_a_text_that_may_be_shown_is_shown_as_it_is(text: str) -> None:
    shown = showable(text)
    assert showable(shown) == shown
    assert all(each.isprintable() or each in "\n\t" for each in shown)
    shown.encode()
    if text.isprintable():
        assert shown == text


def test_of_a_long_message_the_beginning_and_the_end_are_shown() -> None:
    shown = str(DatasetNotFoundError(f"beginning {HUGE} end"))
    assert shown.startswith("beginning xxx")
    assert shown.endswith("xxx end")
    assert "characters more" in shown


def test_the_command_echoes_no_escape_sequence(tmp_path: Path) -> None:
    for arguments in (["-r", f"{tmp_path}/{RED}", "status"], ["identify", f"{tmp_path}/{RED}.fits"]):
        ran = subprocess.run(
            [sys.executable, "-m", "butler", *arguments], capture_output=True, check=False, text=True
        )
        assert ran.returncode
        assert "red" in ran.stderr
        assert "\x1b" not in ran.stdout + ran.stderr


@pytest.mark.parametrize("component", ["a\nb", "a\x1bb", "x" * 256])
def test_a_component_is_a_line(butler: Butler, component: str) -> None:
    puts, dataset_id = butler.registry.puts, new_dataset_id()
    artifacts = butler.datastore.put({}, dataset_id, "t", "Dict", "note", {})
    ref = DatasetRef(dataset_id, DatasetType("note", "Dict", ()), DataId(), "other", artifacts)
    puts.open_run("other")
    named = tuple(replace(artifact, component=component) for artifact in artifacts)
    with pytest.raises(InvalidNameError):
        puts.put("other", [replace(ref, artifacts=named)])
    assert puts.put("other", [ref]) == 1


def card(keyword: str, value: object) -> bytes:
    return f"{keyword:8}= {value:>20}".ljust(80).encode()


@pytest.mark.parametrize("rows", [9_999_999_999_999, 10**17, 2**63 - 1, 10**20])
def test_a_header_that_promises_more_than_any_file_has_is_of_a_broken_file(
    butler: Butler, tmp_path: Path, rows: int
) -> None:
    butler.registry.definitions.register_dataset_type(DatasetType("flt", "Image", ()))
    file = tmp_path / "a.fits"
    cards = [("SIMPLE", "T"), ("BITPIX", 16), ("NAXIS", 2), ("NAXIS1", 100), ("NAXIS2", rows)]
    file.write_bytes((b"".join(card(*each) for each in cards) + b"END").ljust(2880) + bytes(28800))
    for mode in ("copy", "in-place"):
        with pytest.raises(FormatError, match="promise"):
            butler.ingest([(file, {})], "flt", mode=mode)
    with pytest.raises(FormatError):
        butler.raws.ingest([file])
