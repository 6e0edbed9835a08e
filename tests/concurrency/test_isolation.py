"""Sessions whose transactions begin under another isolation level than the one that stored logic needs."""

from __future__ import annotations

from typing import Any

import pytest
from db.session import Session, refused
from db.world import put

from concurrency.conftest import Person
from concurrency.test_removal import REGISTER, file_of_the_night

RAW = {"camera": "Cam", "visit": 1, "sensor": 1}
LEVELS = ["REPEATABLE READ", "SERIALIZABLE"]

Pair = tuple[Person, Person]


@pytest.fixture
def emptier(database: Any, pair: Pair) -> Person:
    """An owner, who may empty the trash at once."""
    return Person(database.connect("owner"), pair[0]._onlooker)


def thrown_away(writer: Session) -> Any:
    """A dataset in the trash, whose file doesn't carry its id."""
    one, registered = file_of_the_night()
    writer.rows(REGISTER, registered)
    writer.rows("SELECT butler.remove(%s::uuid[])", [one])
    return one


@pytest.mark.parametrize("level", LEVELS)
def test_a_file_that_is_being_registered_anew_isn_t_deleted_from_an_older_snapshot(
    pair: Pair, emptier: Person, level: str
) -> None:
    loader, _ = pair
    gone = thrown_away(loader)
    _, registered = file_of_the_night()
    loader.rows("BEGIN")
    loader.rows(REGISTER, registered)
    emptier.rows(f"BEGIN ISOLATION LEVEL {level}")
    emptier.rows("SET LOCAL lock_timeout = '1ms'")  # it is refused before it waits
    with refused("UB601", f"not {level.lower()}", "READ COMMITTED"):
        emptier.table("claim_trash", "main", "0", 10)
    emptier.rows("ROLLBACK")
    waiting = emptier.expect_blocked(
        "SELECT dataset_id, delete_bytes FROM butler.claim_trash('main', '0', 10)"
    )
    loader.rows("COMMIT")
    assert waiting.result() == [(gone, False)], "forgotten, and its file stays"


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("whose", ["ROLE butler_owner IN DATABASE", "DATABASE"])
def test_nor_where_that_level_is_the_default_of_a_role_or_of_the_database(
    database: Any, pair: Pair, level: str, whose: str
) -> None:
    loader, _ = pair
    thrown_away(loader)
    loader._onlooker.rows(
        f"ALTER {whose} {database.name} SET default_transaction_isolation = '{level.lower()}'"
    )
    with refused("UB601", f"not {level.lower()}", "butler db check"):
        Session(database.connect("owner")).table("claim_trash", "main", "0", 10)


@pytest.mark.parametrize("level", LEVELS)
def test_a_dataset_that_was_removed_meanwhile_isn_t_tagged_from_an_older_snapshot(
    pair: Pair, level: str
) -> None:
    tagger, remover = pair
    (one,) = put(tagger, "raw", RAW)
    tagger.rows(f"BEGIN ISOLATION LEVEL {level}")
    tagger.rows("SELECT FROM butler.dataset")
    remover.rows("SELECT butler.remove(%s::uuid[])", [one])
    with refused("UB601"):
        tagger.rows("SELECT butler.associate('best', %s::uuid[])", [one])
    tagger.rows("ROLLBACK")
    assert tagger.rows("SELECT FROM butler.dataset_collection WHERE collection = 'best'") == []
