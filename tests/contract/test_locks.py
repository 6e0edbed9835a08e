"""Advisory locks have the names, and are taken in the order, that db/README.md says."""

from __future__ import annotations

import re

import pytest
from db.session import Session, refused

from butler.schema.objects import SqlObject, read_objects, sql_root
from butler.schema.revisions import MIGRATION_LOCK

OBJECTS = {obj.name: obj for obj in read_objects(sql_root())}
README = (sql_root() / "README.md").read_text(encoding="utf-8")
TABLE = README.split("\n## Advisory locks\n")[1].split("\n## ")[0]
LISTED = re.findall(r"^\| `([a-z ]+)` \|", TABLE, re.MULTILINE)

TAKEN = re.compile(r"pg_(?:try_)?advisory_xact_lock(?:_shared)?\(butler_common\.lock_class\('([a-z ]+)'\), ")
# A table that is chosen when the function runs is any, unless its caller names it.
INSERTED = re.compile(r"\bINSERT INTO butler_internal\.([a-z_]+|%1\$I)|\bmerge_units\('([a-z_]+)'")
CALLED = re.compile(r"(?:\b(butler(?:_[a-z]+)?)|%I)\.([a-z0-9_]+)\(")
ANY = "%1$I"

TRIGGERS = "SELECT DISTINCT c.relname, p.proname FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_proc AS p ON p.oid = t.tgfoid WHERE c.relnamespace = 'butler_internal'::regnamespace AND NOT t.tgisinternal"


def code(obj: SqlObject) -> str:
    return re.sub(r"^ *--.*$|^COMMENT ON .*", "", obj.sql, flags=re.MULTILINE)


def called(match: re.Match[str]) -> str | None:
    """Give the function of ours that is called, by its whole name or in a schema chosen when it runs."""
    schemas = [match[1]] if match[1] else ["butler", "butler_internal", "butler_common"]
    return next((name for schema in schemas if (name := f"{schema}.{match[2]}") in OBJECTS), None)


def classes_taken(name: str, triggers: dict[str, set[str]]) -> list[str]:
    """Give the classes that a function takes in the order of its text, with those of what it calls and fires."""
    sql = code(OBJECTS[name])
    found: list[tuple[int, list[str]]] = [(match.start(), [match[1]]) for match in TAKEN.finditer(sql)]
    named = {match.end(): match[2] for match in INSERTED.finditer(sql) if match[2]}
    for match in CALLED.finditer(sql):
        function = called(match)
        if function not in (None, name) and not (match[2] == "merge_units" and sql[match.end()] == "'"):
            found.append((match.start(), classes_taken(function, triggers)))
    for match in INSERTED.finditer(sql):
        table = match[1] or named[match.end()]
        fired = set().union(*triggers.values()) if table == ANY else triggers.get(table, set())
        taken = {each for trigger in fired for each in classes_taken(trigger, triggers)}
        found.append(
            (match.start(), sorted(taken - ({"files"} if table == ANY else set()), key=LISTED.index))
        )
    return [each for _, taken in sorted(found) for each in taken]


@pytest.fixture(scope="module")
def fired(still: dict[str, Session]) -> dict[str, set[str]]:
    """The trigger functions of each table, by the catalogue."""
    triggers: dict[str, set[str]] = {}
    for table, function in still["owner"].rows(TRIGGERS):
        schema = "butler_internal" if f"butler_internal.{function}" in OBJECTS else "butler_common"
        triggers.setdefault(table, set()).add(f"{schema}.{function}")
    assert "butler_common.check_shadowing" in triggers["collection"]
    assert "butler_internal.keep_overlap" in triggers["patch"]
    return triggers


def test_every_advisory_lock_is_of_a_class_that_is_listed() -> None:
    used = set()
    for obj in OBJECTS.values():
        locks = re.findall(r"\bpg_(?:try_)?advisory\w*\(", code(obj))
        assert len(TAKEN.findall(code(obj))) == len(locks), obj.path
        used |= set(TAKEN.findall(code(obj)))
    assert used == set(LISTED) - {"migration"}


def test_the_classes_are_numbered_in_the_order_of_the_list(still: dict[str, Session]) -> None:
    numbers = [still["owner"].scalar("SELECT butler_common.lock_class(%s)", name) for name in LISTED]
    assert numbers == list(range(numbers[0], numbers[0] + len(LISTED)))
    assert numbers[LISTED.index("migration")] == MIGRATION_LOCK["class"]
    assert OBJECTS["butler_common.lock_class"].sql.count("WHEN '") == len(LISTED)


def test_a_class_that_there_is_not_is_an_error_and_no_lock(still: dict[str, Session]) -> None:
    with refused("20000", "case not found"):
        still["owner"].rows("SELECT pg_advisory_xact_lock_shared(butler_common.lock_class('colection'), 1)")


@pytest.mark.parametrize("name", [name for name, obj in OBJECTS.items() if obj.object_type == "function"])
def test_no_function_takes_the_classes_in_another_order(name: str, fired: dict[str, set[str]]) -> None:
    taken = classes_taken(name, fired)
    assert taken == sorted(taken, key=LISTED.index)


def test_locks_are_found_in_what_a_function_calls_and_fires(fired: dict[str, set[str]]) -> None:
    assert classes_taken("butler.merge_datasets", fired) == ["names", "collection", "files", "counts"]
    assert classes_taken("butler.register_camera", fired) == ["names", "names", "camera views"]
    assert classes_taken("butler.register_skymap", fired) == ["names", "overlap"]
    assert classes_taken("butler.remove_collection", fired) == ["chains", "collection", "collection"]
    assert set(classes_taken("butler.register_units", fired)) == {"names", "overlap"}


def test_the_list_says_which_functions_take_each_class() -> None:
    """Those that take it themselves or by an internal function are named in its row."""
    rows = {re.match(r"\| `([a-z ]+)`", row)[1]: row for row in TABLE.splitlines() if row.startswith("| `")}  # type: ignore[index]
    for obj in OBJECTS.values():
        for taken in set(TAKEN.findall(code(obj))):
            callers = [each.name for each in OBJECTS.values() if obj.name in each.names]
            assert any(f"`{name.split('.')[1]}`" in rows[taken] for name in (obj.name, *callers)), obj.path
