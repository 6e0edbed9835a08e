"""What is of a wrong kind is refused by name, with what it is and the remedy; NumPy's numbers and texts are fine."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from astropy.time import Time

from butler import Butler, DatasetType
from butler.errors import ButlerError

DATA_ID = {"camera": "Cam", "visit": 7}


@pytest.fixture
def butler(butler: Butler) -> Butler:
    definitions = butler.registry.definitions
    definitions.register_camera({"camera": "Cam", "sensors": [], "filters": []})
    definitions.register_units("visit", [{"camera": "Cam", "visit": 7, "visit_name": "n7"}])
    definitions.register_dataset_type(DatasetType("stats", "Dict", ("visit",)))
    butler.put({"n": 1}, "stats", DATA_ID, run="before")
    return butler


class Unspeakable:
    def __repr__(self) -> str:
        raise RuntimeError("no words")


NO_TEXT = [
    7,
    2.5,
    b"before",
    ["before"],
    {"before"},
    np.array(["before"]),
    object(),
    Unspeakable(),
    Path("x"),
]
NO_NAMES = [5, b"before", {"before"}, {"before": 1}, [5], [b"before"], [None], np.array([1, 2]), object()]
NO_DATA_ID = [5, "visit", {"visit"}, ["visit"], np.array([1]), {7: "visit"}, {None: 1}, 0, []]
NO_LABEL = [
    np.array([7, 8]),
    np.array([7]),
    np.ma.masked,
    {7},
    b"7",
    object(),
    Unspeakable(),
    7j,
    [[[[7]]]],
    datetime.timedelta(1),
]
NO_TIME = [
    datetime.date(2026, 3, 1),
    datetime.datetime(2026, 3, 1),
    20260301,
    np.datetime64("2026-03-01"),
    Time("2026-03-01"),
    b"2026",
    [],
    "x" * 10**6,
]
NO_IDS = [5, "stats", b"x", {"a": 1}, [5], ["stats"], [b"x"], [None], np.array([1]), object()]
NO_PATH = [5, b"/data/x.fits", None, "a\0b", ["x"], object()]

Act = Callable[[Butler, Any], Any]
CALLS: list[tuple[str, list[Any], Act]] = [
    ("collections", NO_NAMES, lambda b, v: b.find("stats", DATA_ID, collections=v)),
    ("collections", NO_NAMES, lambda b, v: b.get("stats", DATA_ID, collections=v)),
    ("collections", NO_NAMES, lambda b, v: b.exists("stats", DATA_ID, collections=v)),
    ("collections", NO_NAMES, lambda b, v: b.uri("stats", DATA_ID, collections=v)),
    ("collections", NO_NAMES, lambda b, v: b.get_deferred("stats", DATA_ID, collections=v)),
    ("collections", NO_NAMES, lambda b, v: list(b.query.datasets("stats", collections=v))),
    ("collections", NO_NAMES, lambda b, v: Butler(registry=b.registry, datastore=b.datastore, collections=v)),
    ("run", NO_TEXT, lambda b, v: Butler(registry=b.registry, datastore=b.datastore, run=v)),
    ("run", NO_TEXT, lambda b, v: b.put({}, "stats", DATA_ID, run=v)),
    ("run", NO_TEXT, lambda b, v: b.put_many([({}, DATA_ID)], "stats", run=v)),
    ("", NO_TEXT, lambda b, v: b.find(v, DATA_ID, collections="before")),
    ("", NO_TEXT, lambda b, v: b.put({}, v, DATA_ID)),
    ("", NO_TEXT, lambda b, v: list(b.query.datasets(v, collections="before"))),
    ("component", NO_TEXT, lambda b, v: b.get("stats", DATA_ID, component=v, collections="before")),
    ("", NO_DATA_ID, lambda b, v: b.find("stats", v, collections="before")),
    ("", NO_DATA_ID, lambda b, v: b.get("stats", v, collections="before")),
    ("", NO_DATA_ID, lambda b, v: b.exists("stats", v, collections="before")),
    ("", NO_DATA_ID, lambda b, v: list(b.query.datasets("stats", v, collections="before"))),
    ("", NO_DATA_ID, lambda b, v: b.put({}, "stats", v)),
    ("", NO_DATA_ID, lambda b, v: b.put_many([({}, v)], "stats")),
    ("", NO_DATA_ID, lambda b, v: b.ingest([("x.json", v)], "stats")),
    ("", NO_DATA_ID, lambda b, v: b.quantum("work", v).__enter__()),
    ("", NO_LABEL, lambda b, v: b.find("stats", DATA_ID, visit=v, collections="before")),
    ("", NO_LABEL, lambda b, v: b.put({}, "stats", {"camera": "Cam", "visit": v})),
    ("", NO_LABEL, lambda b, v: list(b.query.datasets("stats", visit=v, collections="before"))),
    (
        "",
        NO_LABEL,
        lambda b, v: b.registry.definitions.register_units("visit", [{"camera": "Cam", "visit": v}]),
    ),
    ("time", NO_TIME, lambda b, v: b.find("stats", DATA_ID, collections="before", as_of=v)),
    ("time", NO_TIME, lambda b, v: b.get("stats", DATA_ID, collections="before", as_of=v)),
    ("time", NO_TIME, lambda b, v: b.exists("stats", DATA_ID, collections="before", as_of=v)),
    ("time", NO_TIME, lambda b, v: list(b.query.datasets("stats", collections="before", as_of=v))),
    ("", NO_IDS, lambda b, v: b.unstore(v)),
    ("", NO_IDS, lambda b, v: b.remove(v)),
    ("", NO_IDS, lambda b, v: b.removal.restore(v)),
    ("", NO_IDS, lambda b, v: b.associate("before", v)),
    ("", NO_IDS, lambda b, v: b.collections.disassociate("before", v)),
    ("", NO_IDS, lambda b, v: b.quantum("work", DATA_ID, inputs=v).__enter__()),
    ("name", NO_TEXT, lambda b, v: b.collections.register(v, "tagged")),
    ("collection_type", NO_TEXT, lambda b, v: b.collections.register("x", v)),
    ("name", NO_TEXT, lambda b, v: b.collections.freeze(v)),
    ("name", NO_TEXT, lambda b, v: b.collections.chain(v, ["before"])),
    ("members", NO_NAMES, lambda b, v: b.collections.chain("x", v)),
    ("name", NO_TEXT, lambda b, v: b.collections.contents(v)),
    ("pattern", NO_TEXT, lambda b, v: b.collections.list(v)),
    ("name", NO_TEXT, lambda b, v: b.removal.remove_collection(v)),
    ("run", NO_TEXT, lambda b, v: b.collections.hold(v, datetime.timedelta(1))),
    ("run", NO_TEXT, lambda b, v: b.collections.release(v)),
    (
        "",
        [datetime.date(2099, 1, 1), 5, "soon", datetime.datetime(2099, 1, 1)],
        lambda b, v: b.collections.hold("before", v),
    ),
    ("path", NO_PATH, lambda b, v: b.ingest([(v, DATA_ID)], "stats")),
    ("files", [5, b"x", "x.json", {"a": 1}, [5], ["xy1"], [("x",)]], lambda b, v: b.ingest(v, "stats")),
    ("files", [5, b"x", "x.fits", [5], [b"x"], [None], ["a\0b"]], lambda b, v: b.raws.ingest(v)),
    ("objects", [5, "ab", {"a": 1}, [5], [({},)]], lambda b, v: b.put_many(v, "stats")),
    ("mode", [5, ["copy"], b"copy"], lambda b, v: b.ingest([("x.json", DATA_ID)], "stats", mode=v)),
    (
        "parameters",
        [5, "bbox", {"bbox"}],
        lambda b, v: b.get("stats", DATA_ID, collections="before", parameters=v),
    ),
    ("task", NO_TEXT, lambda b, v: b.quantum(v, DATA_ID)),
    ("run", NO_TEXT, lambda b, v: b.registry.lookup.find_in_run(v, "stats", [DATA_ID])),
    ("data_ids", [5, "visit"], lambda b, v: b.registry.lookup.find_in_run("before", "stats", v)),
    ("unit", NO_TEXT, lambda b, v: b.registry.definitions.register_units(v, [])),
    ("rows", [5, "visit"], lambda b, v: b.registry.definitions.register_units("visit", v)),
    ("definition", [5, "Cam", ["Cam"]], lambda b, v: b.registry.definitions.register_camera(v)),
    ("dataset_type", NO_TEXT, lambda b, v: b.registry.definitions.dataset_type(v)),
    ("view", NO_TEXT, lambda b, v: b.registry.queries.units(v, {})),
]


@pytest.mark.parametrize(("argument", "values", "act"), CALLS)
def test_a_wrong_kind_is_refused(butler: Butler, argument: str, values: list[Any], act: Act) -> None:
    for value in values:
        with pytest.raises(ButlerError) as caught:
            act(butler, value)
        assert argument in str(caught.value)
        assert caught.value.hint, caught.value
        assert len(str(caught.value)) < 1000
    assert [ref.run for ref in butler.query.datasets("stats", collections="before")] == ["before"]


@pytest.mark.parametrize("repo", [5, b"/data", ["x"], "a\0b"])
def test_what_is_no_folder_is_refused(repo: Any) -> None:
    with pytest.raises(ButlerError):
        Butler(repo)


def test_what_numpy_makes_of_numbers_and_texts_is_taken(butler: Butler, tmp_path: Path) -> None:
    data_id = {np.str_("camera"): np.str_("Cam"), "visit": np.int64(7)}
    ref = butler.put({"n": 2}, np.str_("stats"), data_id, run=np.str_("u/numpy"))
    names: Any = np.array(["nothing", "u/numpy"])[1:]
    assert butler.get("stats", data_id, collections=names) == {"n": 2}
    assert (
        butler.find("stats", camera=np.str_("Cam"), visit=np.uint8(7), collections=np.str_("u/numpy")) == ref
    )
    assert butler.collections.register(np.str_("tag"), np.str_("tagged"))
    assert butler.associate(np.str_("tag"), np.array([ref.id], dtype=object)) == 1
    assert butler.exists("stats", data_id, collections=("tag",), as_of=datetime.datetime.now(datetime.UTC))


def test_ids_may_be_texts(butler: Butler) -> None:
    ref = butler.find("stats", DATA_ID, collections="before")
    mine: Any = str(ref.id)
    nobodys: Any = str(uuid4())
    assert [each.datasets for each in butler.unstore([mine], dry_run=True)] == [1]
    with pytest.raises(ButlerError, match=r"[0-9a-f]{8}"):
        butler.unstore([nobodys])
