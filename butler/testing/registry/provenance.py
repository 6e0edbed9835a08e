"""What every `~butler.registry.interfaces.Provenance` must do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from butler.errors import (
    ButlerError,
    CollectionNotFoundError,
    DatasetNotFoundError,
    InvalidDataIdError,
)
from butler.registry import Registry
from butler.testing.registry.capabilities import CapabilityTests
from butler.testing.registry.contents import HOSTILE_TEXTS, UNSENDABLE_TEXTS
from butler.testing.registry.fixtures import RAW, put, written
from butler.values import QuantumStatus

__all__ = ["ProvenanceTests"]


def _recorded(registry: Registry, quantum_id: int) -> tuple[Any, ...]:
    statement = "SELECT task, status, message FROM quantum WHERE quantum_id = :id"
    (row,) = registry.query(statement, {"id": quantum_id})
    return tuple(row)


class ProvenanceTests(CapabilityTests):
    """Runs' environments, and quanta."""

    def test_a_quantum_keeps_what_it_read_and_made(self, observatory: Registry) -> None:
        provenance = observatory.provenance
        one, other = put(observatory, RAW, {**RAW, "sensor": 2})
        quantum = provenance.begin_quantum("r/one", "isr", {"visit": 1}, [one.id], "host")
        provenance.predict_inputs(quantum, [other.id])
        made = written({}, "census")
        observatory.puts.put("r/one", [made], quantum_id=quantum)
        with pytest.raises(InvalidDataIdError, match="predicted"):
            provenance.end_quantum(quantum, QuantumStatus.DONE, [made.id])
        provenance.end_quantum(quantum, QuantumStatus.DONE, [one.id])
        with pytest.raises(InvalidDataIdError, match="running"):
            observatory.puts.put("r/one", [written({**RAW, "sensor": 3})], quantum_id=quantum)
        with pytest.raises(InvalidDataIdError, match="running"):
            provenance.end_quantum(quantum, QuantumStatus.FAILED, [])
        rows = observatory.query("SELECT dataset_id, actual FROM dataset_consumer")
        assert {tuple(row) for row in rows} == {(one.id, True), (other.id, False)}
        recorded = observatory.query("SELECT dataset_id FROM dataset WHERE quantum_id = :q", {"q": quantum})
        assert recorded.scalar() == made.id

    def test_a_quantum_ends_as_it_is_said_to(self, observatory: Registry) -> None:
        provenance = observatory.provenance
        for status in QuantumStatus:
            quantum = provenance.begin_quantum("r/one", "isr", {}, [], "host")
            provenance.end_quantum(quantum, status, [], "It rained.")
            assert _recorded(observatory, quantum) == ("isr", status, "It rained.")

    def test_a_quantum_of_what_is_not_there_never_begins(self, observatory: Registry) -> None:
        provenance = observatory.provenance
        with pytest.raises(DatasetNotFoundError):
            provenance.begin_quantum("r/one", "isr", {}, [uuid4()], "host")
        with pytest.raises(ButlerError):
            provenance.predict_inputs(2**31, [])
        with pytest.raises(ButlerError):
            provenance.end_quantum(2**31, QuantumStatus.DONE, [])
        assert observatory.query("SELECT count(*) FROM quantum").scalar() == 0

    def test_the_first_environment_of_a_run_stays(self, observatory: Registry) -> None:
        provenance, is_described = observatory.provenance, observatory.puts.open_run
        one, other = put(observatory, RAW, {**RAW, "sensor": 2})
        assert not is_described("r/one")
        assert provenance.set_environment("r/one", one.id)
        assert is_described("r/one")
        assert not provenance.set_environment("r/one", other.id)
        assert not is_described("r/two")
        with pytest.raises(DatasetNotFoundError):
            provenance.set_environment("r/two", uuid4())

    def test_what_was_done_is_listed_the_newest_first(self, observatory: Registry) -> None:
        activity = observatory.provenance.activity
        one, other = put(observatory, RAW, {**RAW, "sensor": 2})
        observatory.collections.associate("best", [one.id, other.id])
        observatory.collections.disassociate("best", [other.id])
        observatory.collections.disassociate("best", [other.id])  # it changes nothing
        newest, before = activity(limit=2)
        assert (newest.operation, newest.collections, newest.affected) == ("disassociate", ["best"], 1)
        assert (before.operation, before.collections, before.affected) == ("associate", ["best"], 2)
        assert newest.at >= before.at
        assert [row.operation for row in activity(collection="best")][:2] == ["disassociate", "associate"]
        assert [row.affected for row in activity(operation="associate", by=newest.actor)] == [2]
        assert [row.activity_id for row in activity(since=newest.at)] == [newest.activity_id]
        assert newest in list(activity(since=timedelta(days=1)))
        for nothing in (
            activity(since=datetime(9999, 1, 1, tzinfo=UTC)),
            activity(since="9999-01-01T00:00:00Z"),
            activity(by="nobody"),
            activity(limit=0),
        ):
            assert len(nothing) == 0

    # Hostile callers -----------------------------------------------------------------

    def test_what_a_quantum_is_told_is_only_ever_a_text(self, observatory: Registry) -> None:
        provenance = observatory.provenance
        for text in HOSTILE_TEXTS:
            quantum = provenance.begin_quantum("r/one", text, {"note": text}, [], text)
            provenance.end_quantum(quantum, QuantumStatus.FAILED, [], text)
            assert _recorded(observatory, quantum) == (text, QuantumStatus.FAILED, text)
            with pytest.raises(CollectionNotFoundError):
                provenance.begin_quantum(text, "isr", {}, [], "host")

    def test_nobody_of_any_name_did_anything(self, observatory: Registry) -> None:
        activity = observatory.provenance.activity
        for text in (*HOSTILE_TEXTS, *UNSENDABLE_TEXTS):
            attempts: tuple[Callable[[str], Any], ...] = (
                lambda text: activity(by=text),
                lambda text: activity(collection=text),
                lambda text: activity(operation=text),
            )
            for attempt in attempts:
                if text in UNSENDABLE_TEXTS:
                    with pytest.raises(ButlerError):
                        len(attempt(text))
                else:
                    assert len(attempt(text)) == 0

    def test_a_text_that_can_not_be_stored_begins_no_quantum(self, observatory: Registry) -> None:
        provenance = observatory.provenance
        for text in UNSENDABLE_TEXTS:
            attempts: tuple[Callable[[str], Any], ...] = (
                lambda text: provenance.begin_quantum("r/one", text, {}, [], "host"),
                lambda text: provenance.begin_quantum("r/one", "isr", {"note": text}, [], "host"),
            )
            for attempt in attempts:
                with pytest.raises(ButlerError):
                    attempt(text)
        assert observatory.query("SELECT count(*) FROM quantum").scalar() == 0
