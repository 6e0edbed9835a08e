"""Whatever stored functions refuse: which code, which words, which remedy, and nothing left behind."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import CheckConstraint, Table

from butler.schema.tables import COMMON, metadata, units
from db.session import Session, refused
from db.world import DATASET_TYPES, contents, dataset, datasets

NOBODY = UUID(int=7)
RAW = {"camera": "Cam", "visit": 1, "sensor": 1}

NO_LOST: tuple[Any, ...] = (
    [1],
    [{"dataset_id": "x", "fault": "missing"}],
    [{"dataset_id": str(NOBODY), "fault": "bogus"}],
)
NO_FOUND: tuple[Any, ...] = (
    [{"dataset_id": str(NOBODY), "size": -1, "sha256": "0" * 64}],
    [{"size": 1}],
)


def prepare(dataset_type: str, *data_ids: Any) -> tuple[Any, ...]:
    return ("prepare_put", "r/one", dataset_type, list(data_ids))


# Reads as: this call is refused with this code, saying this, with this remedy.
REFUSALS: dict[str, tuple[tuple[Any, ...], str, str, str]] = {
    # Names that aren't there.
    "a dataset type nobody registered": (prepare("rwa", RAW), "UB102", "'rwa'", "Did you mean raw"),
    "a new run whose name breaks the rules": (("open_run", "../x"), "UB305", "'../x'", "255 bytes"),
    "a camera nobody registered": (prepare("bias", {"camera": "Cma", "sensor": 1}), "UB104", "'Cma'", "Cam"),
    "a sensor that the camera hasn't": (
        prepare("bias", {"camera": "Cam", "sensor": 9}),
        "UB104",
        "Cam has no sensor 9",
        "3 sensors, from 1 to 3",
    ),
    "a sensor by a name that the camera hasn't": (
        prepare("bias", {"camera": "Cam", "sensor": "S9"}),
        "UB104",
        "no sensor named 'S9'",
        "S1",
    ),
    "a visit that the camera hasn't": (
        prepare("visit_summary", {"camera": "Cam", "visit": 9}),
        "UB104",
        "Cam has no visit 9",
        "nearest are 2, 3",
    ),
    "a visit that no camera has": (
        prepare("visit_summary", {"visit": 9}),
        "UB104",
        "no camera has visit 9",
        "Register",
    ),
    "a visit by a name that nobody has": (
        prepare("visit_summary", {"camera": "Cam", "visit": "n9"}),
        "UB104",
        "no visit named 'n9'",
        "visit_name",
    ),
    "a sensor that was not read in the visit": (
        prepare("raw", {**RAW, "sensor": 3}),
        "UB104",
        "sensor 3 of camera Cam was not read in visit 1",
        "1, 2",
    ),
    "a snap that the visit hasn't": (
        prepare("snap_image", {"camera": "Cam", "visit": 1, "snap": 5}),
        "UB104",
        "no snap 5",
        "Register",
    ),
    "a visit range nobody registered": (
        prepare("defects", {"camera": "Cam", "sensor": 1, "visit_range": "5..6"}),
        "UB104",
        r"\[5,6\)",
        "Register",
    ),
    "a filter that the camera hasn't": (
        prepare("flat", {"camera": "Cam", "sensor": 1, "filter": "Cam-z"}),
        "UB104",
        "no filter 'Cam-z'",
        "Cam-g",
    ),
    "a band nobody registered": (
        prepare("coadd", {"skymap": "rings", "tract": 0, "patch": 0, "band": "zz"}),
        "UB104",
        "'zz'",
        "g, r",
    ),
    "a sky map nobody registered": (prepare("sky_map", {"skymap": "ring"}), "UB104", "'ring'", "rings"),
    "a tract that the sky map hasn't": (
        prepare("background", {"skymap": "rings", "tract": 7}),
        "UB104",
        "rings has no tract 7",
        "2 tracts, from 0 to 1",
    ),
    "a patch that the tract hasn't": (
        prepare("coadd", {"skymap": "rings", "tract": 0, "patch": 7, "band": "r"}),
        "UB104",
        "no patch 7",
        "2 patches",
    ),
    "a sky pixel nobody registered": (
        prepare("reference", {"sky_pixel": 5}),
        "UB104",
        "sky pixel 5",
        "Register",
    ),
    "a label nobody registered": (prepare("note", {"label": "twilite"}), "UB104", "'twilite'", "twilight"),
    "a datastore nobody registered": (
        ("put", "r/one", [dataset("raw", RAW, datastore="elsewhere")]),
        "UB301",
        "'elsewhere'",
        "register_datastore",
    ),
    "a quantum of nobody": (
        ("put", "r/one", [dataset("raw", RAW)], NOBODY),
        "UB301",
        f"quantum {NOBODY}",
        "own run",
    ),
    # Data IDs of the wrong shape or kind.
    "a data ID that lacks a unit": (
        prepare("raw", {"camera": "Cam", "visit": 1}),
        "UB301",
        "lacks sensor",
        "camera, sensor, visit",
    ),
    "a data ID with a unit too many": (
        prepare("bias", {"camera": "Cam", "sensor": 1, "tract": 1}),
        "UB301",
        "tract is not one of",
        "camera, sensor",
    ),
    "a word that is no unit": (prepare("raw", {**RAW, "vsit": 1}), "UB301", "vsit is not a unit", "visit"),
    "one unit under two words": (prepare("raw", {**RAW, "detector": 2}), "UB301", "same unit", "once"),
    "a number that isn't whole": (prepare("raw", {**RAW, "visit": 1.5}), "UB301", "visit = 1.5", "number"),
    "a number out of range": (
        prepare("raw", {**RAW, "sensor": 2**31}),
        "UB301",
        "sensor = 2147483648",
        "number",
    ),
    "a number that no computer has": (
        prepare("raw", {**RAW, "visit": 10**40}),
        "UB301",
        "visit = 10",
        "number",
    ),
    "true for a number": (prepare("raw", {**RAW, "visit": True}), "UB301", "visit = true", "number"),
    "null for a number": (prepare("raw", {**RAW, "visit": None}), "UB301", "visit = null", "number"),
    "null for a name": (prepare("raw", {**RAW, "camera": None}), "UB301", "camera = null", "name"),
    "a list for a name": (prepare("raw", {**RAW, "camera": ["Cam"]}), "UB301", "camera = ", "name"),
    "a word for a tract": (
        prepare("background", {"skymap": "rings", "tract": "one"}),
        "UB301",
        'tract = "one"',
        "Give a number",
    ),
    "a range that isn't one": (
        prepare("defects", {"camera": "Cam", "sensor": 1, "visit_range": "5-6"}),
        "UB301",
        "5-6",
        r"100\.\.200",
    ),
    "a range that ends before it begins": (
        prepare("defects", {"camera": "Cam", "sensor": 1, "visit_range": "6..5"}),
        "UB301",
        r"6\.\.5",
        "less than",
    ),
    "a range that holds nothing": (
        prepare("defects", {"camera": "Cam", "sensor": 1, "visit_range": "5..5"}),
        "UB301",
        r"5\.\.5",
        "less than",
    ),
    "a data ID that is a list": (prepare("raw", [1]), "UB301", "not an object", "There are|Did you mean"),
    "data IDs that are no list": (
        ("prepare_put", "r/one", "raw", RAW),
        "UB301",
        "JSON array",
        "Write",
    ),
    "a data ID given twice": (
        prepare("raw", RAW, {**RAW, "sensor": "S1"}),
        "UB201",
        "given twice",
        "one dataset",
    ),
    "a data ID that fits two cameras": (
        prepare("visit_summary", {"visit": 1}),
        "UB302",
        "several cameras: Cam, Spec",
        "camera=",
    ),
    "a query by a unit that the type hasn't": (
        ("query_datasets", "bias", ["r/one"], {"tract": 1}),
        "UB301",
        "tract is not one of",
        "camera, sensor",
    ),
    "a query by the band of what is of no filter": (
        ("query_datasets", "bias", ["r/one"], {"band": "r"}),
        "UB301",
        "band is not one of",
        "camera, sensor",
    ),
    "a query by something that is no data ID": (
        ("query_datasets", "bias", ["r/one"], [1, {}]),
        "UB301",
        "not a JSON object",
        "Write",
    ),
    # Names that break the rules.
    "a dataset type whose name is an expression": (
        ("register_dataset_type", "a; DROP", "Dict", ["visit"]),
        "UB305",
        "'a; DROP'",
        "letters",
    ),
    "a dataset type with a unit that isn't one": (
        ("register_dataset_type", "new", "Dict", ["vist"]),
        "UB301",
        "'vist'",
        "visit",
    ),
    "a dataset type with other units than before": (
        ("register_dataset_type", "raw", "Dict", ["visit"]),
        "UB202",
        "camera, sensor, visit, not .* camera, visit",
        "another",
    ),
    "a dataset type of another storage class than before": (
        ("register_dataset_type", "raw", "Text", ["visit", "sensor"]),
        "UB202",
        "as Dict .* not Text",
        "another",
    ),
    "a collection of a type that there isn't": (
        ("register_collection", "x", "runs"),
        "UB305",
        "'runs'",
        "tagged",
    ),
    "a collection of another type than before": (
        ("register_collection", "r/one", "tagged"),
        "UB202",
        "run collection, not a tagged",
        "another",
    ),
    **{
        f"a collection named {name!r}": (
            ("register_collection", name, "run"),
            "UB305",
            "not a name",
            "255 bytes",
        )
        for name in ("", "/a", "a/", "a//b", "../a", "a/.", " a", "a ", "a\nb", "a\tb", "\x7f", "é" * 128)
    },
    "a datastore that moved": (
        ("register_datastore", "main", "file:///other/"),
        "UB202",
        "file:///data/, not file:///other/",
        "where it is",
    ),
    "a camera without a name": (("register_camera", {"sensors": []}), "UB305", "no name", "camera"),
    "a camera whose sensors are no list": (
        ("register_camera", {"camera": "New", "sensors": {}}),
        "UB301",
        "'New'",
        "sensors",
    ),
    "a camera registered otherwise": (
        ("register_camera", {"camera": "Cam", "doc": "another"}),
        "UB202",
        "camera Cam is registered with",
        "replace",
    ),
    "a camera whose view would take the place of ours": (
        ("register_camera", {"camera": "patch join", "extra": {"x": {"type": "text"}}}),
        "UB305",
        "visit_patch_join",
        "another",
    ),
    "a camera with an extra field that is an expression": (
        ("register_camera", {"camera": "New", "extra": {"x; drop": {"type": "text"}}}),
        "UB305",
        "'New'",
        "lower case",
    ),
    "a camera with an extra field of no type": (
        ("register_camera", {"camera": "New", "extra": {"x": {"type": "blob"}}}),
        "UB305",
        "'New'",
        "text, integer",
    ),
    "a sky map without a name": (("register_skymap", {}), "UB305", "no name", "skymap"),
    "a sky map whose patches are no list": (
        ("register_skymap", {"skymap": "new", "tracts": [{"tract": 1, "patches": 3}]}),
        "UB301",
        "'new'",
        "tracts",
    ),
    # Rows of units.
    "rows of a unit that there isn't": (("register_units", "vist", [{}]), "UB301", "'vist'", "visit"),
    "rows of cameras where definitions belong": (
        ("register_units", "camera", [{}]),
        "UB301",
        "'camera'",
        "register_camera",
    ),
    "rows that are no objects": (("register_units", "label", [1, {}]), "UB301", "array of objects", "Write"),
    "rows with a column that there isn't": (
        ("register_units", "label", [{"label": "a", "dco": "b"}]),
        "UB301",
        "no column 'dco'",
        "doc",
    ),
    "rows without their key": (("register_units", "label", [{"doc": "b"}]), "UB301", "lack label", "label"),
    "a word for a number in a row": (
        ("register_units", "snap", [{"camera": "Cam", "visit": 1, "snap": "x"}]),
        "UB301",
        '"x"',
        "comments",
    ),
    "a visit registered otherwise": (
        ("register_units", "visit", [{"camera": "Cam", "visit": 1, "exposure_time": 31}]),
        "UB202",
        "Cam, 1 is registered with exposure_time = 30, not 31",
        "replace",
    ),
    "a sensor with a name that another has": (
        ("register_units", "sensor", [{"camera": "Cam", "sensor": 9, "sensor_name": "S1"}]),
        "UB202",
        "another has",
        "replace",
    ),
    "a time in UTC where it is TAI": (
        (
            "register_units",
            "visit",
            [{"camera": "Cam", "visit": 4, "visit_name": "n4", "obs_begin_tai": "2026-01-01T00:00:00Z"}],
        ),
        "UB301",
        "obs_begin_tai = .*Z.* not a time in TAI",
        "without a zone",
    ),
    "a time that is a word": (
        (
            "register_units",
            "visit",
            [{"camera": "Cam", "visit": 4, "visit_name": "n4", "obs_begin_tai": "now"}],
        ),
        "UB301",
        "now",
        "without a zone",
    ),
    "regions that aren't regions, each by its row": (
        (
            "register_units",
            "tract",
            [
                {"skymap": "rings", "tract": 5, "region": [[0, 0], [1, 1], [1, 0], [0, 1]]},
                {"skymap": "rings", "tract": 6, "region": [[0, 0], [1, 0], [1, 1]]},
                {"skymap": "rings", "tract": 7, "region": [[0, 95], [1, 95], [1, 96]]},
                {"skymap": "rings", "tract": 8, "region": "POLYGON((0 0,1 0,1 1,0 0))"},
                {"skymap": "rings", "tract": 9, "region": [[0, 0, 1], [1, 0, 1], [1, 1, 1]]},
            ],
        ),
        "UB304",
        "^4 rows are wrong: row 1: tract rings, 5: .*crosses.*row 3: .*(0, 95).*row 4.*row 5",
        "vertices",
    ),
    # Datasets.
    "a search in no collections": (("find_dataset", "raw", RAW, []), "UB103", "no collections", "Name"),
    "a dataset that isn't there": (
        ("find_dataset", "raw", RAW, ["r/one", "all"]),
        "UB101",
        "no raw with .*visit=1.* in r/one, all",
        "Searched r/one",
    ),
    "a dataset of no id": (("get_dataset", NOBODY), "UB101", str(NOBODY), "dataset view"),
    # Collections.
    "a tag on nothing": (("associate", "best", [str(NOBODY)]), "UB101", str(NOBODY), "registered"),
    "a tag in a chain": (("associate", "all", []), "UB202", "'all' is a chained collection", "tagged"),
    "a chain of itself": (
        ("set_chain", "all", ["r/one", "all"]),
        "UB202",
        "'all' would hold itself",
        "Take out",
    ),
    "a chain with a member twice": (("set_chain", "all", ["r/one", "r/one"]), "UB202", "twice", "once"),
    "a chain of nothing known": (("set_chain", "all", ["r/tow"]), "UB103", "'r/tow'", "r/two"),
    "a chain that is a run": (("set_chain", "r/one", ["r/two"]), "UB202", "run collection", "chained"),
    "a frozen nothing": (("freeze_collection", "r/tow"), "UB103", "'r/tow'", "r/two"),
    # Provenance.
    "a quantum in what is no run": (("begin_quantum", "best", "task"), "UB202", "'best'", "run"),
    "a quantum that reads what isn't there": (
        ("begin_quantum", "r/one", "task", {}, [str(NOBODY)]),
        "UB101",
        str(NOBODY),
        "registered",
    ),
    "the end of a quantum that never began": (
        ("end_quantum", NOBODY, "done"),
        "UB301",
        f"no quantum {NOBODY}",
        "begin_quantum",
    ),
    "a quantum that ends as nothing known": (
        ("end_quantum", NOBODY, "running"),
        "UB301",
        "'running'",
        "done or failed",
    ),
    "inputs of a quantum that never began": (
        ("predict_inputs", NOBODY, []),
        "UB301",
        f"no quantum {NOBODY}",
        "begin_quantum",
    ),
    "a merge of nothing staged": (
        ("merge_datasets", "r/one", "raw", "main"),
        "UB301",
        "no staging table",
        "stage_datasets",
    ),
    # What is of another kind than is wanted, from whoever calls it without the client.
    **{
        f"an artifact at {path!r}": (
            ("put", "r/one", [dataset("note", {"label": "twilight"}, path=path)]),
            "UB305",
            "is no path of an artifact",
            "relative to the root",
        )
        for path in ("a/../b", "x.fits#X/../Y", "x.zip#" + "y" * 256, "a%2Fb", "a b", "a\n")
    },
    "an artifact of a component that commands a terminal": (
        ("put", "r/one", [dataset("note", {"label": "twilight"}, "a\x1b[2J", path="x")]),
        "UB305",
        "is no name of a component",
        "control characters",
    ),
    "a process of no number": (
        ("begin_quantum", "r/one", "task", {}, None, {"pid": "many"}),
        "UB301",
        '"many".* is no process',
        "whole number",
    ),
    "a process of no time": (
        ("begin_quantum", "r/one", "task", {}, None, {"started": "soon"}),
        "UB301",
        '"soon".* is no process',
        "a time",
    ),
    "a quantum of no id": (
        ("begin_quantum", "r/one", "task", {}, None, {}, None),
        "UB301",
        "null is no quantum id",
        "leave it out",
    ),
    **{
        f"{given} for lost artifacts": (
            ("mark_lost", "main", given),
            "UB301",
            "not a lost artifact",
            "array of",
        )
        for given in NO_LOST
    },
    **{
        f"{given} for found artifacts": (
            ("mark_found", "main", given),
            "UB301",
            "not a found artifact",
            "array of",
        )
        for given in NO_FOUND
    },
    "a trash of before all time": (
        ("claim_trash", "main", "178000000 years"),
        "UB301",
        "178000000 years",
        "Give a time",
    ),
    "less than nothing of the trash": (
        ("claim_trash", "main", "30 days", -1),
        "UB301",
        "-1 datasets",
        "at most",
    ),
    "a collection that is neither frozen nor not": (
        ("freeze_collection", "best", None),
        "UB301",
        "'best' can't be frozen by null",
        "true",
    ),
    **{
        f"a datastore at {root!r}": (
            ("register_datastore", "new", root),
            "UB305",
            "can't be the root",
            "slash",
        )
        for root in (None, "", "data", "file:///data")
    },
    "a dataset of null": (("get_dataset", None), "UB101", "id null", "dataset view"),
    "a tag on null": (("associate", "best", [None]), "UB101", "no dataset null", "registered"),
}


@pytest.mark.parametrize(("call", "code", "message", "hint"), REFUSALS.values(), ids=REFUSALS.keys())
def test_it_is_refused_and_leaves_nothing(
    still: dict[str, Session], call: tuple[Any, ...], code: str, message: str, hint: str
) -> None:
    before = contents(still["owner"])
    with refused(code, message, hint):
        function, *parameters = call
        if function in ("associate", "predict_inputs"):
            still["writer"].rows(f"SELECT butler.{function}(%s, %s::uuid[])", *parameters)
        elif function == "begin_quantum" and len(parameters) == 4:
            still["writer"].rows(
                "SELECT butler.begin_quantum(%s, %s, '{}', %s::uuid[])", *parameters[:2], parameters[3]
            )
        else:
            still["writer"].table(function, *parameters)
    assert contents(still["owner"]) == before


@pytest.mark.parametrize(
    ("unit", "row", "constraint"),
    [
        ("visit", {"visit": 4, "visit_name": "v", "exposure_time": -1}, "ck_visit_exposure_time"),
        ("visit", {"visit": 4, "visit_name": "v", "exposure_time": "NaN"}, "ck_visit_exposure_time"),
        ("visit", {"visit": 4, "visit_name": "v", "tracking_ra": 360}, "ck_visit_tracking_ra"),
        ("visit", {"visit": 4, "visit_name": "v", "tracking_dec": "NaN"}, "ck_visit_tracking_dec"),
        ("visit", {"visit": -1, "visit_name": "v"}, "ck_visit_number"),
        ("visit", {"visit": 4, "visit_name": "bad\nname"}, "ck_visit_name"),
        ("visit", {"visit": 4, "visit_name": "v", "airmass": 0.5}, "ck_visit_airmass"),
        ("visit", {"visit": 4, "visit_name": "v", "extra": [1]}, "ck_visit_extra"),
        (
            "visit",
            {"visit": 4, "visit_name": "v", "obs_begin_tai": "2026-01-02", "obs_end_tai": "2026-01-01"},
            "ck_visit_times",
        ),
        ("visit", {"visit": 4, "visit_name": "v", "physical_filter": "Spec-r"}, "fk_visit_physical_filter"),
        ("visit", {"camera": "Nobody", "visit": 4, "visit_name": "v"}, "fk_visit_camera"),
        ("observed_sensor", {"visit": 9, "sensor": 1}, "fk_observed_sensor_visit"),
        ("observed_sensor", {"visit": 1, "sensor": 9}, "fk_observed_sensor_physical_sensor"),
        ("snap", {"visit": 9, "snap": 1}, "fk_snap_visit"),
        ("snap", {"visit": 1, "snap": -1}, "ck_snap_number"),
        ("visit_range", {"visit_range": "empty"}, "ck_visit_range_begin"),
        ("visit_range", {"camera": "Nobody", "visit_range": "1..2"}, "fk_visit_range_camera"),
        (
            "physical_filter",
            {"physical_filter": "f", "abstract_filter": "nope"},
            "fk_physical_filter_abstract_filter",
        ),
        (
            "physical_filter",
            {"physical_filter": "f", "wavelength_min": 700, "wavelength_max": 600},
            "ck_physical_filter_wavelength",
        ),
        ("sensor", {"sensor": 9, "sensor_name": "S9", "nx": 0, "ny": 1}, "ck_physical_sensor_size"),
        ("tract", {"skymap": "nope", "tract": 1}, "fk_tract_skymap"),
        ("patch", {"skymap": "rings", "tract": 9, "patch": 1}, "fk_patch_tract"),
        ("sky_pixel", {"sky_pixel": 3}, "ck_sky_pixel_nuniq"),
        ("label", {"label": "é" * 128}, "ck_label_name"),
        (
            "visit_self_join",
            {"camera_1": "Cam", "visit_1": 1, "camera_2": "Cam", "visit_2": 1},
            "ck_visit_pair_two",
        ),
        (
            "visit_self_join",
            {"camera_1": "Cam", "visit_1": 1, "camera_2": "Cam", "visit_2": 9},
            "fk_visit_pair_visit_2",
        ),
    ],
)
def test_a_row_that_breaks_a_rule_is_refused_by_the_constraint(
    still: dict[str, Session], unit: str, row: dict[str, Any], constraint: str
) -> None:
    given = (
        row
        if unit in ("tract", "patch", "sky_pixel", "label", "visit_self_join")
        else {"camera": "Cam", **row}
    )
    before = contents(still["owner"])
    code = {"ck": "23514", "fk": "23503"}[constraint[:2]]
    with refused(code, constraint=constraint):
        still["writer"].call("register_units", unit, [given])
    assert contents(still["owner"]) == before


# Constraints of other tables, whose rows no caller writes as they are ------------------


def put_with(**artifact: Any) -> tuple[Any, ...]:
    row = dataset("note", {"label": "twilight"}, path="x")
    row["artifacts"][0].update(artifact)
    return ("put", "r/one", [row])


# Each that a value given to a function could break: the call, and what it is refused with instead.
IN_WORDS: dict[str, tuple[tuple[Any, ...], str, str]] = {
    "ck_artifact_component": (put_with(component="c" * 256), "UB305", "is no name of a component"),
    "ck_artifact_formatter": (put_with(formatter=""), "UB305", "'' is no name of a formatter"),
    "ck_artifact_loss_fault": (("mark_lost", "main", list(NO_LOST[-1])), "UB301", "is not a lost artifact"),
    "ck_artifact_part": (put_with(path="x#a b"), "UB305", "'x#a b' is no path"),
    "ck_artifact_path": (put_with(path="../x"), "UB305", "'../x' is no path"),
    "ck_artifact_sha256": (put_with(sha256="00"), "UB301", "sha256 = '00' is no SHA-256"),
    "ck_artifact_size": (put_with(size=-1), "UB301", "size = -1 is no number"),
    "ck_artifact_spelling": (put_with(path="a b"), "UB305", "'a b' is no path"),
    "ck_collection_member_itself": (("set_chain", "all", ["all"]), "UB202", "would hold itself"),
    "ck_collection_name": (("register_collection", " a", "run"), "UB305", "' a' is not a name"),
    "ck_collection_parts": (("register_collection", "a//b", "run"), "UB305", "'a//b' is not a name"),
    "ck_collection_type": (("register_collection", "a", "heap"), "UB305", "'heap' is not a type"),
    "ck_dataset_type_name": (("register_dataset_type", "1", "Dict", ["label"]), "UB305", "'1' is not a name"),
    "ck_dataset_type_storage_class": (
        ("register_dataset_type", "a", "1", ["label"]),
        "UB305",
        "'1' is not a name for a storage class",
    ),
    "ck_datastore_name": (("register_datastore", "", "file:///a/"), "UB305", "'' is not a name"),
    "ck_datastore_root": (("register_datastore", "a", "file:///a"), "UB305", "can't be the root"),
    "ck_execution_host": (
        ("begin_quantum", "r/one", "task", {}, None, {"host": "h" * 300}),
        "UB305",
        "^'h{100}' is no name of a host",
    ),
    "ck_quantum_name": (("begin_quantum", "r/one", ""), "UB305", "'' is not a name for a task"),
    "ck_quantum_status": (("end_quantum", NOBODY, "died"), "UB301", "can't end as 'died'"),
    "ck_run_hold_reason": (("hold_run", "r/one", "tomorrow", "a\nb"), "UB305", "is not a reason"),
    "ck_run_hold_until": (("hold_run", "r/one", "yesterday"), "UB301", "can't be held until"),
}
# What functions set by themselves, or make fit.
OUT_OF_REACH = {
    "ck_activity_affected",
    "ck_activity_collections",
    "ck_activity_reason",
    "ck_artifact_state",
    "ck_collection_member_known",
    "ck_collection_member_position",
    "ck_collection_removed",
    "ck_dataset_changed",
    "ck_dataset_state",
    "ck_dataset_tag_known",
    "ck_dataset_trashed",
    "ck_execution_times",
    "ck_quantum_attempt",
}
UNIT_TABLES = {table.name for table in vars(units).values() if isinstance(table, Table)}


def test_whether_callers_can_break_it_is_known_of_each_constraint() -> None:
    by_functions = {
        str(constraint.name)
        for table in metadata.sorted_tables
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
        # Units are given as rows: the constraint's name tells the rule. The rest is the owner's.
        and table.name not in UNIT_TABLES | {"calibration"}
        and table.schema != COMMON
    }
    assert IN_WORDS.keys() | OUT_OF_REACH == by_functions
    assert not IN_WORDS.keys() & OUT_OF_REACH


@pytest.mark.parametrize(("call", "code", "message"), IN_WORDS.values(), ids=IN_WORDS.keys())
def test_a_value_that_breaks_a_constraint_is_refused_in_words(
    still: dict[str, Session], call: tuple[Any, ...], code: str, message: str
) -> None:
    test_it_is_refused_and_leaves_nothing(still, call, code, message, "")


@pytest.mark.parametrize("formatter", ["", "js\non", "f" * 256, "é" * 128])
def test_no_formatter_of_a_put_is_refused_by_the_constraint_alone(
    still: dict[str, Session], formatter: str
) -> None:
    with refused("UB305", "is no name of a formatter", "1 to 255 bytes without control characters"):
        still["writer"].table(*put_with(formatter=formatter))


@pytest.mark.parametrize("host", ["two\nlines", "h" * 256, "é" * 128])
def test_no_host_of_a_quantum_is_refused_by_the_constraint_alone(
    still: dict[str, Session], host: str
) -> None:
    with refused("UB305", "is no name of a host", "leave it out"):
        still["writer"].table("begin_quantum", "r/one", "task", {}, None, {"host": host})


def test_a_host_of_as_many_bytes_as_the_constraint_allows_is_taken(write: Session) -> None:
    quantum = write.call("begin_quantum", "r/one", "task", {}, None, {"host": "h" * 255})
    assert write.scalar("SELECT host FROM butler.quantum WHERE quantum_id = %s", quantum) == "h" * 255


@pytest.mark.parametrize("dataset_type", DATASET_TYPES)
def test_a_put_of_all_bad_rows_names_each(still: dict[str, Session], dataset_type: str) -> None:
    with refused("UB301", "^3 rows are wrong: row 1: .*; row 2: .*; row 3: ") as caught:
        still["writer"].table(*prepare(dataset_type, {"no": 1}, [], {"units": 2}))
    assert '"row": 3' in caught.value.diag.message_detail


PREPARED = {
    what: refusal
    for what, refusal in REFUSALS.items()
    if refusal[0][0] == "prepare_put" and isinstance(refusal[0][3], list)
}


@pytest.mark.parametrize(("call", "code", "message", "hint"), PREPARED.values(), ids=PREPARED.keys())
def test_what_is_refused_before_a_put_is_refused_by_the_put_too(
    still: dict[str, Session], call: tuple[Any, ...], code: str, message: str, hint: str
) -> None:
    _, run, dataset_type, data_ids = call
    before = contents(still["owner"])
    with refused(code, message, hint):
        still["writer"].call("put", run, datasets(dataset_type, *data_ids))
    assert contents(still["owner"]) == before


def test_the_last_thing_that_is_wrong_is_found_before_a_hundred_are_written(
    still: dict[str, Session],
) -> None:
    rows: list[dict[str, Any]] = [{"label": f"l{n}"} for n in range(100)]
    before = contents(still["owner"])
    with refused("23514"):
        still["writer"].call("register_units", "label", [*rows, {"label": " "}])
    assert contents(still["owner"]) == before
