"""What the database says that it serves, it does: the contract of each revision beside those before."""

from __future__ import annotations

import copy
import importlib.util
from typing import Any

import pytest
from sqlalchemy import create_engine

from butler.schema.contract import Contract, breaches, broken_promises, frozen_contract, public_contract
from butler.schema.objects import sql_root
from butler.version import OLDEST_SCHEMA, SCHEMA_VERSION


def revisions() -> dict[str, Any]:
    found = {}
    for file in sorted((sql_root() / "migrations" / "versions").glob("*.py")):
        spec = importlib.util.spec_from_file_location(file.stem, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found[module.revision] = module
    return found


OLDEST = {revision: module.oldest_client for revision, module in revisions().items()}


def test_revisions_are_numbered_so_that_the_later_one_is_greater() -> None:
    assert list(OLDEST) == [f"{number:04}" for number in range(1, len(OLDEST) + 1)]
    assert list(OLDEST)[-1] == SCHEMA_VERSION


def test_the_oldest_client_is_of_a_revision_that_there_was_and_never_an_older_one_again() -> None:
    assert all(oldest in OLDEST and oldest <= revision for revision, oldest in OLDEST.items())
    assert list(OLDEST.values()) == sorted(OLDEST.values())
    assert OLDEST_SCHEMA in OLDEST


def test_each_revision_has_all_that_the_clients_call_which_it_serves() -> None:
    assert broken_promises(OLDEST) == []


def test_the_contract_is_frozen_as_it_is(database: Any) -> None:
    engine = create_engine(database.dsn("owner").replace("postgresql://", "postgresql+psycopg2://"))
    with engine.begin() as connection:
        found = public_contract(connection)
    assert found == frozen_contract(SCHEMA_VERSION)
    assert {object_type for object_type, _ in found} == {"function", "view", "type"}
    assert len(found) > 100


def function(*arguments: tuple[str, str, str | None], result: str = "integer") -> Contract:
    listed = [{"name": n, "type": t, "default": d} for n, t, d in arguments]
    return {("function", "f"): {"arguments": listed, "result": result}}


def relation(object_type: str, **columns: str) -> Contract:
    return {(object_type, "r"): {"columns": [{"name": n, "type": t} for n, t in columns.items()]}}


A, B = ("p_a", "text", None), ("p_b", "bigint", "0")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (function(A), {}, "function f: is gone"),
        (function(A, B), function(A), "function f: takes 1 arguments, not 2"),
        (function(A), function(("p_z", "text", None)), "function f: takes p_z text in place of p_a text"),
        (function(A), function(("p_a", "uuid", None)), "function f: takes p_a uuid in place of p_a text"),
        (
            function(A, B),
            function(A, ("p_b", "bigint", None)),
            "function f: p_b is required by default, not 0",
        ),
        (function(A, B), function(A, ("p_b", "bigint", "1")), "function f: p_b is 1 by default, not 0"),
        (function(A), function(A, ("p_b", "bigint", None)), "function f: requires p_b"),
        (function(A), function(A, result="bigint"), "function f: gives bigint, not integer"),
        (relation("view", x="text"), relation("view", y="text"), "view r: column x is gone"),
        (relation("view", x="text"), relation("view", x="uuid"), "view r: column x is uuid, not text"),
        (relation("type", x="text"), relation("type", x="text", y="text"), "type r: has other columns"),
    ],
)
def test_what_an_older_client_would_miss_is_named(old: Contract, new: Contract, said: str) -> None:
    assert breaches(old, new) == [said]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, function(A)),
        (function(A), function(A, B)),
        (function(A), function(("p_a", "text", "''::text"))),
        (relation("view", x="text"), relation("view", y="text", x="text")),
    ],
)
def test_what_an_older_client_never_sees_may_be_added(old: Contract, new: Contract) -> None:
    assert breaches(old, new) == []


def test_whatever_goes_from_the_contract_is_missed() -> None:
    whole = frozen_contract(SCHEMA_VERSION)
    assert breaches(whole, copy.deepcopy(whole)) == []
    for key in whole:
        assert breaches(whole, {k: v for k, v in whole.items() if k != key}) == [
            f"{key[0]} {key[1]}: is gone"
        ]
