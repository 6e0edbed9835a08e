"""Whatever is done, in whatever order: the database answers and refuses as the model of a registry does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg2
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from butler.errors import ButlerError
from butler.registry.postgres.errors import BY_SQLSTATE
from butler.testing.model import CollectionType, RegistryModel
from butler.testing.strategies import data_ids
from db.session import Json, Session
from db.world import put

NAMES: dict[str, CollectionType] = {
    **dict.fromkeys(("run/a", "run/b"), "run"),
    **dict.fromkeys(("tag/a", "tag/b"), "tagged"),
    **dict.fromkeys(("chain/a", "chain/b"), "chained"),
}
STRANGER = uuid4()
TYPES = {"bias": ("camera", "sensor"), "census": ()}
KNOWN: dict[str, list[str | int]] = {"camera": ["Cam"], "sensor": [1]}


def named(*types: CollectionType) -> st.SearchStrategy[str]:
    """Give names of collections, nearly always of these types: what is always refused shows little."""
    right = [name for name, type in NAMES.items() if type in types]
    return st.sampled_from([*right * 8, *NAMES, "there is none"])


paths = st.lists(named("run", "tagged", "chained"), min_size=1, max_size=3)
labelled = st.sampled_from(["bias", *TYPES]).flatmap(
    lambda name: st.tuples(st.just(name), data_ids(TYPES[name], known=KNOWN))
)


def void(_: None) -> str:
    """Give what a function that gives nothing gives in SQL."""
    return ""


class Comparison(RuleBasedStateMachine):
    """Does everything twice, in one transaction that is rolled back in the end."""

    datasets = Bundle("datasets")

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.model = RegistryModel()
        session.rows("BEGIN")
        for name, type in NAMES.items():
            self.register(name, type)

    def teardown(self) -> None:
        self.session.rows("ROLLBACK")

    def agree(self, really: Callable[[], Any], by_the_model: Callable[[], Any]) -> Any:
        self.session.rows("SAVEPOINT step")
        try:
            found = really()
        except psycopg2.Error as refusal:
            self.session.rows("ROLLBACK TO step")
            found = BY_SQLSTATE[str(refusal.pgcode)]
        try:
            expected = by_the_model()
        except ButlerError as refusal:
            expected = type(refusal)
        assert found == expected
        return found

    def register(self, name: str, type: CollectionType) -> None:
        self.agree(
            lambda: self.session.call("register_collection", name, type),
            lambda: self.model.register(name, type),
        )

    @initialize(target=datasets, puts=st.lists(st.tuples(named("run"), labelled), max_size=4))
    def begin(self, puts: list[tuple[str, tuple[str, dict[str, Any]]]]) -> Any:
        return multiple(*(made for run, given in puts for made in self.place(run, given)))

    @rule(target=datasets, run=named("run"), given=labelled)
    def put(self, run: str, given: tuple[str, dict[str, Any]]) -> Any:
        return multiple(*self.place(run, given))

    def place(self, run: str, given: tuple[str, dict[str, Any]]) -> list[UUID]:
        dataset_type, data_id = given
        made: list[UUID] = []

        def really() -> None:
            made.extend(put(self.session, dataset_type, data_id, run=run))

        self.agree(really, lambda: self.model.put(made[0] if made else uuid4(), run, dataset_type, data_id))
        return made

    @rule(collection=named("run", "tagged"), ids=st.lists(datasets | st.just(STRANGER), max_size=3))
    def associate(self, collection: str, ids: list[UUID]) -> None:
        self.agree(
            lambda: self.session.scalar("SELECT butler.associate(%s, %s::uuid[])", collection, ids),
            lambda: self.model.associate(collection, ids),
        )

    @rule(collection=named("run", "tagged"), ids=st.lists(datasets | st.just(STRANGER), max_size=3))
    def disassociate(self, collection: str, ids: list[UUID]) -> None:
        self.agree(
            lambda: self.session.scalar("SELECT butler.disassociate(%s, %s::uuid[])", collection, ids),
            lambda: self.model.disassociate(collection, ids),
        )

    @rule(chain=named("chained"), members=paths)
    def set_chain(self, chain: str, members: list[str]) -> None:
        self.agree(
            lambda: self.session.call("set_chain", chain, members),
            lambda: void(self.model.set_chain(chain, members)),  # type: ignore[func-returns-value]
        )

    @rule(collection=named("run", "tagged", "chained"), frozen=st.sampled_from([True, *[False] * 3]))
    def freeze(self, collection: str, frozen: bool) -> None:
        self.agree(
            lambda: self.session.call("freeze_collection", collection, frozen),
            lambda: void(self.model.freeze(collection, frozen)),  # type: ignore[func-returns-value]
        )

    @rule(ids=st.lists(datasets | st.just(STRANGER), max_size=2), force=st.booleans())
    def remove(self, ids: list[UUID], force: bool) -> None:
        def really() -> dict[UUID, str]:
            groups = self.session.rows(
                "SELECT outcome, dataset_ids FROM butler.remove(%s::uuid[], 'for a test', %s)", ids, force
            )
            return {dataset: outcome for outcome, datasets in groups for dataset in datasets}

        self.agree(really, lambda: self.model.remove(ids, force=force))

    @rule(given=labelled, path=paths)
    def find(self, given: tuple[str, dict[str, Any]], path: list[str]) -> None:
        dataset_type, data_id = given

        def really() -> UUID | None:
            rows = self.session.rows(
                "SELECT dataset_id FROM butler.find_dataset(%s, %s, %s::text[], NULL, false)",
                dataset_type,
                Json(data_id),
                path,
            )
            return rows[0][0] if rows else None

        self.agree(really, lambda: self.model.find(dataset_type, data_id, path))

    @invariant()
    def everything_is_found_where_the_model_has_it(self) -> None:
        rows = self.session.rows(
            "SELECT t.name, c.name, q.dataset_id"
            " FROM unnest(%s) AS t (name) CROSS JOIN unnest(%s) AS c (name)"
            " CROSS JOIN LATERAL butler.query_datasets(t.name, ARRAY[c.name]) AS q",
            [*TYPES],
            [*NAMES],
        )
        found = {
            (type, name): {row[2] for row in rows if row[:2] == (type, name)}
            for type in TYPES
            for name in NAMES
        }
        assert found == {(type, name): self.model.query(type, [name]) for type in TYPES for name in NAMES}


@pytest.mark.parametrize("examples", [20, pytest.param(300, marks=pytest.mark.slow)])
def test_the_database_does_what_the_model_does(still: dict[str, Session], examples: int) -> None:
    run_state_machine_as_test(
        lambda: Comparison(still["writer"]),  # type: ignore[arg-type] # any callable that makes one will do
        settings=settings(max_examples=examples, stateful_step_count=40, deadline=None),
    )
