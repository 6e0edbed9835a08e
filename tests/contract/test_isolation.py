"""What waits for another session looks afterwards, in a snapshot that has what the other committed."""

from __future__ import annotations

import re

import pytest
from db.session import Session, refused

from contract.test_locks import CALLED, OBJECTS, called, code

REQUIRES = re.compile(r"PERFORM butler_common\.require_read_committed\('")
# An advisory lock, or that of a row: whoever takes it may have waited for whoever had it.
WAITS = re.compile(
    r"\bpg_(?:try_)?advisory\w*lock|\bFOR (?:NO KEY )?UPDATE\b|\bFOR (?:KEY )?SHARE\b|\bLOCK TABLE\b"
    r"|\bON CONFLICT\b|\bUPDATE (?:butler_internal|butler_common|%I|%s)\.|\bDELETE FROM butler_"
)
FUNCTIONS = {name: code(obj) for name, obj in OBJECTS.items() if obj.object_type == "function"}
WAITING = sorted(name for name, sql in FUNCTIONS.items() if WAITS.search(sql))
CALLERS = {
    name: {
        other
        for other, sql in FUNCTIONS.items()
        if other != name and name in {called(match) for match in CALLED.finditer(sql)}
    }
    for name in FUNCTIONS
}


def refuses(name: str) -> bool:
    """Whether another level is refused before it waits, by itself or by all that call it."""
    sql = FUNCTIONS[name]
    required, waits = REQUIRES.search(sql), WAITS.search(sql)
    if required:
        return waits is None or required.start() < waits.start()
    # A function of the contract is called by anybody, a trigger's by whoever writes into its table.
    helper = not name.startswith("butler.") and "RETURNS trigger" not in sql
    return helper and bool(CALLERS[name]) and all(map(refuses, CALLERS[name]))


@pytest.mark.parametrize("name", WAITING)
def test_a_function_that_takes_a_lock_refuses_other_isolation_levels_first(name: str) -> None:
    assert refuses(name)


def test_locks_of_every_kind_are_seen() -> None:
    assert {
        "butler.claim_trash",  # FOR NO KEY UPDATE
        "butler.freeze_collection",  # advisory
        "butler.register_collection",  # ON CONFLICT
        "butler.set_run_environment",  # UPDATE
        "butler.release_run",  # DELETE
        "butler_common.compose_references",  # FOR KEY SHARE, in a text
        "butler_common.relocate_datastore",  # FOR UPDATE, in a text
        "butler_internal.merge_units",
        "butler_internal.refuse_deleted_file",
        "butler_internal.stamp",
    } <= set(WAITING)
    assert CALLERS["butler_internal.stamp"] >= {"butler.associate", "butler.set_chain"}
    assert CALLERS["butler_common.compose_references"] == {"butler_common.make_reference_checks"}
    assert CALLERS["butler_internal.make_camera_view"] == {"butler.register_camera"}


EXCLUSIVE = "pg_advisory_xact_lock(butler_common.lock_class('collection')"
STAMPS = re.compile(r"\bstamp(?:_collections)?\(|\bbutler_common\.time_after\(")


def stamps(name: str) -> bool:
    """Whether it leaves a time in the collection's row, by itself or by all that call it."""
    return bool(STAMPS.search(FUNCTIONS[name])) or (
        not name.startswith("butler.") and bool(CALLERS[name]) and all(map(stamps, CALLERS[name]))
    )


def test_whoever_has_a_collection_alone_leaves_the_time_which_later_puts_are_dated_after() -> None:
    alone = {name for name, sql in FUNCTIONS.items() if EXCLUSIVE in sql}
    assert {"butler.freeze_collection", "butler_internal.hold_datasets", "butler.restore"} <= alone
    assert [name for name in sorted(alone) if not stamps(name)] == []


WRITING = (
    "SELECT p.oid::regproc::text, ARRAY(SELECT format('NULL::%s', format_type(t, NULL))"
    " FROM unnest(p.proargtypes) AS t) FROM pg_proc AS p"
    " WHERE p.pronamespace = 'butler'::regnamespace AND p.provolatile = 'v'"
)


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_whatever_writes_says_under_which_level_it_does(still: dict[str, Session], level: str) -> None:
    """But for what takes no lock: the making of a staging table."""
    write = still["writer"]
    functions = dict(still["owner"].rows(WRITING))
    assert len(functions) > 25
    for name in sorted(functions.keys() - {"stage_datasets"}):
        with refused("UB601", "under isolation level read committed only", "Begin"), write.transaction(level):
            write.rows(f"SELECT butler.{name}({', '.join(functions[name])})")
