"""Who did what is a row: by whatever function, by whoever, and none for what wasn't done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg2
import pytest
from contract.test_recording import FUNCTIONS, TOLD_OTHERWISE

from butler.registry.postgres.engine import one_transaction
from butler.schema.install import create_layer
from butler.schema.installation import prune_activity, set_trash_delay
from butler.schema.migrations import grant
from butler.testing.postgres import TemporaryServer
from db.bulk import load, row
from db.session import Json, Session, refused
from db.world import camera, contents, dataset, square

NEWEST = """
    SELECT operation, actor, affected, collections, subject, reason FROM butler.activity
    WHERE activity_id > %s ORDER BY activity_id
"""
LAST = "SELECT coalesce(max(activity_id), 0) FROM butler.activity"


@pytest.fixture
def server_login(butler_server: TemporaryServer, database: Any) -> Iterator[str]:
    """A writer of the name of a person."""
    administrator = Session(database.connect("superuser"))
    administrator.rows("CREATE ROLE mallory LOGIN IN ROLE butler_writer")
    yield "mallory"
    administrator.rows("DROP ROLE mallory")


@pytest.fixture
def mallory(server_login: str, butler_server: TemporaryServer, database: Any) -> Iterator[Session]:
    """Another than who made what is in the observatory."""
    connection = psycopg2.connect(butler_server.dsn(database.name, server_login))
    connection.autocommit = True
    yield Session(connection)
    connection.close()


def done(own: Session, since: int) -> list[tuple[Any, ...]]:
    return own.rows(NEWEST, since)


def registered(
    session: Session, *given: dict[str, Any], run: str = "r/one", quantum: UUID | None = None
) -> list[str]:
    session.call("put", run, list(given), quantum)
    return [each["dataset_id"] for each in given]


def lost(session: Session, dataset_id: str) -> None:
    session.rows(
        "SELECT butler.mark_lost('main', %s)",
        Json([{"dataset_id": dataset_id, "component": "", "fault": "missing"}]),
    )


def found(session: Session, given: dict[str, Any]) -> None:
    (one,) = given["artifacts"]
    session.rows(
        "SELECT butler.mark_found('main', %s)",
        Json([{"dataset_id": given["dataset_id"], "size": one["size"], "sha256": one["sha256"]}]),
    )


NOTE, OTHER = dataset("note", {"label": "twilight"}), dataset("census", {})
IDS = [NOTE["dataset_id"], OTHER["dataset_id"]]


def begun(session: Session) -> UUID:
    quantum: UUID = session.scalar("SELECT butler.begin_quantum('r/one', 'isr')")
    return quantum


def trashed(session: Session) -> list[tuple[Any, ...]]:
    registered(session, NOTE, OTHER)
    return session.rows("SELECT butler.remove(%s::uuid[])", IDS)


Prepare = Callable[[Session, Session], Any]
"""What the writer, or the owner, does before."""
Deed = Callable[[Session, Any], Any]
"""What another does then, with what came of that."""


def nothing(_write: Session, _own: Session) -> None:
    return None


def both(write: Session, _own: Session) -> list[str]:
    return registered(write, NOTE, OTHER)


DEEDS: dict[str, tuple[Prepare, Deed, tuple[Any, ...]]] = {
    "associate": (
        both,
        lambda s, ids: s.rows("SELECT butler.associate('best', %s::uuid[])", ids),
        (2, ["best"], {}, None),
    ),
    "disassociate": (
        lambda w, _: w.rows("SELECT butler.associate('best', %s::uuid[])", registered(w, NOTE, OTHER)),
        lambda s, _: s.rows("SELECT butler.disassociate('best', %s::uuid[])", IDS[:1]),
        (1, ["best"], {}, None),
    ),
    "set_chain": (
        lambda w, _: w.call("set_chain", "all", ["r/one", "best"]),
        lambda s, _: s.rows("SELECT butler.set_chain('all', '{}')"),
        (2, ["all"], {"members": 0, "members_before": 2}, None),
    ),
    "freeze_collection": (
        nothing,
        lambda s, _: s.call("freeze_collection", "best"),
        (1, ["best"], {"frozen": True}, None),
    ),
    "register_collection": (
        nothing,
        lambda s, _: s.call("register_collection", "u/mallory", "run"),
        (1, ["u/mallory"], {"collection_type": "run"}, None),
    ),
    "remove_collection": (
        lambda w, _: registered(w, NOTE),
        lambda s, _: s.rows("SELECT butler.remove_collection('r/one', true, 'I don''t like it')"),
        (2, ["r/one"], {"datasets": 1, "kept": 0}, "I don't like it"),
    ),
    "remove": (
        both,
        lambda s, ids: s.rows("SELECT butler.remove(%s::uuid[], E'a\nb')", ids),
        (2, ["r/one"], {"force": False}, "a b"),
    ),
    "unstore": (
        both,
        lambda s, ids: s.rows("SELECT butler.unstore(%s::uuid[], 'full', true)", ids),
        (2, ["r/one"], {"force": True}, "full"),
    ),
    "restore": (
        lambda w, _: trashed(w),
        lambda s, _: s.rows("SELECT butler.restore(%s::uuid[])", IDS),
        (2, ["r/one"], {}, None),
    ),
    "claim_trash": (
        lambda w, o: (trashed(w), o.rows("UPDATE butler_common.installation SET trash_delay = '0'")),
        lambda s, _: s.table("claim_trash", "main"),
        (2, ["r/one"], {"datastore": "main"}, None),
    ),
    "drop_trash": (
        lambda w, o: (trashed(w), o.table("claim_trash", "main", "0")),
        lambda s, _: s.rows("SELECT butler.drop_trash('main', %s::uuid[])", IDS),
        (2, ["r/one"], {"datastore": "main"}, None),
    ),
    "hold_run": (
        nothing,
        lambda s, _: s.rows("SELECT butler.hold_run('r/one', 'tomorrow', 'import')"),
        (1, ["r/one"], None, "import"),
    ),
    "release_run": (
        nothing,
        lambda s, _: (s.rows("SELECT butler.hold_run('r/one', 'tomorrow')"), s.call("release_run", "r/one")),
        (1, ["r/one"], {}, None),
    ),
    "put": (nothing, lambda s, _: registered(s, NOTE, OTHER), (2, ["r/one"], {}, None)),
    "merge_datasets": (
        nothing,
        lambda s, _: load(s, row(1, 1), row(2, 2)),
        (2, ["r/one"], {"dataset_type": "bias", "datastore": "main"}, None),
    ),
    "register_dataset_type": (
        nothing,
        lambda s, _: s.call("register_dataset_type", "odd", "Dict", ["visit"]),
        (1, [], {"dataset_type": "odd"}, None),
    ),
    "register_datastore": (
        nothing,
        lambda s, _: s.call("register_datastore", "mine", "file:///mine/"),
        (1, [], {"datastore": "mine", "root": "file:///mine/"}, None),
    ),
    "register_units": (
        nothing,
        lambda s, _: s.call(
            "register_units", "visit", [{"camera": "Cam", "visit": 2, "exposure_time": 1}], True
        ),
        (
            1,
            [],
            {"unit": "visit", "new": 0, "changed": 1, "some_changed": [{"camera": "Cam", "visit": 2}]},
            None,
        ),
    ),
    "register_camera": (
        nothing,
        lambda s, _: s.call("register_camera", {**camera("Spec"), "doc": "mine"}, True),
        (1, [], {"camera": "Spec", "replace": True}, None),
    ),
    "register_skymap": (
        nothing,
        lambda s, _: s.call(
            "register_skymap", {"skymap": "one", "tracts": [{"tract": 0, "region": square(10, 0)}]}
        ),
        (2, [], {"skymap": "one", "replace": False}, None),
    ),
    "begin_quantum": (nothing, lambda s, _: begun(s), (1, ["r/one"], None, None)),
    "predict_inputs": (
        lambda w, _: (registered(w, NOTE), begun(w))[1],
        lambda s, q: s.rows("SELECT butler.predict_inputs(%s, %s::uuid[])", q, IDS[:1]),
        (1, ["r/one"], None, None),
    ),
    "end_quantum": (
        lambda w, _: begun(w),
        lambda s, q: s.rows("SELECT butler.end_quantum(%s, 'failed')", q),
        (1, ["r/one"], None, None),
    ),
    "end_dead_quanta": (
        lambda w, _: begun(w),
        lambda s, q: s.rows("SELECT butler.end_dead_quanta(%s, 'gone')", [q]),
        (1, ["r/one"], None, "gone"),
    ),
    "set_run_environment": (
        lambda w, _: registered(w, NOTE)[0],
        lambda s, one: s.call("set_run_environment", "r/one", one),
        (1, ["r/one"], {"dataset_id": NOTE["dataset_id"]}, None),
    ),
    "mark_lost": (
        both,
        lambda s, ids: lost(s, ids[0]),
        (1, ["r/one"], {"datastore": "main"}, None),
    ),
    "mark_found": (
        lambda w, _: lost(w, registered(w, NOTE)[0]),
        lambda s, _: found(s, NOTE),
        (1, ["r/one"], {"datastore": "main"}, None),
    ),
    "claim_loose_files": (
        nothing,
        lambda s, _: s.rows(
            "SELECT butler.claim_loose_files('main', ARRAY['x_' || replace(gen_random_uuid()::text, '-', '') || '.json'],"
            " ARRAY[timestamptz '2000-01-01'])"
        ),
        (1, [], {"datastore": "main"}, None),
    ),
    "recompute_storage_use": (
        lambda w, o: (registered(w, NOTE), o.rows("DELETE FROM butler_internal.storage_change")),
        lambda s, _: (s.call("recompute_storage_use"), s.call("recompute_storage_use")),
        (2, [], {}, None),  # the dataset's count and its artifact's; the second time all is well
    ),
    "recompute_overlap": (
        lambda _, o: o.rows(
            "DELETE FROM butler_internal.sensor_patch_overlap WHERE (observed_sensor_id, patch_id) IN"
            " (SELECT min(observed_sensor_id), min(patch_id) FROM butler_internal.sensor_patch_overlap)"
            " RETURNING observed_sensor_id"
        ),
        lambda s, of: s.rows("SELECT butler.recompute_overlap(%s)", [n for (n,) in of]),
        (1, [], None, None),
    ),
    "recompute_visit_overlap": (
        lambda _, o: o.rows("DELETE FROM butler_internal.visit_tract_overlap"),
        lambda s, _: s.rows("SELECT butler.recompute_visit_overlap('Cam', '{1}')"),
        (1, [], {"camera": "Cam", "visits": [1]}, None),
    ),
    "recompute_visit_regions": (
        lambda _, o: o.rows(
            "UPDATE butler_internal.visit SET region = NULL WHERE camera = 'Cam' AND visit = 1"
        ),
        lambda s, _: s.rows("SELECT butler.recompute_visit_regions('Cam', '{1}')"),
        (1, [], {"camera": "Cam", "visits": [1]}, None),
    ),
    "set_verified": (
        nothing,
        lambda s, _: s.rows("SELECT butler.set_verified('main', NULL, NULL)"),
        (1, [], {"datastore": "main", "dataset_id": None, "component": ""}, None),
    ),
}
"""What leaves a row, and which: how many, collections, subject if it is always the same, reason."""


@pytest.mark.parametrize("operation", DEEDS)
def test_what_another_did_is_on_record(
    operation: str, write: Session, own: Session, mallory: Session
) -> None:
    prepare, deed, (affected, collections, subject, reason) = DEEDS[operation]
    prepared = prepare(write, own)
    before = own.scalar(LAST)
    deed(mallory, prepared)
    *_, (name, actor, count, concerned, told, why) = done(own, before)
    assert (name, actor, count, concerned, why) == (operation, "mallory", affected, collections, reason)
    assert told == subject or subject is None


def test_every_function_that_records_is_tried(still: dict[str, Session]) -> None:
    functions = {name for name, _ in still["owner"].rows(FUNCTIONS)}
    assert functions - TOLD_OTHERWISE.keys() == DEEDS.keys()


def test_one_call_is_one_row_however_many_it_concerns(write: Session, own: Session) -> None:
    ids = registered(
        write, *(dataset("raw", {"camera": "Cam", "visit": v, "sensor": s}) for v in (1, 2) for s in (1, 2))
    )
    before = own.scalar(LAST)
    write.rows("SELECT butler.associate('best', %s::uuid[])", ids)
    assert [each[:3] for each in done(own, before)] == [("associate", "butler_writer", 4)]


def test_one_s_own_run_and_quantum_tell_by_themselves(write: Session, own: Session) -> None:
    before = own.scalar(LAST)
    quantum = begun(write)
    (one,) = registered(write, NOTE, quantum=quantum)
    write.rows("SELECT butler.predict_inputs(%s, %s::uuid[])", quantum, [one])
    write.rows("SELECT butler.end_quantum(%s, 'done')", quantum)
    assert done(own, before) == []
    assert own.rows("SELECT begun_by, status FROM butler.quantum") == [("butler_writer", "done")]


@pytest.mark.parametrize(
    "call",
    [
        "butler.register_collection('best', 'tagged')",
        "butler.register_dataset_type('census', 'Dict', '{}')",
        "butler.register_datastore('main', 'file:///data/')",
        "butler.register_units('label', '[{\"label\": \"twilight\"}]')",
        "butler.associate('best', '{}')",
        "butler.disassociate('best', '{}')",
        "butler.set_chain('all', '{}')",
        "butler.release_run('r/one')",
        "butler.remove_collection('best', p_dry_run => true)",
        "butler.remove(ARRAY[%s]::uuid[], p_dry_run => true)",
        "butler.unstore(ARRAY[%s]::uuid[], p_dry_run => true)",
        "butler.restore(ARRAY[%s]::uuid[])",
        "butler.claim_trash('main')",
        "butler.recompute_overlap(ARRAY(SELECT n::bigint FROM generate_series(1, 100) AS n))",
        "butler.recompute_visit_overlap('Cam', '{1,2,3}')",
        "butler.recompute_visit_regions('Cam', '{1,2,3}')",
    ],
)
def test_what_changes_nothing_leaves_no_row(write: Session, own: Session, call: str) -> None:
    (one,) = registered(write, NOTE)
    before = own.scalar(LAST)
    write.rows(f"SELECT {call}", *([one] if "%s" in call else []))
    assert done(own, before) == []


def test_how_far_a_verify_has_come_is_on_record_at_its_end_and_where_another_goes_on(
    write: Session, mallory: Session, own: Session
) -> None:
    (one,), before = registered(write, NOTE), own.scalar(LAST)
    for session, place in ((write, one), (write, one), (mallory, one), (mallory, one), (mallory, None)):
        session.rows("SELECT butler.set_verified('main', %s, '')", place)
    assert [(name, actor, subject["dataset_id"]) for name, actor, _, _, subject, _ in done(own, before)] == [
        ("set_verified", "butler_writer", one),
        ("set_verified", "mallory", one),
        ("set_verified", "mallory", None),
    ]


def test_what_is_rolled_back_or_refused_has_left_none(write: Session, own: Session) -> None:
    ids, before = registered(write, NOTE), own.scalar(LAST)
    with refused("22012"), write.transaction():
        write.rows("SELECT butler.remove(%s::uuid[])", ids)
        write.rows("SELECT 1 / 0")
    write.rows("SELECT butler.freeze_collection('best')")
    with refused("UB401"):
        write.rows("SELECT butler.associate('best', %s::uuid[])", ids)
    assert [operation for operation, *_ in done(own, before)] == ["freeze_collection"]


def test_a_put_into_another_s_run_again_is_on_record_once(mallory: Session, own: Session) -> None:
    before = own.scalar(LAST)
    registered(mallory, NOTE)
    registered(mallory, NOTE, OTHER)
    assert [each[:3] for each in done(own, before)] == [("put", "mallory", 1), ("put", "mallory", 1)]


# From where ---------------------------------------------------------------------------


def where(own: Session) -> tuple[Any, ...]:
    (found_,) = own.rows(
        "SELECT actor, login, client_address, told_application, told_host FROM butler.activity"
        " ORDER BY activity_id DESC LIMIT 1"
    )
    return found_


def test_a_role_that_was_set_is_told_beside_the_login(database: Any, own: Session, mallory: Session) -> None:
    service = Session(database.connect("superuser"))
    login = service.scalar("SELECT session_user")
    service.rows("SET ROLE mallory")
    service.call("freeze_collection", "best")
    service.rows("RESET ROLE")
    assert where(own)[:2] == ("mallory", login)
    mallory.call("freeze_collection", "best", False)
    assert where(own)[:2] == ("mallory", "mallory")


def test_what_all_writers_may_become_is_nobody_s_own(mallory: Session, write: Session, own: Session) -> None:
    quantum, before = begun(write), own.scalar(LAST)
    mallory.rows("SET ROLE butler_writer")
    registered(mallory, NOTE)
    mallory.rows("SELECT butler.end_quantum(%s, 'failed')", quantum)
    assert own.rows(
        "SELECT operation, actor, login FROM butler.activity WHERE activity_id > %s ORDER BY activity_id",
        before,
    ) == [("put", "butler_writer", "mallory"), ("end_quantum", "butler_writer", "mallory")]


def test_whom_a_service_serves_has_runs_of_his_own(database: Any, server_login: str, own: Session) -> None:
    service = Session(database.connect("superuser"))
    service.rows(f"SET ROLE {server_login}")
    service.call("register_collection", "u/mallory", "run")
    before = own.scalar(LAST)
    registered(service, NOTE, run="u/mallory")
    assert done(own, before) == []


@pytest.mark.parametrize(
    ("told", "application", "host"),
    [
        ("psql", "psql", None),
        ("butler@node17.example.org", "butler", "node17.example.org"),
        ("@node17", None, "node17"),
        ("", None, None),
        ("a@b c", "a@b c", None),
    ],
)
def test_what_a_client_tells_of_itself_is_kept_as_that(
    write: Session, own: Session, told: str, application: str | None, host: str | None
) -> None:
    write.rows("SELECT set_config('application_name', %s, false)", told)
    write.call("freeze_collection", "best")
    assert where(own)[3:] == (application, host)


@pytest.mark.parametrize(
    "told", ["x\n2026 root did it\x1b[2J", "@" * 1_000_000, "é" * 1000, "a@" + "h" * 1000]
)
def test_a_client_can_t_tell_lines_commands_or_megabytes(write: Session, own: Session, told: str) -> None:
    write.rows("SELECT set_config('application_name', %s, false)", told)
    write.call("register_collection", "u/liar", "run")
    for text in (*where(own)[3:], own.scalar("SELECT host FROM butler.run WHERE run = 'u/liar'")):
        assert text is None or (len(text) < 64 and text.isascii() and text.isprintable())


def test_a_reason_is_one_line_of_a_thousand_characters(write: Session, own: Session) -> None:
    reason = "wrong\r\n\x1b[2Jflat " + "é" * 1_000_000
    write.rows("SELECT butler.remove(%s::uuid[], %s)", registered(write, NOTE), reason)
    told = own.scalar("SELECT reason FROM butler.activity WHERE operation = 'remove'")
    assert told == ("wrong [2Jflat " + "é" * 1000)[:1000]


def test_a_run_has_the_host_that_its_maker_told(write: Session, own: Session) -> None:
    write.rows("SET application_name = 'nightly@node17'")
    write.call("register_collection", "u/told", "run")
    quantum = write.scalar("SELECT butler.begin_quantum('u/told', 'isr')")
    said = write.scalar(
        "SELECT butler.begin_quantum('u/told', 'isr', p_process => %s)", Json({"host": "node18"})
    )
    assert own.scalar("SELECT host FROM butler.run WHERE run = 'u/told'") == "node17"
    assert own.rows("SELECT quantum_id, host FROM butler.quantum ORDER BY started") == [
        (quantum, "node17"),
        (said, "node18"),
    ]


# Who may ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "attempt",
    [
        "INSERT INTO {} (at, actor, operation, affected) VALUES (now(), 'x', 'remove', 1)",
        "UPDATE {} SET actor = 'x'",
        "DELETE FROM {}",
        "TRUNCATE ONLY {}",
    ],
)
@pytest.mark.parametrize("relation", ["butler.activity", "butler_internal.activity"])
def test_a_writer_can_t_write_it_himself(mallory: Session, own: Session, attempt: str, relation: str) -> None:
    before = own.rows("SELECT * FROM butler.activity")
    with refused("42809" if attempt.startswith("TRUNCATE") and relation == "butler.activity" else "42501"):
        mallory.rows(attempt.format(relation))
    assert own.rows("SELECT * FROM butler.activity") == before != []


@pytest.mark.parametrize(
    "attempt",
    [
        "SELECT butler_internal.record('remove', 1)",
        "SELECT butler_internal.prune_activity('0')",
        "SELECT nextval('butler_common.activity_id')",
    ],
)
def test_a_writer_can_t_call_what_does(mallory: Session, attempt: str) -> None:
    with refused("42501"):
        mallory.rows(attempt)


def test_a_reader_reads_it(read: Session) -> None:
    assert read.scalar("SELECT count(*) FROM butler.activity WHERE 'best' = ANY (collections)") == 1


def test_a_layer_shows_what_was_done_in_it_and_under_it(
    database: Any, write: Session, own: Session, mallory: Session
) -> None:
    with one_transaction(database.dsn("owner")) as connection:
        create_layer(connection, "mydb", "butler")
    before = own.scalar(LAST)
    mallory.rows("SELECT mydb.register_collection('u/mallory', 'tagged')")
    write.call("freeze_collection", "best")
    assert [each[:2] for each in done(own, before)] == [("freeze_collection", "butler_writer")]
    assert own.rows(
        "SELECT operation, actor, collections FROM mydb.activity WHERE activity_id > %s ORDER BY at", before
    ) == [
        ("register_collection", "mallory", ["u/mallory"]),
        ("freeze_collection", "butler_writer", ["best"]),
    ]
    assert own.rows("SELECT actor, subject FROM butler.activity WHERE operation = 'create_layer'") == [
        ("butler_owner", {"layer": "mydb", "base": "butler"})
    ]


# Operators ------------------------------------------------------------------------------


def test_what_operators_do_is_on_record_too(database: Any, own: Session) -> None:
    before = own.scalar(LAST)
    with one_transaction(database.dsn("owner")) as connection:
        set_trash_delay(connection, "3 days")
        grant(connection)
    own.rows("SELECT butler_common.relocate_datastore('main', 'file:///elsewhere/')")
    assert [(each[0], each[1], each[4]) for each in done(own, before)] == [
        ("set_trash_delay", "butler_owner", {"trash_delay": "3 days"}),
        ("grant", "butler_owner", {"registries": ["butler"]}),
        (
            "relocate_datastore",
            "butler_owner",
            {"datastore": "main", "root": "file:///elsewhere/", "root_before": "file:///data/"},
        ),
    ]


def test_what_is_older_is_forgotten_and_that_is_on_record(database: Any, own: Session) -> None:
    own.rows(
        "UPDATE butler_internal.activity SET at = at - interval '400 days' WHERE operation LIKE 'register\\_%%'"
        " AND operation <> 'register_collection'",
    )
    old = own.scalar("SELECT count(*) FROM butler.activity WHERE at < now() - interval '1 year'")
    assert old > 5
    there = contents(own)
    with one_transaction(database.dsn("owner")) as connection:
        create_layer(connection, "mydb", "butler")
        assert prune_activity(connection, timedelta(days=365), dry_run=True) == old
    assert contents(own)["butler_internal.activity"] == there["butler_internal.activity"] + 1
    with one_transaction(database.dsn("owner")) as connection:
        assert prune_activity(connection, timedelta(days=365)) == old
        assert prune_activity(connection, timedelta(days=365)) == 0
    assert contents(own)["butler_internal.activity"] == there["butler_internal.activity"] + 2 - old
    (last,) = own.rows(
        "SELECT operation, actor, affected FROM butler.activity ORDER BY activity_id DESC LIMIT 1"
    )
    assert last == ("prune_activity", "butler_owner", old)


@pytest.mark.parametrize("age", [None, "-1 day", "999999999 days"])
def test_nothing_is_older_than_what_is_no_age(own: Session, age: str | None) -> None:
    with refused("UB301", "can't be older than|999999999 days", "365 days"):
        own.rows("SELECT butler_internal.prune_activity(%s)", age)
