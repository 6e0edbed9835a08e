"""What each command does, beyond its examples."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import yaml
from astropy.io import fits
from astropy.nddata import CCDData

from butler import Butler, DatasetType
from butler.datastore import open_datastore
from butler.errors import InvalidDataIdError
from butler.version import OLDEST_SCHEMA, SCHEMA_VERSION

from .conftest import CAMERA, SKYMAP, Command

STATS = ("camera=Peepshow", "visit=12", "-c", "u/me/first")
CALEXP = ("camera=Peepshow", "visit=12", "sensor=7", "-c", "u/me/first")


def failed(command: Command, *words: str | Path, status: int = 1) -> str:
    """Give the error of a command that ends with a status other than 0."""
    result = command(*words)
    assert result.exit_code == status, result.output
    return str(result.stderr)


# Status and configuration ----------------------------------------------------


def test_status_counts_what_is_there(filled: Butler, command: Command) -> None:
    status = command.json("status")
    assert (status["cameras"], status["visits"], status["dataset_types"]) == (1, 2, 3)
    assert status["datasets"] == 4, "three and the description of the run's environment"
    assert status["bytes"] == sum(path.stat().st_size for path in _files(filled))
    assert status["last_ingest"] is not None
    assert status["schema"] == status["oldest_client"] == status["made_for_schema"] == SCHEMA_VERSION
    assert status["works_from_schema"] == OLDEST_SCHEMA


def _files(butler: Butler) -> list[Path]:
    root = Path(butler.datastore.root.removeprefix("file://"))
    return [root / path for path in butler.datastore.inventory.paths()]


def test_config_shows_where_each_value_comes_from_and_no_password(repo: Path, command: Command) -> None:
    config = yaml.safe_load((repo / "butler.yaml").read_text())
    config["database"]["dsn"]["reader"] = "postgresql://me:hush@db.example.org/survey"
    config["datastores"]["main"]["disassemble"] = ["Exposure"]
    (repo / "butler.yaml").write_text(yaml.safe_dump(config))
    shown = {row["key"]: row for row in command.json("config", "show")}
    assert shown["repository"]["from"] == "BUTLER_REPO"
    assert shown["database.dsn.reader"]["value"] == "postgresql://me:***@db.example.org/survey"
    assert shown["default"] == {"key": "default", "value": "main", "from": "default"}
    assert shown["datastores.main.disassemble"] == {
        "key": "datastores.main.disassemble",
        "value": ["Exposure"],
        "from": "butler.yaml",
    }


def test_config_check_names_each_setting_that_does_not_work(repo: Path, command: Command) -> None:
    assert command.out("config", "check").splitlines() == [
        "butler.yaml: ok",
        "database as owner: ok",
        "database as writer: ok",
        "datastore main: ok",
        "database as reader: ok",
    ]
    config = yaml.safe_load((repo / "butler.yaml").read_text())
    config["database"]["dsn"]["reader"] = "postgresql://nobody@127.0.0.1:1/nowhere"
    config["datastores"]["main"]["root"] = "elsewhere"
    (repo / "butler.yaml").write_text(yaml.safe_dump(config))
    result = command("config", "check")
    assert result.exit_code == 1
    assert "database as reader: the database can't be reached" in result.stdout
    assert "datastore main: the registry has it at file://" in result.stdout
    assert "database as writer: ok" in result.stdout


def test_a_repository_without_a_login_for_readers_reads_as_the_writer(repo: Path, command: Command) -> None:
    config = yaml.safe_load((repo / "butler.yaml").read_text())
    config["database"]["dsn"] = config["database"]["dsn"]["writer"]
    (repo / "butler.yaml").write_text(yaml.safe_dump(config))
    assert json.loads(command.out("sql", "SELECT current_user AS me", "-f", "json")) == [
        {"me": "butler_writer"}
    ]


# Definitions -----------------------------------------------------------------


def test_a_camera_that_is_registered_otherwise_is_replaced_only_when_told(
    command: Command, inputs: Path
) -> None:
    command.out("camera", "add", "peepshow.yaml")
    Path("other.yaml").write_text(yaml.safe_dump({**CAMERA, "doc": "Three eyes"}))
    assert "Peepshow" in failed(command, "camera", "add", "other.yaml")
    command.out("camera", "add", "other.yaml", "--replace")
    (camera,) = command.json("camera", "list")
    assert (camera["camera"], camera["sensors"], camera["doc"]) == ("Peepshow", 2, "Three eyes")


def test_a_drafted_camera_is_one_that_can_be_checked_and_added(command: Command, inputs: Path) -> None:
    command.out("camera", "draft", "night1/shot1.fits", "night1/shot2.fits", "-o", "draft.yaml")
    assert yaml.safe_load(Path("draft.yaml").read_text())["camera"] == "Peepshow"
    assert command.out("camera", "draft", "night1/shot1.fits").startswith("#")


def test_camera_check_tells_what_it_found_and_fails_for_a_file_that_can_not_be_ingested(
    command: Command, inputs: Path
) -> None:
    findings = command.json("camera", "check", "peepshow.yaml", "night1/shot1.fits")
    found = {finding["field"]: finding for finding in findings}
    assert (found["visit"]["value"], found["visit"]["status"]) == (12, "found")
    with fits.open("night1/shot1.fits", mode="update") as file:
        del file[0].header["SHOT"]
    result = command("camera", "check", "peepshow.yaml", "night1/shot1.fits", "stats.json")
    assert result.exit_code == 1
    assert result.stdout.count("can't be ingested: ") == 2
    assert "SHOT" in result.stdout


def test_camera_check_takes_a_registered_camera_by_name(command: Command, inputs: Path) -> None:
    assert "no camera 'Peepshow'" in failed(command, "camera", "check", "Peepshow", "night1/shot1.fits")
    command.out("camera", "add", "peepshow.yaml")
    assert command.json("camera", "check", "Peepshow", "night1/shot1.fits")


@pytest.mark.parametrize("name", ["rings.yaml", "rings.json"])
def test_a_sky_map_is_read_from_yaml_and_json(command: Command, inputs: Path, name: str) -> None:
    command.out("skymap", "add", name)
    (skymap,) = command.json("skymap", "list")
    assert skymap == {"skymap": "rings", "tracts": 1, "patches": 1, "doc": SKYMAP["doc"]}
    (patch,) = command.json("query", "patch", "skymap=rings", "tract=0")
    assert patch["ra"] == pytest.approx(10.5, abs=0.01)


@pytest.mark.parametrize("content", ["[1]", '{"skymap": "x", "tracts": 3}', '{"tracts": [1]}', "{", "null"])
def test_what_is_no_sky_map_is_refused(command: Command, inputs: Path, content: str) -> None:
    Path("bad.json").write_text(content)
    assert "bad.json" in failed(command, "skymap", "add", "bad.json")
    assert command.json("skymap", "list") == []


def test_a_dataset_type_has_a_known_storage_class(command: Command) -> None:
    assert "Did you mean 'Exposure'" in failed(command, "dataset-type", "add", "x", "Exposur", "-u", "visit")
    command.out("dataset-type", "add", "x", "Exposure", "-u", "visit", "-u", "sensor")
    shown = command.json("dataset-type", "show", "x")
    assert shown["units"] == ["camera", "sensor", "visit"]
    assert "wcs" in shown["components"]
    assert command("dataset-type", "add", "x", "Exposure", "-u", "visit", "-u", "sensor").stderr == (
        "dataset type x was registered already\n"
    )
    again = command("dataset-type", "add", "x", "Exposure", "-u", "visit", "-u", "sensor", "--doc", "Else.")
    assert again.stderr == "dataset type x was registered already, and what it is stays ''\n"
    assert "x" in failed(command, "dataset-type", "add", "x", "Dict")
    assert [row["dataset_type"] for row in command.json("dataset-type", "list", "x*")] == ["x"]


def test_a_dataset_type_is_shown_with_how_many_datasets_it_has(filled: Butler, command: Command) -> None:
    assert command.json("dataset-type", "show", "stats")["datasets"] == 2
    filled.remove([filled.find("stats", camera="Peepshow", visit=12)])
    assert command.json("dataset-type", "show", "stats")["datasets"] == 1
    assert "no dataset type 'nothing'" in failed(command, "dataset-type", "show", "nothing")


def test_collections_are_made_chained_frozen_and_listed(filled: Butler, command: Command) -> None:
    command.out("collection", "create", "tags", "--type", "tagged", "--doc", "Some")
    command.out("collection", "chain", "all", "tags", "u/me/first")
    assert [row["collection"] for row in command.json("collection", "list", "--type", "chained")] == ["all"]
    assert command.json("collection", "show", "all")["members"] == ["tags", "u/me/first"]
    held = command.json("collection", "show", "u/me/first")["datasets"]
    assert held == {"calexp": 1, "run_environment": 1, "stats": 2}
    command.out("collection", "freeze", "u/me/first")
    assert filled.collections.list("u/me/first")[0].frozen
    command.out("collection", "freeze", "u/me/first", "--release")
    assert not filled.collections.list("u/me/first")[0].frozen
    assert "datasets" not in command.json("collection", "show", "all"), "its members have them"
    assert "no collection 'nothing'" in failed(command, "collection", "show", "nothing")


def test_a_run_is_held_for_a_time_and_let_go(filled: Butler, command: Command) -> None:
    assert command.json("collection", "holds") == []
    said = command("collection", "hold", "u/me/first", "--for", "2d", "--reason", "an import")
    assert re.search(r"u/me/first is held until 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", said.stderr)
    (hold,) = command.json("collection", "holds")
    assert (hold["run"], hold["reason"]) == ("u/me/first", "an import")
    assert "is not held any more" in command("collection", "hold", "u/me/first", "--release").stderr
    assert "you don't hold" in command("collection", "hold", "u/me/first", "--release").stderr
    assert filled.collections.holds() == []
    assert "at most a year" in failed(command, "collection", "hold", "u/me/first", "--for", "9999999d")
    with pytest.raises(InvalidDataIdError, match="no time zone"):
        filled.collections.hold("u/me/first", datetime(2030, 1, 1))


# Files in and out ------------------------------------------------------------


def test_raw_files_are_ingested_by_their_headers_once(command: Command, inputs: Path) -> None:
    command.out("camera", "add", "peepshow.yaml")
    first = command.out("ingest", "night1/shot1.fits", "night1/shot2.fits").splitlines()
    assert [line.split(" [")[0] for line in first] == [
        "raw@{camera=Peepshow, sensor=7, visit=12}",
        "raw@{camera=Peepshow, sensor=8, visit=13}",
    ]
    assert command.out("ingest", "auto", "night1/shot1.fits", "night1/shot2.fits").splitlines() == first
    assert Path("night1/shot1.fits").exists()
    assert {row["visit"] for row in command.json("query", "visit")} == {12, 13}


@pytest.mark.parametrize("mode", ["copy", "move", "hardlink", "symlink", "in-place"])
def test_files_are_ingested_by_each_mode(command: Command, inputs: Path, mode: str) -> None:
    command.out("camera", "add", "peepshow.yaml")
    file = Path("night1/shot1.fits").absolute()
    content = file.read_bytes()
    command.out("ingest", "raw", file, "--mode", mode, "--run", "u/me/raws")
    words = ("raw", "camera=Peepshow", "visit=12", "sensor=7", "-c", "u/me/raws")
    uri = command.out("uri", *words).strip()
    stored = Path(uri.removeprefix("file://"))
    assert stored.read_bytes() == content
    assert file.exists() is (mode != "move")
    assert (stored == file) is (mode == "in-place")
    assert stored.is_symlink() is (mode == "symlink")


def test_one_bad_file_keeps_all_of_them_out(command: Command, inputs: Path) -> None:
    command.out("camera", "add", "peepshow.yaml")
    Path("night1/broken.fits").write_bytes(Path("night1/shot1.fits").read_bytes()[:100])
    assert "broken.fits" in failed(command, "ingest", "night1/shot1.fits", "night1/broken.fits")
    assert command.json("query", "visit") == []


def test_a_file_with_a_data_id_of_its_own_is_ingested_under_it(
    filled: Butler, command: Command, inputs: Path
) -> None:
    given = ("--data-id", "exposure=12", "--data-id", "instrument=Peepshow")
    command.out("ingest", "stats", "stats.json", *given, "--run", "u/me/second")
    assert filled.get("stats", camera="Peepshow", visit=12, collections="u/me/second") == {"mean": 1.5}
    command.out("put", "stats", "stats.json", "camera=Peepshow", "visit=13", "--run", "u/me/second")
    assert filled.get("stats", camera="Peepshow", visit=13, collections="u/me/second") == {"mean": 1.5}
    Path("other.json").write_text("{}")
    refused = failed(
        command, "put", "stats", "other.json", "camera=Peepshow", "visit=13", "--run", "u/me/second"
    )
    assert "other.json is not the file" in refused


def test_a_data_id_fits_one_file_of_a_named_type(command: Command, inputs: Path) -> None:
    words = ("night1/shot1.fits", "night1/shot2.fits", "--data-id", "visit=1")
    assert "--data-id" in failed(command, "ingest", "raw", *words, status=2)
    assert "--data-id" in failed(command, "ingest", words[0], "--data-id", "visit=1", status=2)


def test_a_dataset_comes_out_byte_for_byte(filled: Butler, command: Command, inputs: Path) -> None:
    ref = filled.find("calexp", camera="Peepshow", visit=12, sensor=7)
    assert ref.artifacts
    command.out("get", "calexp", *CALEXP, "-o", "out.fits")
    assert hashlib.sha256(Path("out.fits").read_bytes()).digest() == ref.artifacts[0].sha256
    result = command("get", "calexp", *CALEXP, "-o", "-")
    assert result.stdout_bytes == Path("out.fits").read_bytes()
    assert result.stderr == ""


def test_a_component_and_a_section_are_files_of_their_own(
    filled: Butler, command: Command, inputs: Path
) -> None:
    command.out("get", "calexp", *CALEXP, "--bbox", "1,0,2,2", "-o", "cut.fits")
    assert CCDData.read("cut.fits").data.tolist() == [[1, 2], [5, 6]]
    (identity,) = command.json("identify", "cut.fits")
    ref = filled.find("calexp", camera="Peepshow", visit=12, sensor=7)
    assert UUID(identity["id"]) == ref.id
    assert identity["data_id"] == {"camera": "Peepshow", "sensor": 7, "visit": 12}
    command.out("get", "calexp.image", *CALEXP, "-o", "image.fits")
    assert command.json("identify", "image.fits")[0]["component"] == "image"
    assert command.out("get", "calexp.bbox", *CALEXP, "-o", "-") == "[0, 0, 4, 3]\n"


def test_a_whole_dataset_is_written_anew_where_a_copy_would_not_be_what_its_name_says(
    filled: Butler, command: Command, inputs: Path
) -> None:
    for name, begins in (("out.h5", b"\x89HDF"), ("out.fits.gz", b"\x1f\x8b"), ("out.fits.fz", b"SIMPLE  =")):
        command.out("get", "calexp", *CALEXP, "-o", name)
        assert Path(name).read_bytes().startswith(begins)
        assert command.json("identify", name)[0]["dataset_type"] == "calexp"
    pixels = filled.get("calexp", camera="Peepshow", visit=12, sensor=7).data
    assert CCDData.read("out.fits.gz", hdu="SCI", unit="adu").data.tolist() == pixels.tolist()
    assert b"ZCMPTYPE" in Path("out.fits.fz").read_bytes()


def test_the_name_of_the_file_chooses_its_format(filled: Butler, command: Command, inputs: Path) -> None:
    import astropy.table
    import pyarrow.parquet

    filled.registry.definitions.register_dataset_type(DatasetType("sources", "Table", ("visit",)))
    table = astropy.table.Table({"a": [1, 2, 3], "b": [4, 5, 6]})
    filled.put(table, "sources", camera="Peepshow", visit=12)
    command.out("get", "sources", *STATS, "--columns", "b", "--rows", "1,3", "-o", "cut.ecsv")
    assert astropy.table.Table.read("cut.ecsv")["b"].tolist() == [5, 6]
    command.out("get", "sources", *STATS, "--columns", "b,a", "-o", "cut.parquet")
    assert pyarrow.parquet.read_table("cut.parquet").column_names == ["b", "a"]


def test_a_component_that_the_dataset_lacks_is_an_error_and_no_file(
    filled: Butler, command: Command, inputs: Path
) -> None:
    assert "has no wcs" in failed(command, "get", "calexp.wcs", *CALEXP, "-o", "wcs.fits")
    assert "Did you mean" in failed(command, "get", "calexp.imag", *CALEXP, "-o", "wcs.fits")
    assert not Path("wcs.fits").exists()


@pytest.mark.parametrize("damage", ["gone", "altered"])
def test_a_file_that_is_not_what_was_written_is_not_given_out(
    filled: Butler, command: Command, inputs: Path, damage: str
) -> None:
    stored = Path(filled.uri("stats", camera="Peepshow", visit=12).removeprefix("file://"))
    if damage == "gone":
        stored.unlink()
    else:
        stored.chmod(0o644)
        stored.write_text(stored.read_text().replace("3.0", "4.0"))
    assert "butler verify" in failed(command, "get", "stats", *STATS, "-o", "out.json")
    assert not Path("out.json").exists()


# Questions -------------------------------------------------------------------


def test_datasets_are_listed_with_data_ids_run_and_files(filled: Butler, command: Command) -> None:
    rows = command.json("query", "datasets", "stats", "camera=Peepshow", "--uri")
    assert [(row["visit"], row["run"]) for row in rows] == [(12, "u/me/first"), (13, "u/me/first")]
    assert all(Path(row["uri"].removeprefix("file://")).is_file() for row in rows)
    assert command.json("query", "datasets", "stats", "visit=v13")[0]["visit"] == 13


def test_a_dataset_of_several_files_is_listed_with_each_and_one_without_files_with_none(
    filled: Butler, command: Command, repo: Path
) -> None:
    apart = open_datastore({"root": "data", "disassemble": ["Exposure"]}, repo)
    image = CCDData(np.zeros((2, 2)), mask=np.zeros((2, 2), bool), unit="adu")
    with Butler(repo, run="u/me/apart", datastore=apart) as butler:
        ref = butler.put(image, "calexp", camera="Peepshow", visit=12, sensor=7)
    rows = command.json("query", "datasets", "calexp", "--uri", "-c", "u/me/apart")
    assert {row["dataset_id"] for row in rows} == {str(ref.id)}
    assert {row["component"]: row["uri"] for row in rows} == {
        artifact.component: apart.uri(artifact) for artifact in ref.artifacts or ()
    }
    assert len(rows) > 1
    filled.unstore([ref])
    (row,) = command.json("query", "datasets", "calexp", "--uri", "-c", "u/me/apart")
    assert (row["dataset_id"], row["component"], row["uri"]) == (str(ref.id), None, None)


def test_the_first_collection_wins_unless_all_are_asked_for(filled: Butler, command: Command) -> None:
    filled.put({}, "stats", camera="Peepshow", visit=12, run="u/me/second")
    words = (
        "query",
        "datasets",
        "stats",
        "visit=12",
        "camera=Peepshow",
        "-c",
        "u/me/second",
        "-c",
        "u/me/first",
    )
    assert [row["run"] for row in command.json(*words)] == ["u/me/second"]
    assert {row["run"] for row in command.json(*words, "--all")} == {"u/me/first", "u/me/second"}
    assert len(command.json("query", "datasets", "stats")) == 3, "every run, every version"


def test_data_ids_are_listed_once_each(filled: Butler, command: Command) -> None:
    filled.put({}, "stats", camera="Peepshow", visit=12, run="u/me/second")
    assert command.json("query", "data-ids", "stats") == [
        {"camera": "Peepshow", "visit": 12},
        {"camera": "Peepshow", "visit": 13},
    ]
    assert command.json("query", "data-ids", "stats", "-u", "camera") == [{"camera": "Peepshow"}]
    assert "It has camera, visit" in failed(command, "query", "data-ids", "stats", "-u", "tract")


def test_units_are_listed_by_their_columns_and_by_todays_words(filled: Butler, command: Command) -> None:
    assert [row["visit"] for row in command.json("query", "visit", "instrument=Peepshow")] == [12, 13]
    assert [row["visit"] for row in command.json("query", "visit", "visit_name=v13")] == [13]
    assert [row["visit"] for row in command.json("query", "visit", "--limit", "1")] == [12]
    assert [row["sensor"] for row in command.json("query", "detector", "detector=8")] == [8]
    assert "Did you mean 'visit'" in failed(command, "query", "visit", "vist=1")
    assert "bigint" in failed(command, "query", "visit", "visit=soon")


def test_every_view_of_units_has_a_command(command: Command, filled: Butler) -> None:
    from butler.cli.query import UNIT_VIEWS

    known = filled.registry.query("SELECT view FROM unit UNION SELECT unnest(aliases) FROM unit")
    views = filled.registry.query(
        "SELECT table_name FROM information_schema.views WHERE table_schema = 'butler'"
    )
    there = {row.table_name for row in views}
    assert {row.view for row in known} & there <= UNIT_VIEWS.keys() <= there


def test_sql_takes_one_select_as_it_is(command: Command) -> None:
    assert command.json("sql", "SELECT '12:30'::text AS t, 5 % 3 AS m, ':x' AS c") == [
        {"t": "12:30", "m": 2, "c": ":x"}
    ]
    result = command("sql", "-", "--format", "json", input="SELECT 1 AS a;\n")
    assert json.loads(result.stdout) == [{"a": 1}]
    assert "more than one statement" in failed(command, "sql", "SELECT 1; SELECT 2")
    assert "begins with 'CREATE'" in failed(command, "sql", "CREATE TABLE t (a integer)")
    assert "permission denied" in failed(command, "sql", "EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1")


def test_sql_can_not_write(filled: Butler, command: Command) -> None:
    assert command("sql", "SELECT butler.register_collection('x', 'tagged', '')").exit_code == 1
    assert filled.collections.list("x") == []


# Tags and maintenance ---------------------------------------------------------------


def test_datasets_are_tagged_and_untagged_after_a_dry_run(filled: Butler, command: Command) -> None:
    words = ("good", "stats", "camera=Peepshow", "visit=12")
    shown = command.out("associate", *words, "-c", "u/me/first", "--dry-run")
    assert shown.startswith("stats@{camera=Peepshow, visit=12}")
    assert filled.collections.list("good") == [], "a dry run does nothing"
    command.out("associate", *words, "-c", "u/me/first")
    again = command("associate", *words, "-c", "u/me/first")
    assert again.stderr == "good: 0 datasets are new, 1 were in it\n"
    assert [row["visit"] for row in command.json("query", "datasets", "stats", "-c", "good")] == [12]
    command.out("disassociate", *words, "--dry-run")
    assert len(command.json("query", "datasets", "stats", "-c", "good")) == 1
    command.out("disassociate", *words)
    assert command.json("query", "datasets", "stats", "-c", "good") == []
    command.out("associate", *words, "-c", "u/me/first")
    command.out("collection", "freeze", "good")
    refused = command("disassociate", *words)
    assert (refused.exit_code, refused.stdout) == (1, ""), "nothing is shown that isn't done"
    command.out("collection", "freeze", "good", "--release")
    command.out("disassociate", *words)
    result = command("disassociate", *words)
    assert (result.exit_code, result.stdout) == (1, "no datasets found\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("visit", "camera=peepshow"), "No camera 'peepshow'. Did you mean 'Peepshow'?"),
        (("detector", "instrument=Nosuch"), "No instrument 'Nosuch'. Known are Peepshow."),
        (("visit", "camera=Peepshow", "visit=99"), "No visit '99' of camera Peepshow."),
        (("datasets", "calexp", "band=R", "camera=Peepshow"), "No band 'R'. Known are pink."),
        (("datasets", "stats", "instrument=X", "visit=12"), "No instrument 'X'. Known are Peepshow."),
        (("data-ids", "stats", "camera=X", "visit=99"), "No camera 'X'. Known are Peepshow."),
        (("datasets", "calexp", "camera=Peepshow", "visit=13", "detector=left"), ""),
        (("visit", "camera=Peepshow", "night=2001-01-01"), ""),
    ],
)
def test_where_nothing_is_found_the_value_that_nothing_has_is_named(
    filled: Butler, command: Command, words: tuple[str, ...], told: str
) -> None:
    result = command("query", *words, "--format", "json")
    assert (result.exit_code, result.stdout.strip()) == (0, "[]")
    assert result.stderr == "nothing is found\n" + (told and f"  {told}\n")


def test_what_is_found_costs_no_statement_more_to_say(
    filled: Butler, command: Command, statements: list[str]
) -> None:
    found = command("query", "visit", "camera=Peepshow", "--format", "json")
    assert len(json.loads(found.stdout)) == 2
    assert found.stderr == ""
    assert not any("LIMIT 1" in sql for sql in statements)


def test_verify_names_each_fault_and_its_remedy(filled: Butler, command: Command) -> None:
    assert command("verify").output == "registry and datastore agree\n"
    stored = Path(filled.uri("stats", camera="Peepshow", visit=12).removeprefix("file://"))
    stored.chmod(0o644)
    stored.write_text(stored.read_text().replace("3.0", "4.0"))
    assert command("verify", "--fast").exit_code == 0, "its size is the same"
    result = command("verify")
    assert result.exit_code == 1
    (line,) = result.stdout.splitlines()
    assert line.startswith(f"sha256: file://{stored} of dataset ")
    assert line.endswith(": restore the file: it isn't the one that was written")
    result = command("verify", "--format", "json")
    (finding,) = json.loads(result.stdout)
    assert (finding["fault"], finding["uri"]) == ("sha256", f"file://{stored}")
    assert finding["datastore"] == "main"
    assert line.endswith(finding["remedy"])


def test_identify_needs_no_repository_and_tells_what_it_could_not(
    filled: Butler, inputs: Path, tmp_path: Path
) -> None:
    ref = filled.find("stats", camera="Peepshow", visit=12)
    stored = filled.uri(ref).removeprefix("file://")
    command = Command(None)
    (found,) = command.json("identify", stored)
    assert (found["id"], found["run"], found["file"]) == (str(ref.id), "u/me/first", stored)
    result = command("identify", stored, "stats.json", "nothing.fits")
    assert result.exit_code == 3, "done in part"
    assert str(ref.id) in result.stdout
    assert "stats.json says nothing about itself" in result.stderr
    assert "there is no file 'nothing.fits'" in result.stderr
    assert command("identify", "stats.json").exit_code == 1


# Layers and the database -----------------------------------------------------


def test_a_layer_is_made_worked_in_and_dropped(filled: Butler, command: Command, inputs: Path) -> None:
    command.out("layer", "create", "mydb_me")
    command.out("--layer", "mydb_me", "collection", "create", "mine", "--type", "tagged")
    words = ("stats", "stats.json", "camera=Peepshow", "visit=12", "--run", "u/me/mine")
    command.out("--layer", "mydb_me", "put", *words)
    assert len(command.json("--layer", "mydb_me", "query", "datasets", "stats")) == 3
    assert len(command.json("query", "datasets", "stats")) == 2
    assert command.json("--layer", "mydb_me", "status")["registry"] == "mydb_me"
    assert [row["registry"] for row in command.json("layer", "list")] == ["butler", "mydb_me"]
    refused = command("layer", "drop", "mydb_me", input="n\n")
    assert refused.exit_code == 1
    assert refused.stderr.endswith("Nothing was done.\n")
    assert command("layer", "drop", "mydb_me", input="").exit_code == 1, "nobody is there to answer"
    assert len(command.json("layer", "list")) == 2
    assert command("layer", "drop", "mydb_me", input="y\n").exit_code == 0
    assert "'butler layer create'" in failed(command, "--layer", "mydb_me", "status")
    assert "no layer 'mydb_me'" in failed(command, "layer", "drop", "mydb_me", "--yes")


def test_dropping_a_layer_removes_its_own_files_alone_and_tells_what_it_could_not(
    filled: Butler, command: Command, inputs: Path, database: Any
) -> None:
    """A row of the layer that names the base's file, and one that names none, are the registry's word only."""
    command.out("layer", "create", "mydb_me")
    for visit, run in ((12, "u/me/mine"), (13, "u/me/mine"), (12, "u/me/other")):
        words = ("stats", "stats.json", "camera=Peepshow", f"visit={visit}", "--run", run)
        command.out("--layer", "mydb_me", "put", *words)
    with Butler(command.environment["BUTLER_REPO"], registry="mydb_me") as layer:
        refs = [layer.find("stats", visit=visit, collections="u/me/mine") for visit in (12, 13)]
    kept = filled.find("stats", visit=12)
    assert kept.artifacts
    with database.connect("owner").cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE contype = 'c'"
            " AND conrelid = 'mydb_me_internal.artifact'::regclass"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE mydb_me_internal.artifact DROP CONSTRAINT {name}")
        for ref, path in zip(refs, (kept.artifacts[0].path, "%2e%2e/x"), strict=True):
            cursor.execute(
                "UPDATE mydb_me_internal.artifact SET path = %s WHERE dataset_id = %s", (path, str(ref.id))
            )
    result = command("layer", "drop", "mydb_me", "--yes")
    assert result.exit_code == 3
    assert "'%2e%2e/x' is left" in result.stderr
    assert [row["registry"] for row in command.json("layer", "list")] == ["butler"]
    assert filled.get(kept) == {"mean": 3.0}
    # The files whose rows were altered belong to nothing now.
    left = {filled.datastore.uri(artifact) for ref in refs for artifact in ref.artifacts or ()}
    assert len(left) == len(refs)
    assert {(one.fault, one.uri) for one in filled.verify()} == {("in flight", uri) for uri in left}


def test_dropping_a_layer_leaves_what_was_ingested_in_place_as_its_owner_has_it(
    filled: Butler, command: Command, inputs: Path
) -> None:
    """It isn't compared either: its owner may have changed it, or taken it away."""
    changed, gone = Path("stats.json"), Path("gone.json")
    gone.write_text("{}")
    command.out("layer", "create", "mydb_me")
    for file, visit in ((changed, 12), (gone, 13)):
        words = "ingest stats {} --data-id camera=Peepshow --data-id visit={} --run u/me/mine --mode in-place"
        command.out("--layer", "mydb_me", *words.format(file, visit).split())
    changed.write_text("its owner's")
    gone.unlink()
    result = command("layer", "drop", "mydb_me", "--yes")
    assert result.exit_code == 0
    # The description of the run is the one file that the datastore wrote.
    assert result.stderr == "layer mydb_me is dropped, with 1 artifact\n"
    assert changed.read_text() == "its owner's"
    assert list(filled.verify()) == []


def test_db_check_lists_what_differs(command: Command, database: Any) -> None:
    assert command("db", "check").output == "the database is as it should be\n"
    with database.connect("owner").cursor() as cursor:
        cursor.execute("DROP VIEW butler.label; CREATE TABLE butler.mine (a integer)")
        cursor.execute("GRANT SELECT ON butler_internal.dataset TO butler_reader")
    with database.connect("superuser").cursor() as cursor:
        cursor.execute(f"GRANT TEMPORARY ON DATABASE {database.name} TO PUBLIC")
        cursor.execute(f"ALTER DATABASE {database.name} RESET timezone")
    result = command("db", "check")
    assert result.exit_code == 1
    assert "view butler.label is missing" in result.stdout
    assert "table butler.mine is not ours" in result.stdout
    assert "grant butler_internal.dataset is not ours" in result.stdout
    assert "anybody may make temporary tables: run 'butler db grant'" in result.stdout
    assert "setting timezone" in result.stdout
    command.out("db", "grant", "--dsn", database.dsn("superuser"))
    left = command("db", "check").stdout
    assert "temporary" not in left
    assert "timezone" not in left


def test_a_bare_database_becomes_one_that_a_repository_can_use(
    empty_database: Any, butler_template: str, tmp_path: Path
) -> None:
    command, admin = Command(tmp_path / "survey"), empty_database.dsn("superuser")
    assert "'butler db init'" in failed(
        command, "create", tmp_path / "survey", "--dsn", empty_database.dsn("writer")
    )
    assert not (tmp_path / "survey").exists()
    command.out("db", "init", "--dsn", admin)
    command.out("db", "init", "--dsn", admin)
    command.out("create", tmp_path / "survey", "--dsn", empty_database.dsn("writer"))
    assert command.json("status")["datasets"] == 0
    assert command.json("db", "status")["login"] == "butler_writer"
    assert command("db", "check", "--dsn", admin).exit_code == 0
    assert "database.dsn has none for the owner" in failed(command, "db", "check")
    assert "server of its own" in failed(command, "db", "stop")


def test_the_sql_for_an_administrator_is_what_init_runs(command: Command, empty_database: Any) -> None:
    script = command.out("db", "init", "--sql", "--role-prefix", "survey")
    assert "survey_owner" in script
    assert "butler_owner" not in script
    with empty_database.connect("superuser").cursor() as cursor:
        cursor.execute(script)
        cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'survey\\_%'")
        assert cursor.fetchone() == (3,)
        cursor.execute("DROP OWNED BY survey_owner, survey_writer, survey_reader")
        cursor.execute("DROP ROLE survey_owner, survey_writer, survey_reader")


def test_the_schema_is_taken_down_and_put_up_again(command: Command) -> None:
    assert command("db", "downgrade", "base", input="n\n").exit_code == 1
    assert command("db", "check").exit_code == 0
    assert "at revision base" in command("db", "downgrade", "base", "--dry-run").stderr
    assert command("db", "check").exit_code == 0
    command.out("db", "downgrade", "base", "--yes")
    assert "run 'butler db init'" in command("db", "check").stdout
    assert "butler db init" in failed(command, "status")
    command.out("db", "upgrade")
    assert command.json("status")["datasets"] == 0
    assert "9999" in failed(command, "db", "upgrade", "9999")


def test_the_schema_is_not_taken_down_with_what_is_registered_unless_that_is_said(command: Command) -> None:
    command.out("collection", "create", "u/me/first", "--type", "run")
    for options in (["--yes"], ["--dry-run"]):
        refused = failed(command, "db", "downgrade", "base", *options)
        assert "would lose 1 rows of butler_internal.collection" in refused
        assert "--everything" in refused
    assert command.json("status")["collections"] == 1
    assert "it goes with base" in command("db", "downgrade", "0001", "--everything").stderr
    command.out("db", "downgrade", "base", "--everything", "--dry-run")
    assert command.json("status")["collections"] == 1
    command.out("db", "downgrade", "base", "--everything", "--yes")
    command.out("db", "upgrade")
    assert command.json("status")["collections"] == 0


def test_a_database_of_another_revision_is_advice_while_both_serve_each_other(
    command: Command, owner: Any
) -> None:
    def at(revision: str, oldest_client: str) -> None:
        owner.cursor().execute("UPDATE butler_common.alembic_version SET version_num = %s", (revision,))
        owner.cursor().execute("UPDATE butler_common.installation SET oldest_client = %s", (oldest_client,))

    at("9999", SCHEMA_VERSION)
    checked = command("db", "check")
    assert checked.exit_code == 0
    assert f"advice: schema: revision 9999, serves clients of {SCHEMA_VERSION} or later" in checked.stdout
    assert command.json("status")["schema"] == "9999"
    at("9999", "9999")
    checked = command("db", "check")
    assert checked.exit_code == 1
    assert "install a newer version of Butler" in checked.stdout
    status = command.json("db", "status")
    assert (status["schema"], status["oldest_client"], status["made_for_schema"]) == (
        "9999",
        "9999",
        SCHEMA_VERSION,
    )
    assert "clients made for 9999" in failed(command, "status")
    at("0000", "0000")
    assert "run 'butler db upgrade'" in command("db", "check").stdout


@pytest.mark.parametrize("role", ["reader", "writer", "owner"])
def test_the_dsn_of_a_role_is_printed(command: Command, database: Any, role: str) -> None:
    assert command.out("db", "dsn", "--role", role).strip() == database.dsn(role)
