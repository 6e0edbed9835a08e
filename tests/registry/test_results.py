"""Lists as they come from any registry: fetched once, when they are looked at."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from dataclasses import replace
from random import Random
from uuid import UUID

import pytest

from butler.registry.results import DatasetRefs, Fetched, Rows
from butler.values import Artifact, DataId, DatasetRef, DatasetType

RAW = DatasetType("raw", "Dict", ("camera", "sensor", "visit"))
NOTE = DatasetType("note", "Text", ("label",), "What somebody wrote.")
ARTIFACT = Artifact("main", "a.json", "json", 3, bytes(32))


def raw(number: int, visit: int, sensor: int = 1, run: str = "r") -> DatasetRef:
    return DatasetRef(UUID(int=number), RAW, DataId(camera="Cam", sensor=sensor, visit=visit), run)


class Source:
    """Rows that can be fetched, and how often that was done."""

    def __init__(self, *refs: DatasetRef) -> None:
        self.refs = refs
        self.fetched = 0
        self.asked: list[int] = []

    def fetch(self) -> Fetched:
        self.fetched += 1
        # JSON objects have an order of their own.
        rows = [
            (ref.id, dict(sorted(ref.data_id.items(), reverse=True)), ref.run, "all") for ref in self.refs
        ]
        return Fetched(("dataset_id", "data_id", "run", "collection"), rows)

    def with_artifacts(self, refs: Iterable[DatasetRef]) -> list[DatasetRef]:
        known = [replace(ref, artifacts=(ARTIFACT,)) for ref in refs]
        self.asked.append(len(known))
        return known

    def listed(self) -> DatasetRefs:
        return DatasetRefs(self.fetch, lambda: RAW, self.with_artifacts, lambda: iter(()))


def test_a_list_is_fetched_once_when_it_is_looked_at() -> None:
    source = Source(raw(1, 1), raw(2, 2))
    refs = source.listed()
    assert (repr(refs), source.fetched) == ("<DatasetRefs, not fetched yet>", 0)
    assert list(refs) == list(refs) == [*source.refs]
    assert (len(refs), repr(refs), source.fetched) == (2, "<DatasetRefs: 2 of raw>", 1)


def test_a_slice_of_a_list_is_a_list_of_refs() -> None:
    source = Source(*(raw(n, n) for n in range(5)))
    refs = source.listed()
    for part in (slice(2), slice(-2, None), slice(None, None, -1), slice(9, None)):
        assert refs[part] == [*source.refs[part]]
    assert refs[1] == source.refs[1]
    with pytest.raises(IndexError):
        refs[5]
    assert {type(ref) for ref in refs[:2]} == {DatasetRef}
    assert [tuple(ref.data_id) for ref in refs[:1]] == [RAW.units]


def test_a_slice_of_rows_is_a_list_of_rows() -> None:
    rows = Rows(lambda: Fetched(("visit", "count"), [(1, 2), (3, 4)]))
    assert repr(rows) == "<Rows, not fetched yet>"
    assert [row.visit for row in rows[:1]] == [1]
    assert rows[1].count == 4, "also where a column is named as a method of tuples"
    assert repr(rows) == "<Rows: 2 of visit, count>"


def test_a_list_says_that_nobody_asked_for_artifacts_until_somebody_does() -> None:
    source = Source(*(raw(n, n) for n in range(2500)))
    refs = source.listed()
    assert {ref.artifacts for ref in refs} == {None}
    known = refs.with_artifacts()
    assert source.asked == []
    assert next(known).artifacts == (ARTIFACT,)
    assert source.asked == [1000], "memory for some thousands is enough"
    assert {ref.artifacts for ref in known} == {(ARTIFACT,)}
    assert source.asked == [1000, 1000, 500]


def test_refs_are_sorted_by_type_data_id_run_and_id() -> None:
    note = DatasetRef(UUID(int=9), NOTE, DataId(label="a"), "r")
    refs = [
        note,
        raw(8, visit=2),
        raw(7, visit=10),
        raw(6, visit=10, run="s"),
        raw(1, visit=1, sensor=2),
        raw(2, visit=1, sensor=2),
    ]
    shuffled = Random(1).sample(refs, len(refs))
    assert sorted(shuffled) == refs
    assert max(shuffled) == refs[-1]
    with pytest.raises(TypeError):
        _ = note < "note"


def test_a_ref_is_the_same_whatever_else_is_known_of_it() -> None:
    ref = raw(1, 1)
    assert ref.artifacts is None
    gone, stored = replace(ref, artifacts=()), replace(ref, artifacts=(ARTIFACT,))
    assert {ref, gone, stored} == {ref}
    documented = replace(ref, dataset_type=replace(RAW, doc="As the camera wrote it."))
    assert documented == ref
    again = pickle.loads(pickle.dumps(gone))
    assert (again, again.artifacts) == (ref, ())
    assert pickle.loads(pickle.dumps(ref)).artifacts is None


def test_a_ref_is_shown_with_what_it_is() -> None:
    ref = raw(1, visit=4, sensor=2)
    assert str(ref) == f"raw@{{camera=Cam, sensor=2, visit=4}} [r] {ref.id}"
    assert repr(ref).startswith("DatasetRef(id=UUID(")
    assert "artifacts=None" in repr(ref)
    assert "DataId(camera='Cam', sensor=2, visit=4)" in repr(ref)
