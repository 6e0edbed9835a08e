"""Loading many datasets by COPY into a staging table that is the owner's."""

from __future__ import annotations

import hashlib
from typing import Any

import psycopg2.extensions

from butler.values import new_dataset_id
from db.bulk import load, row, stage_and_merge
from db.session import Session, refused
from db.world import contents, put


def test_rows_become_datasets_and_rows_of_one_id_its_artifacts(write: Session) -> None:
    twice = new_dataset_id()
    load(write, row(1, 1), row(2, 2, dataset_id=twice), row(3, 2, dataset_id=twice, component="mask"))
    assert write.rows(
        "SELECT sensor, count(*) FROM butler.dataset JOIN butler.artifact USING (dataset_id) GROUP BY 1 ORDER BY 1"
    ) == [(1, 1), (2, 2)]


def test_all_bad_rows_are_named_at_once_and_nothing_is_kept(write: Session, own: Session) -> None:
    put(write, "bias", {"camera": "Cam", "sensor": 3})
    before = contents(own)
    with refused("UB104", "^6 rows are wrong: ") as caught:
        load(
            write,
            row(1, 1),
            row(2, 9),
            row(3, None),
            row(4, 1),
            row(5, 3),
            row(6, 2, path=None),
            row(7, 1, camera="Nobody"),
        )
    detail = caught.value.diag.message_detail
    for number, said in [
        (2, "camera Cam has no sensor 9"),
        (3, "the data ID has camera"),
        (5, "run r/one has it already"),
        (6, "is missing"),
        (7, "no camera 'Nobody'"),
    ]:
        assert f'"row": {number}' in detail
        assert said in detail
    assert "given twice" in detail
    assert contents(own) == before


def test_what_exists_is_passed_over_if_asked(write: Session) -> None:
    other = "\\x" + hashlib.sha256(b"other").hexdigest()
    there = new_dataset_id()
    assert load(write, row(1, 1, dataset_id=there)) == []
    assert load(write, row(1, 1), row(2, 2), skip=True) == [
        {"row_number": 1, "existing": there, "same_bytes": True}
    ]
    assert load(write, row(1, 1, sha256=other), skip=True)[0]["same_bytes"] is False
    assert load(write, row(1, 1, size=2), skip=True)[0]["same_bytes"] is False
    assert write.rows("SELECT sensor, dataset_id = %s FROM butler.dataset ORDER BY 1", there) == [
        (1, True),
        (2, False),
    ]


def test_an_artifact_that_breaks_a_rule_is_refused_in_words(write: Session, own: Session) -> None:
    before = contents(own)
    broken: list[tuple[dict[str, Any], str, str]] = [
        ({"path": "../x"}, "UB305", "'../x' is no path of an artifact"),
        ({"component": "a" * 256}, "UB305", "is no name of a component"),
        ({"formatter": ""}, "UB305", "'' is no name of a formatter"),
        ({"formatter": "f" * 300}, "UB305", "'f{100}' is no name of a formatter"),
        ({"size": -1}, "UB301", "size = -1"),
        ({"sha256": "\\x00"}, "UB301", "sha256 = E'"),
    ]
    for changes, code, message in broken:
        with refused(code, message):
            load(write, row(1, 1, **changes))
    with refused("23505", constraint="pk_artifact"):
        same = new_dataset_id()
        load(write, row(1, 1, dataset_id=same), row(2, 1, dataset_id=same))
    assert contents(own) == before


def test_one_transaction_may_load_several_types(write: Session) -> None:
    with write.transaction():
        stage_and_merge(write, row(1, 1), run="r/one", dataset_type="bias")
        write.call("register_dataset_type", "dark", "Dict", ["sensor"])
        stage_and_merge(write, row(1, 1), run="r/one", dataset_type="dark")
    assert write.column("SELECT dataset_type FROM butler.dataset ORDER BY 1") == ["bias", "dark"]


def test_a_second_stage_before_the_first_is_merged_is_refused(write: Session) -> None:
    with refused("UB202", "butler_stage_dataset already", "Merge"), write.transaction():
        write.call("stage_datasets")
        write.call("stage_datasets")
    with write.transaction():
        write.call("stage_datasets")
    with refused("UB301", "no staging table", "stage_datasets"):
        write.call("merge_datasets", "r/one", "bias", "main")


def test_a_load_into_a_frozen_run_or_unknown_store_is_refused(write: Session, own: Session) -> None:
    write.call("freeze_collection", "r/one")
    before = contents(own)
    with refused("UB401", "frozen"):
        load(write, row(1, 1))
    with refused("UB202", "tagged collection, not a run"):
        load(write, row(1, 1), run="best")
    with refused("UB102", "'bais'", "bias"):
        load(write, row(1, 1), run="r/two", dataset_type="bais")
    with refused("UB301", "'elsewhere'"), write.transaction():
        write.call("stage_datasets")
        write.call("merge_datasets", "r/two", "bias", "elsewhere")
    assert contents(own) == before


def test_a_load_makes_its_run_unless_it_is_refused(write: Session) -> None:
    made = "SELECT count(*) FROM butler.run WHERE run = 'r/new'"
    with refused("UB104", "no sensor 9"):
        load(write, row(1, 9), run="r/new")
    assert write.scalar(made) == 0
    load(write, row(1, 1), run="r/new")
    assert write.scalar(made) == 1


def test_the_stage_can_be_filled_and_nothing_else(write: Session) -> None:
    for attempt in (
        "SELECT FROM pg_temp.butler_stage_dataset",
        "UPDATE pg_temp.butler_stage_dataset SET path = 'x'",
        "DELETE FROM pg_temp.butler_stage_dataset",
        "DROP TABLE pg_temp.butler_stage_dataset",
        "ALTER TABLE pg_temp.butler_stage_dataset ADD COLUMN x integer",
        "CREATE TRIGGER x BEFORE INSERT ON pg_temp.butler_stage_dataset FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE RULE x AS ON INSERT TO pg_temp.butler_stage_dataset DO ALSO SELECT 1",
    ):
        with refused("42501"), write.transaction():
            write.call("stage_datasets")
            write.rows(attempt)


def test_a_caller_s_own_table_of_that_name_is_never_read(database: Any) -> None:
    """Its columns could be expressions, its type a view over what the caller may not see."""
    administrator = Session(database.connect("superuser"))
    administrator.rows(f"GRANT TEMPORARY ON DATABASE {database.name} TO butler_writer")
    for made in (
        "CREATE TEMPORARY TABLE butler_stage_dataset (row_number integer)",
        "CREATE TEMPORARY VIEW butler_stage_dataset AS SELECT 1 AS row_number",
    ):
        connection: psycopg2.extensions.connection = database.connect("writer")
        writer = Session(connection)
        writer.rows(made)
        with refused("UB202", "already", "one of your own"):
            writer.call("stage_datasets")
        with refused("UB301", "no staging table"):
            writer.call("merge_datasets", "r/one", "bias", "main")
        connection.close()


def test_a_reader_stages_nothing(read: Session) -> None:
    with refused("42501"):
        read.call("stage_datasets")


def test_an_id_with_two_data_ids_is_refused(write: Session, own: Session) -> None:
    before = contents(own)
    twin = new_dataset_id()
    with refused("UB301", "two data IDs"):
        load(write, row(1, 1, dataset_id=twin), row(2, 2, dataset_id=twin, component="x"))
    assert contents(own) == before


def test_an_id_that_another_dataset_has_is_refused(write: Session) -> None:
    (taken,) = put(write, "bias", {"camera": "Cam", "sensor": 3})
    with refused("UB201", f"dataset id {taken} is taken", "new id"):
        load(write, row(1, 1, dataset_id=taken))


def test_a_load_under_another_isolation_level_is_refused(write: Session) -> None:
    with refused("UB601", "read committed"), write.transaction("REPEATABLE READ"):
        stage_and_merge(write, row(1, 1), run="r/one", dataset_type="bias")


def test_a_data_id_given_twice_is_refused_also_where_what_exists_is_passed_over(
    write: Session, own: Session
) -> None:
    load(write, row(1, 1))
    before = contents(own)
    for sensor in (1, 2):
        with refused("UB201", "given twice"):
            load(write, row(1, sensor), row(2, 3), row(3, sensor), skip=True)
    twin = new_dataset_id()
    with refused("UB301", "two data IDs"):
        load(write, row(1, 1, dataset_id=twin), row(2, 2, dataset_id=twin, component="x"), skip=True)
    with refused("UB301", "missing"):
        load(write, row(1, 1, path=None), skip=True)
    assert contents(own) == before


def test_the_same_load_again_is_what_exists(write: Session, own: Session) -> None:
    rows = [row(number, number) for number in (1, 2)]
    load(write, *rows)
    before = contents(own)
    assert load(write, *rows, skip=True) == [
        {"row_number": one["row_number"], "existing": one["dataset_id"], "same_bytes": True} for one in rows
    ]
    assert contents(own) == before


def test_what_a_run_reads_is_not_loaded_into_it(write: Session, own: Session) -> None:
    load(write, row(1, 1), row(2, 2), run="r/two")
    read = write.column("SELECT dataset_id FROM butler.dataset WHERE run = 'r/two' AND sensor = 1")
    write.call("associate", "r/one", read)
    before = contents(own)
    with refused("UB201", "as an input", "another run"):
        load(write, row(1, 3), row(2, 1))
    assert contents(own) == before
    assert load(write, row(1, 3), row(2, 2)) == []
