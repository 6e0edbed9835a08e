"""Refs: what they know of their artifacts, and what is asked of them later."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from butler import Butler, CollectionType, DatasetRef, DatasetType, IngestMode
from butler.errors import ArtifactMissingError, InvalidDataIdError, InvalidNameError


@pytest.fixture
def butler(butler: Butler) -> Butler:
    definitions = butler.registry.definitions
    definitions.register_units("label", [{"label": letter} for letter in "abc"])
    definitions.register_dataset_type(DatasetType("note", "Text", ("label",)))
    return butler


@pytest.fixture
def refs(butler: Butler) -> list[DatasetRef]:
    return butler.put_many([(letter, {"label": letter}) for letter in "cab"], "note")


def test_a_listed_ref_says_that_its_artifacts_were_not_asked_for(
    butler: Butler, refs: list[DatasetRef]
) -> None:
    assert [ref.artifacts for ref in butler.query.datasets("note")] == [None] * 3
    assert all(len(ref.artifacts or ()) == 1 for ref in refs)


def test_a_ref_whose_bytes_are_gone_says_that_there_are_none(butler: Butler, refs: list[DatasetRef]) -> None:
    butler.unstore(refs[:1], reason="to see")
    (found,) = (ref for ref in butler.query.datasets("note").with_artifacts() if ref.id == refs[0].id)
    assert found.artifacts == ()
    with pytest.raises(ArtifactMissingError, match=r"was unstored at .* by butler_writer: to see"):
        butler.get(found)


@pytest.mark.parametrize("count", [1, 3])
def test_what_is_listed_is_read_in_two_statements_however_many(
    butler: Butler, refs: list[DatasetRef], statements: list[str], count: int
) -> None:
    butler.query.datasets("note").fetched  # noqa: B018 - the dataset type is known from here on
    statements.clear()
    given: dict[str, Any] = {"label": "a"} if count == 1 else {}
    texts = [butler.get(ref) for ref in butler.query.datasets("note", **given).with_artifacts()]
    assert sorted(texts) == sorted("abc" if count == 3 else "a")
    assert len(statements) == 2


def test_a_list_is_cut_like_any_other(butler: Butler, refs: list[DatasetRef]) -> None:
    found = butler.query.datasets("note")
    assert found[:2] == list(found)[:2]
    assert found[-1] == list(found)[-1]
    assert butler.registry.query("SELECT label FROM label ORDER BY label")[1:] == [("b",), ("c",)]


def test_refs_are_sorted_by_type_and_data_id(refs: list[DatasetRef]) -> None:
    assert [ref.data_id["label"] for ref in sorted(refs)] == ["a", "b", "c"]


def test_an_id_that_nobody_knows_does_not_exist(butler: Butler, refs: list[DatasetRef]) -> None:
    nobody = DatasetRef(uuid4(), refs[0].dataset_type, refs[0].data_id, refs[0].run, refs[0].artifacts)
    assert butler.exists(refs[0])
    assert not butler.exists(nobody)


def test_a_removed_dataset_does_not_exist_although_its_file_lies_in_the_trash(
    butler: Butler, refs: list[DatasetRef]
) -> None:
    ref = refs[0]
    butler.remove([ref])
    assert all(map(butler.datastore.exists, ref.artifacts or ()))
    assert not butler.exists(ref)
    butler.removal.restore([ref])
    assert butler.exists(ref)


def test_what_was_found_without_bytes_is_read_once_it_is_restored(
    butler: Butler, refs: list[DatasetRef]
) -> None:
    butler.unstore(refs[:1])
    found = butler.find(refs[0])
    assert found.artifacts == refs[0].artifacts, "a ref with artifacts is believed"
    bare = butler.find("note", refs[0].data_id)
    assert bare.artifacts == ()
    butler.removal.restore([bare])
    assert butler.get(bare) == butler.get("note", refs[0].data_id)


def test_what_existed_then_and_was_removed_since_does_not_exist(
    butler: Butler, refs: list[DatasetRef]
) -> None:
    then = butler.registry.query("SELECT clock_timestamp()").scalar()
    butler.remove(refs[:1])
    assert not butler.exists("note", refs[0].data_id, as_of=then)
    assert butler.exists("note", refs[1].data_id, as_of=then)


@pytest.mark.parametrize(
    "more", [{"label": "b"}, {"collections": "nowhere"}, {"as_of": "1990-01-01T00:00:00Z"}]
)
def test_a_ref_says_which_dataset_is_meant_and_nothing_else_does(
    butler: Butler, refs: list[DatasetRef], more: dict[str, Any]
) -> None:
    for ask in (butler.find, butler.get, butler.exists, butler.uri, butler.get_deferred):
        with pytest.raises(InvalidDataIdError, match=f"is given, and '{next(iter(more))}' besides"):
            ask(refs[0], **more)


@pytest.mark.parametrize(("values", "wrong"), [(CollectionType, "taged"), (IngestMode, "in_place")])
def test_a_word_that_is_none_of_a_closed_set_is_refused_with_the_nearest(values: Any, wrong: str) -> None:
    with pytest.raises(InvalidNameError, match=f"{wrong}.*\n.*Did you mean"):
        values(wrong)


def test_a_quantum_and_a_row_of_a_view_say_what_they_are(butler: Butler, refs: list[DatasetRef]) -> None:
    from sqlalchemy import select

    from butler import models

    with butler.quantum("count", label="a") as quantum:
        quantum.get(refs[1])
    assert repr(quantum) == f"<Quantum {quantum.id} of count label=a: 1 read, 0 made>"
    with butler.registry.session() as session:
        assert repr(session.scalars(select(models.Label).limit(1)).one()) == "<Label label='a'>"
