"""No read and no write of a few datasets reads a large table whole, in a base or through a layer.

Forty thousand datasets, freshly analysed, and the planner as it is: nothing
is switched off for it. What is watched are the plans of every statement, also
of those inside the stored functions and of the foreign keys' checks.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from db.session import Json, Session
from db.world import datasets

from butler.registry.postgres.administration import _DATASTORES, _SUMMARY, _USE
from butler.testing.databases import Database
from butler.values import new_dataset_id
from plans.watch import Watched

IMAGE = {"camera": "Cam", "visit": 17, "sensor": 12}
RUNS = [f"r/{n}" for n in range(1001, 1022)]
SHA256 = hashlib.sha256(b"").hexdigest()


@pytest.fixture(params=["butler", "mydb_alice"])
def session(request: pytest.FixtureRequest, watched: Callable[[str], Watched]) -> Watched:
    """As a writer, in the base and in a layer over it."""
    return watched(request.param)


@pytest.fixture
def own_run(session: Watched) -> str:
    """A run that the session's registry may write."""
    return "mine" if session.scalar("SELECT current_schema()") == "mydb_alice" else "r/1001"


def find(session: Watched, collections: list[str], as_of: str | None = None, **units: Any) -> list[Any]:
    return session.rows(
        "SELECT dataset_id FROM find_dataset('image', %s, %s, %s, false)",
        Json(IMAGE | units),
        collections,
        as_of,
    )


def images(visit: int, count: int) -> list[dict[str, Any]]:
    return [{"camera": "Cam", "visit": visit, "sensor": n} for n in range(count)]


def put(session: Watched, run: str, visit: int, count: int) -> None:
    assert session.scalar("SELECT put(%s, %s)", run, Json(datasets("image", *images(visit, count)))) == count


def load(session: Watched, run: str, visit: int, count: int) -> None:
    text = "".join(
        f"{n}\t{new_dataset_id()}\tCam\t{visit}\t{n}\tp{visit}-{n}\tjson\t1\t\\\\x{SHA256}\n"
        for n in range(count)
    )
    with session.transaction():
        stage = session.scalar("SELECT stage_datasets()")
        with session.connection.cursor() as cursor:
            columns = "row_number, dataset_id, camera, visit, sensor, path, formatter, size, sha256"
            cursor.copy_expert(f"COPY {stage} ({columns}) FROM STDIN", io.StringIO(text))
        assert session.rows("SELECT merge_datasets(%s, 'image', 'main')", run) == []


def test_finding_and_getting(session: Watched) -> None:
    ((found,),) = find(session, ["r/1002"])
    session.rows("SELECT * FROM get_dataset(%s)", found)
    assert session.read_whole() == []


def test_finding_the_first_of_many_collections(session: Watched) -> None:
    assert find(session, RUNS)
    assert session.read_whole() == []


def test_finding_in_a_tag(session: Watched) -> None:
    assert find(session, ["tag/1102"])
    assert session.read_whole() == []


def test_finding_as_of_a_time(session: Watched) -> None:
    assert find(session, [*RUNS, "tag/1102"], as_of="infinity")
    assert session.read_whole() == []


def test_finding_nothing_and_saying_what_is_near(session: Watched) -> None:
    with pytest.raises(Exception, match="no image with"):
        session.rows("SELECT find_dataset('image', %s, '{r/1009}')", Json(IMAGE))
    assert session.read_whole() == []


def test_putting(session: Watched, own_run: str) -> None:
    put(session, own_run, visit=620, count=1)
    put(session, own_run, visit=621, count=10)
    assert session.read_whole() == []


def test_putting_the_same_again(session: Watched, own_run: str) -> None:
    given = datasets("image", *images(visit=623, count=10))
    for new in (10, 0):
        assert session.scalar("SELECT put(%s, %s)", own_run, Json(given)) == new
    assert session.read_whole() == []


def test_a_put_into_a_layer_looks_below_it_for_what_its_datasets_have_alone(
    watched: Callable[[str], Watched],
) -> None:
    session = watched("mydb_alice")
    put(session, "mine", visit=620, count=10)
    seen = session.tables()
    assert seen >= {"dataset_type", "datastore", "observed_sensor"}
    assert seen.isdisjoint(
        {"label", "patch", "physical_filter", "skymap", "sky_pixel", "snap", "tract", "visit"}
    )


def test_a_put_of_one_after_one_of_many_in_a_session_that_keeps_its_plans(
    session: Watched, own_run: str
) -> None:
    many = datasets("image", *(each for visit in range(700, 800) for each in images(visit, 20)))
    assert session.scalar("SELECT put(%s, %s)", own_run, Json(many)) == len(many)
    session.forget()
    put(session, own_run, visit=620, count=1)
    assert session.read_whole() == []


@pytest.mark.parametrize("registry", ["butler", "mydb_alice"])
def test_a_put_plans_what_asks_all_registries_and_nothing_else(
    watched: Callable[..., Watched], database: Database, registry: str
) -> None:
    """PostgreSQL says of each statement that it plans one; the put itself is another."""
    planned: list[str] = []
    connection = database.connect("superuser")
    session = Session(connection)
    session.rows(f"SET search_path = {registry}, public")
    run = "mine" if registry == "mydb_alice" else "r/1001"
    for visit in range(800, 810):
        given = Json(datasets("image", *images(visit, 1)))
        if visit == 809:
            session.rows("SET client_min_messages = log")
            session.rows("SET log_planner_stats = on")
            connection.notices = planned
        assert session.scalar("SELECT put(%s, %s)", run, given) == 1
    assert len([each for each in planned if "PLANNER STATISTICS" in each]) == 2


@pytest.mark.parametrize("visit", [17, 620])
def test_looking_before_a_put(session: Watched, own_run: str, visit: int) -> None:
    for count in (1, 10):
        rows = session.rows(
            "SELECT * FROM prepare_put(%s, 'image', %s, true)", own_run, Json(images(visit, count))
        )
        assert len(rows) == count
    assert session.read_whole() == []


def test_registering_in_bulk(session: Watched, own_run: str) -> None:
    load(session, own_run, visit=622, count=10)
    assert session.read_whole() == []


def test_associating_and_disassociating(session: Watched) -> None:
    session.rows("SELECT register_collection('chosen', 'tagged')")
    chosen = session.column(
        "SELECT dataset_id FROM dataset WHERE camera = 'Cam' AND visit = 5 AND dataset_type = 'image'"
    )
    assert session.scalar("SELECT associate('chosen', %s)", chosen[:1]) == 1
    assert session.scalar("SELECT disassociate('chosen', %s)", chosen[:1]) == 1
    assert session.read_whole() == []


def test_associating_into_a_table_that_was_empty_when_it_was_analysed(
    watched: Callable[..., Watched], database: Database
) -> None:
    """A join with what the statement itself fills would read all of it again for each dataset."""
    database.connect("superuser").cursor().execute(
        "TRUNCATE butler_internal.dataset_tag; ANALYZE butler_internal.dataset_tag"
    )
    session = watched("butler")
    session.rows("SELECT register_collection('chosen', 'tagged')")
    chosen = session.column(
        "SELECT dataset_id FROM dataset"
        " WHERE dataset_type = 'image' AND run = 'r/1001' AND camera = 'Cam' AND visit = 17"
    )
    assert session.scalar("SELECT associate('chosen', %s)", chosen) == 20
    assert session.read_whole() == []


@pytest.mark.parametrize(
    "name", ["r/1002/image-1.json", "r/1002/image_%s.json", "file:///archive/image-1.json"]
)
def test_asking_whose_a_file_is(session: Watched, name: str) -> None:
    ((found,),) = find(session, ["r/1002"])
    name = name.replace("%s", str(found).replace("-", ""))
    session.rows("SELECT * FROM claims_of_files('main', %s, %s)", [name], ["file:///data/" + name])
    assert session.read_whole() == []


@pytest.mark.parametrize("name", ["night.fits", "night_%s.fits"])
def test_registering_a_part_of_a_file_reads_nothing_of_what_is_being_deleted(
    session: Watched, own_run: str, database: Database, name: str
) -> None:
    """However many they are, which no plan that is kept knows."""
    owner = database.connect("superuser").cursor()
    for lot in range(2):
        given = datasets("image", *images(630 + lot, 2))
        path = name % given[0]["dataset_id"].replace("-", "") if "%" in name else name
        for number, each in enumerate(given):
            each["artifacts"][0]["path"] = f"{lot}/{path}#{number}"
        assert session.scalar("SELECT put(%s, %s)", own_run, Json(given)) == 2
        assert "ix_artifact_path" in (seen := session.indexes())
        assert "ix_artifact_deleting" not in seen
        owner.execute(
            "UPDATE butler_internal.artifact SET state = 'deleting' WHERE datastore_id = 1 AND path LIKE 'r/1002/%'"
        )
        assert owner.rowcount > 1000 or lot


@pytest.mark.parametrize("find_first", [True, False], ids=["the first of each", "all"])
@pytest.mark.parametrize(
    ("dataset_type", "data_id"),
    [("image", {"camera": "Cam", "visit": 17}), ("image", IMAGE), ("coadd", {"skymap": "rings", "tract": 3})],
    ids=["a visit", "a sensor", "a tract"],
)
def test_listing_what_has_some_labels(
    session: Watched, dataset_type: str, data_id: dict[str, Any], find_first: bool
) -> None:
    assert session.rows(
        "SELECT * FROM query_datasets(%s, %s, %s, %s)",
        dataset_type,
        [*RUNS, "tag/1102"],
        Json(data_id),
        find_first,
    )
    assert session.read_whole() == []


A_VISIT = {"camera": "Cam", "visit": 17}
A_TRACT = {"skymap": "rings", "tract": 3}
IN_RUNS_OR_TAGS = pytest.mark.parametrize(
    ("dataset_type", "collection", "data_id"),
    [
        ("image", "r/1001", A_VISIT),
        ("image", "tag/1101", A_VISIT),
        ("coadd", "r/1021", A_TRACT),
        ("coadd", "tag/1121", A_TRACT),
    ],
    ids=["a visit", "a visit of a tag", "a tract", "a tract of a tag"],
)
REMOVED_FROM = {"image": "ix_dataset_camera_removal", "coadd": "ix_dataset_skymap_removal"}


@IN_RUNS_OR_TAGS
def test_listing_as_of_a_time_where_nothing_was_removed(
    session: Watched, dataset_type: str, collection: str, data_id: dict[str, Any]
) -> None:
    assert session.rows(
        "SELECT * FROM query_datasets(%s, %s, %s, true, 'infinity')",
        dataset_type,
        [collection],
        Json(data_id),
    )
    assert session.read_whole() == []


@pytest.fixture
def many_removed(database: Database) -> None:
    """The survey where twenty visits and tracts were made and removed twenty times before what is there.

    A run and its tag had the ones of each time from 3 to 20 o'clock of a day, UTC.
    """
    with database.connect("superuser").cursor() as cursor:
        cursor.execute((Path(__file__).parent / "many_removed.sql").read_text(encoding="utf-8"))
        # As for one_run.
        cursor.execute(f"ALTER DATABASE {database.name} SET random_page_cost = 1.1")


@pytest.mark.usefixtures("many_removed")
@IN_RUNS_OR_TAGS
def test_a_listing_of_now_reads_no_removed_dataset(
    session: Watched, dataset_type: str, collection: str, data_id: dict[str, Any]
) -> None:
    listing = "SELECT * FROM query_datasets(%s, %s, %s)", dataset_type, [collection], Json(data_id)
    assert session.rows(*listing)
    assert session.passed_over("dataset") == {}
    session.rows(*listing)
    assert session.read_whole() == []


@pytest.mark.usefixtures("many_removed")
@pytest.mark.parametrize(
    "select",
    [
        "SELECT * FROM dataset WHERE dataset_type = 'image' AND camera = 'Cam' AND visit = 17",
        "SELECT * FROM dataset WHERE instrument = 'Cam' AND visit = 17",
        "SELECT * FROM dataset WHERE dataset_type = 'coadd' AND skymap = 'rings' AND tract = 3",
        "SELECT * FROM dataset_wide WHERE dataset_type = 'image' AND camera = 'Cam' AND visit = 17",
        "SELECT d.* FROM visit AS v JOIN dataset AS d USING (camera, visit)"
        " WHERE v.visit_name = 'visit-17' AND d.dataset_type = 'image'",
    ],
)
def test_a_view_of_datasets_reads_no_removed_one(session: Watched, select: str) -> None:
    assert session.rows(select)
    assert session.passed_over("dataset") == {}


@pytest.mark.usefixtures("many_removed")
@IN_RUNS_OR_TAGS
def test_a_listing_as_of_a_time_finds_what_was_removed_by_indexes_of_its_own(
    session: Watched, dataset_type: str, collection: str, data_id: dict[str, Any]
) -> None:
    listing = (
        "SELECT * FROM query_datasets(%s, %s, %s, true, '2026-01-11T10:00Z')",
        dataset_type,
        [collection],
        Json(data_id),
    )
    assert len(session.rows(*listing)) == 20
    assert session.read_whole() == []
    session.rows(*listing)
    assert REMOVED_FROM[dataset_type] in session.indexes()


@pytest.mark.usefixtures("many_removed")
@pytest.mark.parametrize(
    "select",
    [
        "SELECT * FROM removal WHERE dataset_type = 'image' AND camera = 'Cam' AND visit = 17",
        "SELECT * FROM removal WHERE dataset_type = 'coadd' AND skymap = 'rings' AND tract = 3",
    ],
)
def test_what_was_removed_of_a_visit_or_tract(session: Watched, select: str) -> None:
    assert len(session.rows(select)) == 400
    assert session.read_whole() == []


@pytest.mark.parametrize(
    "select",
    [
        "SELECT d.*, a.uri FROM dataset AS d JOIN artifact AS a USING (dataset_id)"
        " WHERE d.dataset_type = 'image' AND d.camera = 'Cam' AND d.visit BETWEEN 5 AND 6",
        "SELECT d.*, a.uri FROM dataset AS d JOIN artifact AS a USING (dataset_id)"
        " WHERE d.dataset_type = 'coadd' AND d.skymap = 'rings' AND d.tract BETWEEN 5 AND 6",
        "SELECT * FROM dataset WHERE dataset_type = 'image' AND run = 'r/1002' AND camera = 'Cam' AND visit = 17",
        "SELECT * FROM dataset_wide WHERE dataset_type = 'image' AND camera = 'Cam' AND visit BETWEEN 5 AND 6",
        "SELECT dataset_id, uri FROM dataset_wide WHERE dataset_type = 'image' AND target_name = 'field-5'",
        "SELECT * FROM dataset_wide WHERE dataset_type = 'coadd' AND skymap = 'rings' AND tract = 5",
        "SELECT * FROM observed_sensor WHERE camera = 'Cam' AND visit BETWEEN 5 AND 6",
        "SELECT * FROM sensor_patch_join WHERE camera = 'Cam' AND visit = 5",
        "SELECT * FROM sensor_tract_join WHERE skymap = 'rings' AND tract = 5 AND camera = 'Cam'",
        "SELECT * FROM visit_patch_join WHERE camera = 'Cam' AND visit BETWEEN 5 AND 6",
        "SELECT * FROM visit_patch_join WHERE skymap = 'rings' AND tract = 5 AND patch = 17",
        "SELECT * FROM visit_tract_join WHERE camera = 'Cam' AND visit = 5",
        "SELECT * FROM visit_tract_join WHERE skymap = 'rings' AND tract = 5",
    ],
)
def test_selecting_from_the_views(session: Watched, select: str) -> None:
    assert session.rows(select)
    assert session.read_whole() == []


@pytest.mark.parametrize(
    "select",
    [
        "SELECT * FROM dataset WHERE dataset_type = 'coadd' AND band = 'r'",
        "SELECT dataset_id FROM dataset WHERE dataset_type = 'coadd' AND abstract_filter = 'r'",
        "SELECT dataset_id, uri FROM dataset_wide WHERE dataset_type = 'image' AND night = '2026-01-05' AND band = 'r'",
    ],
)
def test_selecting_by_band(watched: Callable[..., Watched], select: str) -> None:
    """In the base: of a union the planner takes a type for half of the datasets, as it knows of two.

    Of a type alone, without a run or a unit, no index says where its datasets are.
    """
    session = watched("butler")
    assert session.rows(select)
    assert session.read_whole(but={"uq_dataset_run_type_digest"}) == []


@pytest.mark.parametrize(
    "select",
    [
        "SELECT count(*) FROM dataset WHERE dataset_type = 'image'",
        "SELECT dataset_id, run, detector FROM dataset WHERE instrument = 'Cam' AND visit = 17",
    ],
)
def test_who_doesn_t_ask_for_the_band_pays_nothing_for_it(session: Watched, select: str) -> None:
    assert session.rows(select)
    assert session.tables().isdisjoint({"visit", "physical_filter"})


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        (_SUMMARY, 1),
        (_USE.format("run"), 21),
        (_USE.format("dataset_type"), 2),
        (_USE.format("datastore"), 1),
        (_DATASTORES, 1),
        ("SELECT * FROM storage_use", 21),
        ("SELECT * FROM dataset_count", 21),
        ("SELECT count_artifacts('main')", 1),
        ("SELECT datasets_without_artifacts()", 0),
        ("SELECT fold_storage_use()", 1),
    ],
)
def test_how_much_there_is_is_told_by_the_counts_alone(session: Watched, query: str, rows: int) -> None:
    assert len(session.rows(re.sub(r":name\b", "'%'", query))) == rows
    # But for parts of files, of which there are none here, in an index of their own.
    assert session.read_whole(but={"ix_artifact_part"}) == []


def test_of_all_runs_that_alone_is_searched_of_which_a_dataset_has_no_artifact(
    session: Watched, own_run: str, database: Database
) -> None:
    registry = session.scalar("SELECT current_schema()")
    put(session, own_run, visit=620, count=10)
    owner = Session(database.connect("owner"))
    unbacked = owner.column(
        f"DELETE FROM {registry}_internal.artifact AS a USING {registry}_internal.dataset AS d"
        " WHERE d.dataset_id = a.dataset_id AND d.visit = 620 AND d.sensor < 3 AND d.run_id = %s RETURNING d.dataset_id",
        owner.scalar(f"SELECT run_id FROM {registry}.run WHERE run = %s", own_run),
    )
    assert session.column("SELECT datasets_without_artifacts()") == sorted(unbacked)
    assert session.read_whole() == []


def test_what_came_since_a_moment_is_looked_up(session: Watched, own_run: str, database: Database) -> None:
    superuser = database.connect("superuser").cursor()
    superuser.execute(
        "UPDATE butler_internal.dataset SET created = created - interval '1 day' * (2000 - coalesce(visit, 0))"
    )
    superuser.execute("VACUUM ANALYZE butler_internal.dataset")
    put(session, own_run, visit=620, count=10)
    session.read_whole()
    since = "SELECT dataset_id FROM dataset WHERE created > now() - interval '1 hour'"
    assert len(session.rows(since)) >= 10
    assert "ix_dataset_created" in session.indexes()


BELIEVED = pytest.mark.parametrize("known", ["infinity", "2026-02-14"], ids=["now", "as of a time"])
OF_A_CAMERA = (
    "SELECT dataset_id FROM calibration WHERE collection = 'calib' AND camera = 'Cam'"
    " AND valid @> '2026-04-04 05:06'::timestamp AND known @> %s::timestamptz"
)


@BELIEVED
def test_the_calibrations_of_a_camera_at_a_moment_are_found_by_both_times(
    watched: Callable[..., Watched], known: str
) -> None:
    session = watched("butler")
    assert len(session.rows(OF_A_CAMERA, known)) == 20
    found_by = session.indexes()
    assert "ix_calibration_valid_known" in found_by
    assert "ex_calibration_valid" not in found_by


@BELIEVED
@pytest.mark.parametrize("sensor", ["", " AND dataset_type = 'flat' AND sensor = 7"], ids=["all", "one"])
def test_calibrations_of_a_moment(session: Watched, known: str, sensor: str) -> None:
    assert session.rows(OF_A_CAMERA + sensor, known)
    assert session.read_whole() == []


JOINED_TO_THE_SKY = [
    "SELECT d.*, a.uri FROM visit_tract_join AS j JOIN dataset AS d USING (camera, visit)"
    " JOIN artifact AS a USING (dataset_id)"
    " WHERE j.skymap = 'rings' AND j.tract = 5 AND d.dataset_type = 'image' AND d.run = 'r/1001'",
    "SELECT d.*, a.uri FROM visit_tract_join AS j JOIN dataset AS d USING (skymap, tract)"
    " JOIN artifact AS a USING (dataset_id)"
    " WHERE j.camera = 'Cam' AND j.visit = 17 AND d.dataset_type = 'coadd'",
]


@pytest.mark.parametrize("select", JOINED_TO_THE_SKY)
def test_joining_datasets_to_tracts_and_visits(session: Watched, select: str) -> None:
    assert session.rows(select)
    assert session.read_whole() == []


def test_joining_the_images_of_a_tract_s_visits(watched: Callable[..., Watched]) -> None:
    session = watched("butler")
    assert session.rows(
        "SELECT d.* FROM visit_tract_join AS j JOIN dataset AS d USING (camera, visit)"
        " WHERE j.skymap = 'rings' AND j.tract = 5 AND d.dataset_type = 'image'"
    )
    assert session.read_whole() == []


@pytest.mark.parametrize(
    ("select", "table"),
    [
        ("SELECT * FROM visit_tract_join WHERE camera = 'Cam' AND visit = 5", "visit_tract_overlap"),
        ("SELECT * FROM visit_tract_join WHERE skymap = 'rings' AND tract = 5", "visit_tract_overlap"),
        ("SELECT * FROM visit_patch_join WHERE camera = 'Cam' AND visit = 5", "visit_patch_overlap"),
        ("SELECT * FROM visit_patch_join WHERE skymap = 'rings' AND tract = 5", "visit_patch_overlap"),
        (
            "SELECT * FROM visit_patch_join WHERE skymap = 'rings' AND tract = 5 AND patch = 17",
            "visit_patch_overlap",
        ),
    ],
)
def test_a_join_of_a_visit_and_its_tracts_or_patches_touches_no_pair_of_sensors_and_patches(
    watched: Callable[..., Watched], select: str, table: str
) -> None:
    session = watched("butler")
    assert session.rows(select)
    assert session.tables() == {table}


def test_joining_the_patches_of_some_visits_touches_those_alone(watched: Callable[..., Watched]) -> None:
    """It was DISTINCT over all pairs of sensors and patches, into which no condition of a join gets."""
    session = watched("butler")
    assert session.rows(
        "SELECT j.* FROM visit AS v JOIN visit_patch_join AS j USING (camera, visit)"
        " WHERE v.visit_name IN ('visit-5', 'visit-6')"
    )
    assert session.read_whole() == []


def test_the_pairs_of_a_tract_s_sensors_are_read_from_the_index_alone(
    watched: Callable[..., Watched], database: Database
) -> None:
    database.connect("superuser").cursor().execute("VACUUM butler_internal.sensor_patch_overlap")
    session = watched("butler")
    assert session.rows("SELECT * FROM sensor_patch_join WHERE skymap = 'rings' AND tract = 5")
    assert session.scans("sensor_patch_overlap") == {"Index Only Scan"}


@pytest.fixture
def one_run(database: Database) -> None:
    """The survey with all datasets in one run, of which the planner then knows nothing."""
    with database.connect("superuser").cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "DELETE FROM butler_internal.dataset AS d USING butler_internal.dataset AS other"
            " WHERE other.dataset_type_id = d.dataset_type_id AND other.digest = d.digest"
            " AND other.dataset_id < d.dataset_id"
        )
        cursor.execute(
            "DELETE FROM butler_internal.artifact AS a"
            " WHERE NOT EXISTS (SELECT FROM butler_internal.dataset AS d WHERE d.dataset_id = a.dataset_id)"
        )
        cursor.execute(
            "DELETE FROM butler_internal.dataset_tag AS t"
            " WHERE NOT EXISTS (SELECT FROM butler_internal.dataset AS d WHERE d.dataset_id = t.dataset_id)"
        )
        cursor.execute("UPDATE butler_internal.dataset SET run_id = 1001")
        cursor.execute("VACUUM ANALYZE butler_internal.dataset, butler_internal.artifact")
        # A table so small is read as fast as it is looked into, unless pages in memory cost what they cost there.
        cursor.execute(f"ALTER DATABASE {database.name} SET random_page_cost = 1.1")


@pytest.mark.usefixtures("one_run")
def test_all_datasets_in_one_run(session: Watched) -> None:
    ((found,),) = find(session, ["r/1001"])
    find(session, ["r/1002", "r/1001"])
    session.rows("SELECT * FROM get_dataset(%s)", found)
    for data_id in ({"camera": "Cam", "visit": 17}, IMAGE):
        for find_first in (True, False):
            assert session.rows(
                "SELECT * FROM query_datasets('image', '{r/1002,r/1001}', %s, %s)", Json(data_id), find_first
            )
    for select in JOINED_TO_THE_SKY:
        assert session.rows(select)
    assert session.rows(
        "SELECT * FROM dataset WHERE dataset_type = 'image' AND run = 'r/1001' AND camera = 'Cam' AND visit = 17"
    )
    assert session.read_whole() == []


def test_an_index_that_is_read_whole_is_noticed(watched: Callable[..., Watched]) -> None:
    session = watched("butler", "postgres")
    session.rows("SET enable_seqscan = off")
    session.rows(
        "SELECT count(*) FROM butler_internal.dataset"
        " WHERE camera = 'Cam' AND visit = 17 AND state <> 'removed'"
    )
    (scan,) = session.read_whole()
    assert scan.startswith("ix_dataset_camera in: SELECT count")


@pytest.mark.usefixtures("many_removed")
def test_a_removed_dataset_that_is_read_is_noticed(watched: Callable[..., Watched]) -> None:
    session = watched("butler", "postgres")
    session.rows("DROP INDEX butler_internal.ix_dataset_camera")
    session.rows("CREATE INDEX of_all ON butler_internal.dataset (dataset_type_id, camera, visit)")
    session.rows("SELECT * FROM dataset WHERE dataset_type = 'image' AND camera = 'Cam' AND visit = 17")
    assert session.passed_over("dataset") == {"of_all": 400}


def test_an_index_that_is_lacking_is_noticed(watched: Callable[..., Watched]) -> None:
    session = watched("butler", "postgres")
    find(session, ["r/1002"])
    assert session.read_whole() == []
    session.rows("DROP INDEX butler_internal.uq_dataset_run_type_digest")
    session.rows("DROP INDEX butler_internal.ix_dataset_camera")
    find(session, ["r/1002"])
    (scan,) = session.read_whole()
    assert scan.startswith("dataset in: SELECT d.dataset_id")
