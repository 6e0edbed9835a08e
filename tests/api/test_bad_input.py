"""Whatever is wrong gets the typed error that names the value and the remedy, and leaves nothing behind."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import pytest

from butler import Butler, CollectionType, DatasetType
from butler.config import RepositoryConfig
from butler.errors import (
    AmbiguousDataIdError,
    ButlerError,
    CollectionNotFoundError,
    ConfigError,
    DatabaseUnavailableError,
    DatasetExistsError,
    DatasetNotFoundError,
    DatasetTypeNotFoundError,
    DefinitionConflictError,
    ExpressionError,
    InvalidDataIdError,
    InvalidNameError,
    InvalidRegionError,
    PermissionDeniedError,
    SchemaVersionError,
    StorageClassError,
    UnitNotFoundError,
)

DATA_ID = {"camera": "Cam", "visit": 7, "sensor": 1}


def camera(name: str) -> dict[str, Any]:
    return {"camera": name, "sensors": [{"sensor": 1, "sensor_name": "S1"}], "filters": []}


@pytest.fixture
def butler(butler: Butler) -> Butler:
    butler.registry.definitions.register_camera(camera("Cam"))
    butler.registry.definitions.register_units("visit", [{"camera": "Cam", "visit": 7, "visit_name": "n7"}])
    butler.registry.definitions.register_units(
        "observed_sensor", [{"camera": "Cam", "visit": 7, "sensor": 1}]
    )
    butler.registry.definitions.register_dataset_type(DatasetType("stats", "Dict", ("visit", "sensor")))
    butler.put({}, "stats", DATA_ID, run="before")  # so that no first use follows
    return butler


def left(butler: Butler) -> tuple[Any, ...]:
    """Everything that a refused call might have left."""
    counts = butler.registry.query(
        "SELECT (SELECT count(*) FROM dataset), (SELECT count(*) FROM visit), (SELECT count(*) FROM collection),"
        " (SELECT count(*) FROM camera), (SELECT count(*) FROM label)"
    )
    return (tuple(counts[0]), *sorted(butler.datastore.inventory.paths()))


@pytest.mark.parametrize(
    ("data_id", "error", "named"),
    [
        ({"camera": "Cam", "visit": 7}, InvalidDataIdError, "sensor"),
        ({**DATA_ID, "tract": 1}, InvalidDataIdError, "tract"),
        ({**DATA_ID, "vist": 7}, InvalidDataIdError, "vist"),
        ({**DATA_ID, "exposure": 7}, InvalidDataIdError, "same unit"),
        ({**DATA_ID, "camera": "Cma"}, UnitNotFoundError, "Cma"),
        ({"camera": "Cma", "visit": "n7", "sensor": "S1"}, UnitNotFoundError, "no camera 'Cma'"),
        ({**DATA_ID, "visit": 8}, UnitNotFoundError, "visit 8"),
        ({**DATA_ID, "sensor": "S2"}, UnitNotFoundError, "S2"),
        ({**DATA_ID, "sensor": 2}, UnitNotFoundError, "sensor 2"),
        ({**DATA_ID, "visit": "seven; DROP TABLE dataset"}, UnitNotFoundError, "DROP TABLE"),
        ({**DATA_ID, "visit": 7.5}, InvalidDataIdError, "7.5"),
        ({**DATA_ID, "visit": 10**19}, InvalidDataIdError, "visit"),
        ({**DATA_ID, "sensor": 2**31}, InvalidDataIdError, "sensor"),
        ({**DATA_ID, "visit": None}, InvalidDataIdError, "visit"),
        ({**DATA_ID, "visit": True}, InvalidDataIdError, "visit"),
        ({**DATA_ID, "visit": [7]}, InvalidDataIdError, "visit"),
        ({**DATA_ID, "visit": math.nan}, InvalidDataIdError, "nan"),
        ({**DATA_ID, "camera": "C\x00am"}, InvalidDataIdError, "NUL"),
        ({**DATA_ID, "camera": "C\ud800"}, InvalidDataIdError, ""),
        ({**DATA_ID, "camera": "🔭" * 200}, UnitNotFoundError, "🔭"),
        ({**DATA_ID, "camera": object()}, InvalidDataIdError, "object"),
    ],
    ids=map(str, itertools.count()),
)
def test_a_wrong_data_id(
    butler: Butler, data_id: dict[str, Any], error: type[ButlerError], named: str
) -> None:
    before = left(butler)
    with pytest.raises(error) as caught:
        butler.put({}, "stats", data_id)
    assert named in str(caught.value)
    assert caught.value.hint
    with pytest.raises((error, DatasetNotFoundError)):
        butler.get("stats", data_id, collections="before")
    assert left(butler) == before


def test_a_data_id_that_fits_two_cameras(butler: Butler) -> None:
    butler.registry.definitions.register_camera(camera("Other"))
    butler.registry.definitions.register_units("visit", [{"camera": "Other", "visit": 7, "visit_name": "n7"}])
    with pytest.raises(AmbiguousDataIdError, match=r"Cam, Other(?s:.*)camera="):
        butler.get("stats", visit=7, sensor=1, collections="before")


def test_unknown_names(butler: Butler) -> None:
    with pytest.raises(DatasetTypeNotFoundError, match=r"'stat'(?s:.*)stats"):
        butler.get("stat", DATA_ID)
    with pytest.raises(CollectionNotFoundError, match=r"'befor'(?s:.*)before"):
        butler.get("stats", DATA_ID, collections="befor")
    with pytest.raises(CollectionNotFoundError, match="no collections"):
        Butler.get(Butler(registry=butler.registry, datastore=butler.datastore), "stats", DATA_ID)


def test_the_same_data_id_twice(butler: Butler) -> None:
    before = left(butler)
    with pytest.raises(DatasetExistsError, match="already"):
        butler.put({}, "stats", DATA_ID, run="before")
    with pytest.raises(DatasetExistsError, match="twice"):
        butler.put_many([({}, DATA_ID), ({}, {"visit": "n7", "detector": "S1"})], "stats")
    assert left(butler)[1:] == before[1:]


def test_all_bad_rows_are_named_at_once(butler: Butler) -> None:
    with pytest.raises(UnitNotFoundError) as caught:
        butler.put_many([({}, DATA_ID), ({}, {**DATA_ID, "visit": 8}), ({}, {"visit": 7})], "stats")
    assert [row["row"] for row in caught.value.details["rows"]] == [2, 3]


@pytest.mark.parametrize(
    "obj", [1, "text", b"bytes", None, object(), {"a": object()}, {1: 2}, {"a": math.nan}]
)
def test_an_object_that_the_storage_class_cannot_hold(butler: Butler, obj: object) -> None:
    before = left(butler)
    with pytest.raises(StorageClassError):
        butler.put(obj, "stats", DATA_ID)
    assert left(butler)[1:] == before[1:]
    assert list(butler.verify()) == []


def test_a_storage_class_that_nobody_here_has_is_refused_before_the_put_begins(butler: Butler) -> None:
    butler.registry.definitions.register_dataset_type(DatasetType("odd", "FromAPlugIn", ("visit", "sensor")))
    before = left(butler)
    with pytest.raises(StorageClassError, match="FromAPlugIn"):
        butler.put({}, "odd", DATA_ID)
    assert left(butler) == before
    assert list(butler.verify()) == []


@pytest.mark.parametrize(
    "name",
    ["", " x", "x ", "a\nb", "a\tb", "a\x00b", "/a", "a/", "a//b", "a/../b", "..", "x" * 256, "é" * 128],
)
def test_a_collection_name_that_breaks_the_rules(butler: Butler, name: str) -> None:
    before = left(butler)
    with pytest.raises(InvalidNameError):
        butler.registry.collections.register(name, CollectionType.RUN)
    assert left(butler) == before


@pytest.mark.parametrize(
    "name", ["u/me/🔭", "naïve", "it's; DROP TABLE dataset --", "100%", "a\\b", 'say "x"', "{run}", "-r"]
)
def test_a_strange_name_is_only_a_name(butler: Butler, name: str) -> None:
    ref = butler.put({"n": 1}, "stats", DATA_ID, run=name)
    assert butler.get("stats", DATA_ID, collections=name) == {"n": 1}
    assert [c.name for c in butler.registry.collections.matching() if c.name == name] == [name]
    assert ref.artifacts
    (artifact,) = ref.artifacts
    assert artifact.path.isascii()
    assert ".." not in artifact.path.split("/")
    assert not artifact.path.startswith(("/", "-", "."))


@pytest.mark.parametrize("name", ["", "a b", "a.b", "1a", "a-b", "x" * 129, "a\nb", "é"])
def test_a_dataset_type_name_that_breaks_the_rules(butler: Butler, name: str) -> None:
    with pytest.raises(InvalidNameError):
        butler.registry.definitions.register_dataset_type(DatasetType(name, "Dict", ()))


def test_a_dataset_type_again_otherwise(butler: Butler) -> None:
    with pytest.raises(DefinitionConflictError, match=r"Dict of camera, sensor, visit, not Text"):
        butler.registry.definitions.register_dataset_type(DatasetType("stats", "Text", ("visit", "sensor")))
    with pytest.raises(InvalidDataIdError, match=r"'vist'(?s:.*)visit"):
        butler.registry.definitions.register_dataset_type(DatasetType("new", "Dict", ("vist",)))


@pytest.mark.parametrize(
    "region",
    [
        [[10, 0], [11, 0], [11, 95]],
        [[10, 0], [400, 0], [11, 1]],
        [[10, 0], [11, 0]],
        [[10, 0], [11, 0], [10, 0]],
        [[0, 0], [1, 1], [1, 0], [0, 1]],
        [[0, 0], [120, 0], [240, 0]],
        [[0, -80], [120, -80], [60, 80]],
        [["a", 0], [1, 1], [1, 0]],
        "POLYGON",
    ],
)
def test_a_region_that_is_none(butler: Butler, region: Any) -> None:
    before = left(butler)
    with pytest.raises((InvalidRegionError, InvalidDataIdError)):
        butler.registry.definitions.register_units(
            "visit", [{"camera": "Cam", "visit": 8, "visit_name": "8", "region": region}]
        )
    assert left(butler) == before


def test_rows_with_and_without_a_region_are_registered_together(butler: Butler) -> None:
    butler.registry.definitions.register_skymap({"skymap": "rings"})
    rows = [
        {"skymap": "rings", "tract": 1},
        {"skymap": "rings", "tract": 2, "region": [[0, 0], [1, 0], [1, 1]]},
        {"skymap": "rings", "tract": 3, "region": None},
    ]
    assert butler.registry.definitions.register_units("tract", rows) == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("exposure_time", -1),
        ("exposure_time", "long"),
        ("exposure_time", math.inf),
        ("tracking_dec", 95),
        ("tracking_ra", 400),
        ("obs_begin_tai", "yesterday-ish"),
        ("obs_begin_tai", "infinity"),
        ("airmass", -1),
        ("exposuretime", 1),
        ("visit_name", "a\nb"),
        ("visit_name", "x" * 256),
        ("visit", -1),
        ("visit", "seven"),
        ("visit", 10**19),
        ("physical_filter", "nofilter"),
        ("night", "2026-02-30"),
    ],
)
def test_a_visit_that_cannot_be(butler: Butler, field: str, value: Any) -> None:
    before = left(butler)
    row = {"camera": "Cam", "visit": 8, "visit_name": "eight", field: value}
    with pytest.raises((InvalidDataIdError, InvalidNameError, UnitNotFoundError, InvalidRegionError)):
        butler.registry.definitions.register_units("visit", [row])
    assert left(butler) == before


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELECT 1; DROP TABLE x", ExpressionError),
        ("", ExpressionError),
        ("  ;  ", ExpressionError),
        ("SELECT * FROM nowhere", ExpressionError),
        ("SELEC 1", ExpressionError),
        ("SELECT 1/0", ExpressionError),
        ("SELECT '\x00'", ExpressionError),
        ("DELETE FROM butler_internal.dataset", ExpressionError),
        ("SELECT register_collection('x', 'run')", PermissionDeniedError),
        ("CREATE TABLE x ()", ExpressionError),
        ("DELETE FROM visit", ExpressionError),
        ("SELECT * FROM butler_internal.dataset", PermissionDeniedError),
        ("WITH gone AS (DELETE FROM visit RETURNING visit) SELECT * FROM gone", PermissionDeniedError),
        ("EXPLAIN ANALYZE DELETE FROM visit", PermissionDeniedError),
    ],
)
def test_a_query_that_is_no_select(butler: Butler, sql: str, error: type[ButlerError]) -> None:
    before = left(butler)
    with pytest.raises(error):
        list(butler.registry.query(sql))
    assert left(butler) == before


def test_a_semicolon_in_a_text_is_no_second_statement(butler: Butler) -> None:
    assert butler.registry.query("SELECT 'a;b' -- c;d\n;").scalar() == "a;b"
    assert butler.registry.query("SELECT :x || '%s %(a)s'", {"x": "';--"}).scalar() == "';--%s %(a)s"


def test_a_time_without_a_zone(butler: Butler) -> None:
    with pytest.raises(InvalidDataIdError, match=r"2026-03-01T00:00:00Z"):
        butler.get("stats", DATA_ID, collections="before", as_of="2026-03-01T00:00:00")
    with pytest.raises(InvalidDataIdError, match="lunch"):
        butler.get("stats", DATA_ID, collections="before", as_of="lunch time")


def test_a_component_cannot_be_put(butler: Butler) -> None:
    with pytest.raises(InvalidDataIdError, match="stats"):
        butler.put({}, "stats.part", DATA_ID)


def test_no_run_to_put_into(repo: Path) -> None:
    with Butler(repo) as butler, pytest.raises(ConfigError, match="no run"):
        butler.put({}, "stats", DATA_ID)


def test_a_folder_that_is_no_repository(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"not a repository(?s:.*)butler create"):
        Butler(tmp_path)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("registri: butler", r"registri(?s:.*)registry"),
        ("database: {dsnn: x}", "dsnn"),
        ("database: {dsn: {wrtier: x}}", "wrtier"),
        ("[1, 2]", "not a table"),
        ("a: [", "plain YAML"),
        ("!!python/object/apply:os.system [id]", "plain YAML"),
        ("registry: 5", "registry"),
    ],
)
def test_a_wrong_configuration(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "butler.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=named):
        Butler(tmp_path)


def opened(folder: Path, dsn: str, registry: str = "butler") -> Butler:
    folder.mkdir(exist_ok=True)
    RepositoryConfig(folder, {"writer": dsn}, registry).write()
    return Butler(folder)


def test_a_server_that_is_down(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailableError, match="can't be reached"):
        opened(tmp_path / "r", f"postgresql://nobody:secret@/butler?host={tmp_path}")


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    for dsn in (
        "postgresql://u:secret@127.0.0.1:1/b",
        "mysql://u:secret@h/b",
        "postgresql://u:secret@h:port/b",
    ):
        with pytest.raises(ButlerError) as caught:
            opened(tmp_path / "r", dsn)
        assert "secret" not in str(caught.value)
        assert "secret" not in repr(caught.value.details)


def test_a_database_without_our_schema(empty_database: Any, tmp_path: Path) -> None:
    with pytest.raises(SchemaVersionError, match=r"no registry(?s:.*)butler db init"):
        opened(tmp_path / "r", empty_database.dsn("superuser"))


@pytest.mark.parametrize(("version", "remedy"), [("0000", "butler db upgrade"), ("9999", "newer version")])
def test_a_schema_of_another_version(database: Any, tmp_path: Path, version: str, remedy: str) -> None:
    database.connect("owner").cursor().execute(
        "UPDATE butler_common.alembic_version SET version_num = %s;"
        " UPDATE butler_common.installation SET oldest_client = %s",
        (version, version),
    )
    with pytest.raises(SchemaVersionError, match=rf"{version}(?s:.*){remedy}"):
        opened(tmp_path / "r", database.dsn("writer"))


def test_a_layer_that_is_not_there(database: Any, tmp_path: Path) -> None:
    with pytest.raises(SchemaVersionError, match="mydb_nobody"):
        opened(tmp_path / "r", database.dsn("writer"), "mydb_nobody")
    with pytest.raises(ConfigError, match="DROP"):
        opened(tmp_path / "r", database.dsn("writer"), "x; DROP SCHEMA butler")


def test_a_reader_cannot_put(repo: Path) -> None:
    with Butler(repo, run="u/reader", role="reader") as butler, pytest.raises(PermissionDeniedError):
        butler.registry.collections.register("u/reader", CollectionType.RUN)
