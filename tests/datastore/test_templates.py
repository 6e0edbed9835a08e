"""File-name templates and what fills them: whatever the values are, a safe relative path or a refusal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from butler.datastore.paths import SEGMENT_BYTES, artifact_path, check_hint, check_template, id_in_name
from butler.datastore.templates import fields_of, fill_template
from butler.errors import InvalidNameError
from butler.ingest.file_names import FileNames
from butler.testing.strategies import hostile_names, hostile_texts

RAW = {"camera": "Cam", "visit": 1, "sensor": 1}
NAMES = {
    "visit": {
        "visit_name": "Cam-1",
        "night": "2026-01-01",
        "physical_filter": "Cam-r",
        "abstract_filter": "r",
    },
    "sensor": {"sensor_name": "S1"},
}


@pytest.fixture
def file_names() -> FileNames:
    """One that was told of the units of a raw."""
    names = FileNames()
    names.learn(RAW, NAMES)
    return names


@pytest.mark.parametrize(
    ("template", "hint"),
    [
        ("{run}/{dataset_type}/{data_id}", "r/one/raw/Cam_Cam-1_S1"),
        ("{camera}/{night}/{visit_name}_{sensor_name}_{abstract_filter}", "Cam/2026-01-01/Cam-1_S1_r"),
        ("{visit}-{visit}", "1-1"),
        ("a b\n?*{visit}", "a-b-1"),
        ("/../{visit}//..hidden/-rf/", "1/hidden/rf"),
        ("a/./-/{visit}", "a/1"),
        ("{visit:05}", "visit-05-"),
        ("{visit", "visit"),
        ("visit}", "visit-"),
    ],
)
def test_a_template_gives_a_safe_relative_path(file_names: FileNames, template: str, hint: str) -> None:
    assert file_names.fill(template, "r/one", "raw", RAW) == hint


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ("../../etc/passwd", "x/etc-passwd"),
        ("..", "x"),
        ("/", "x"),
        ("-rf", "x/rf"),
        (".hidden", "x/hidden"),
        ("a\nb\tc\x00d", "x/a-b-c-d"),
        ("Müller 🔭", "x/M-ller-"),
        ("n\u0303", "x/n-"),
        ("%2e%2e", "x/2e-2e"),
        ("{run}", "x/run-"),
        ("\\1\\g<0>", "x/1-g-0-"),
        ("'; DROP TABLE", "x/DROP-TABLE"),
        ("v" * 5000, "x/" + "v" * 100),
        (-7, "x/7"),
        (True, "x/True"),
    ],
)
def test_a_value_leads_nowhere_else(value: Any, filled: str) -> None:
    assert fill_template("x/{label}", {"label": value}) == filled


def test_a_run_alone_may_have_folders() -> None:
    fields = {"run": "u/me/../x", "label": "u/me"}
    assert fill_template("{run}/{label}", fields) == "u/me/x/u-me"


@pytest.mark.parametrize("template", ["", "///", "{label}", "..", "-"])
def test_a_template_that_gives_no_name_is_refused(template: str) -> None:
    with pytest.raises(InvalidNameError, match="is no file name") as caught:
        fill_template(template, {"label": "../.."})
    assert caught.value.hint
    assert caught.value.details == {"template": template}


def test_a_name_too_long_for_a_file_is_refused() -> None:
    assert len(fill_template("{a}{a}", {"a": "x" * 100})) == SEGMENT_BYTES
    with pytest.raises(InvalidNameError, match="is no file name"):
        fill_template("{a}{a}x", {"a": "x" * 100})
    assert fill_template("{a}{a}/x", {"a": "x" * 100}) == "x" * 200 + "/x"


def test_a_field_that_there_is_not_is_named_with_those_that_there_are() -> None:
    with pytest.raises(InvalidNameError, match="field 'visti' that this dataset has not") as caught:
        fill_template("{run}/{visti}", {"visit": 1, "run": "r"})
    assert caught.value.hint == "It has run, visit."
    assert caught.value.details == {"template": "{run}/{visti}", "field": "visti"}


literals = st.text("ab9._+,=@/-", max_size=8)
templates = st.lists(
    st.tuples(literals, st.sampled_from(["{run}", "{label}", "{data_id}", "{night}", ""]))
).map(lambda parts: "".join(literal + field for literal, field in parts))
values = hostile_names() | st.integers() | st.none()


@given(
    templates | hostile_texts(max_size=40),
    st.fixed_dictionaries(dict.fromkeys(["run", "label", "data_id", "night"], values)),
)
@example("{run}", {"run": "a/" * 60})
@example("{label}/{label}", {"label": "x" * 99 + "/."})
@example("{run}.", {"run": "a/"})
def test_whatever_is_given_the_datastore_takes_the_path_or_it_is_refused(
    template: str, fields: dict[str, Any]
) -> None:
    try:
        hint = fill_template(template, fields)
    except InvalidNameError:
        return
    assert check_hint(hint) == hint
    assert re.fullmatch(r"[A-Za-z0-9._+,=@/-]+", hint)
    assert not re.search(r"(^|/)[.-]|//|^/|/$", hint)
    made = uuid4()
    path = artifact_path(hint, made, "image", ".fits")
    assert id_in_name(Path(path)) == made
    assert max(map(len, path.split("/"))) <= 255
    # What is safe already stays as it is.
    assert fill_template(hint, {}) == hint


@given(
    st.lists(st.sampled_from(["{run}", "{label}", "{night}", "a", "a/b"]), min_size=1, max_size=5).map(
        "/".join
    ),
    st.text("abcXYZ019_+=@", min_size=1, max_size=20),
)
def test_plain_values_are_in_the_name_as_they_are(template: str, value: str) -> None:
    assert check_template(template, "template") == template
    fields = dict.fromkeys(fields_of(template), value)
    assert fill_template(template, fields) == re.sub("{[a-z]+}", value, template)


def test_a_filter_s_band_counts_more_than_the_visit_s() -> None:
    names, data_id = FileNames(), {**RAW, "physical_filter": "Cam-g"}
    names.learn(data_id, NAMES | {"physical_filter": {"abstract_filter": "g"}})
    assert names.fill("{physical_filter}_{abstract_filter}", "r", "raw", data_id) == "Cam-g_g"


@pytest.mark.parametrize(
    ("data_id", "joined"),
    [
        ({"sky_pixel": 17, "label": "twilight"}, "17_twilight"),
        ({"abstract_filter": "r", "patch": 1, "tract": 0, "skymap": "rings"}, "r_rings_0_1"),
        ({"visit_range": "2..", "camera": "Cam", "sensor": 2}, "Cam_2.._2"),
        ({"snap": 1, "visit": 1, "camera": "Cam"}, "Cam_Cam-1_1"),
    ],
)
def test_a_data_id_is_joined_in_the_order_of_the_field_s_words(
    file_names: FileNames, data_id: dict[str, Any], joined: str
) -> None:
    assert file_names.fill("{data_id}", "r", "coadd", data_id) == joined


def test_the_registry_is_asked_for_units_that_are_not_known_and_only_if_the_template_says_more() -> None:
    names = FileNames()
    assert names.knows("{run}/{dataset_type}", RAW)
    assert not names.knows("{run}/{data_id}", RAW)
    assert names.knows("{data_id}", {"skymap": "rings", "tract": 1})
    names.learn({**RAW, "sensor": 2}, NAMES)
    assert not names.knows("{data_id}", RAW)
    assert names.knows("{data_id}", {"camera": "Cam", "visit": 1})
    assert not names.knows("{data_id}", {"camera": "Spec", "visit": 1})


def test_of_a_unit_of_which_nothing_is_said_nothing_is_asked_again() -> None:
    names = FileNames()
    names.learn(RAW, {})
    assert names.knows("{data_id}", RAW)
    assert names.fill("{data_id}", "r", "raw", RAW) == "Cam_1_1"
    with pytest.raises(InvalidNameError, match="'night'"):
        names.fill("{night}", "r", "raw", RAW)
