"""What every `~butler.registry.interfaces.Provenance` must do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from butler.errors import (
    ButlerError,
    DatasetExistsError,
    DatasetNotFoundError,
    InvalidDataIdError,
)
from butler.registry import Registry
from butler.registry.interfaces.provenance import Process
from butler.testing.registry.capabilities import CapabilityTests
from butler.testing.registry.contents import HOSTILE_TEXTS, UNSENDABLE_TEXTS
from butler.testing.registry.fixtures import RAW, found, put, written
from butler.values import QuantumStatus

__all__ = ["ProvenanceTests"]


_HERE = Process("node7", 7, datetime(2026, 3, 1, tzinfo=UTC), "machine/boot/1/7/99")


def _begin(
    registry: Registry, *, data_id: Mapping[str, Any] | None = None, inputs: Sequence[UUID] = ()
) -> UUID:
    quantum_id = uuid4()
    registry.provenance.begin_quantum(quantum_id, "r/one", "isr", data_id or {}, inputs, _HERE)
    return quantum_id


def _recorded(registry: Registry, quantum_id: UUID) -> tuple[Any, ...]:
    statement = "SELECT task, status, message FROM quantum WHERE quantum_id = :id"
    (row,) = registry.query(statement, {"id": quantum_id})
    return tuple(row)


class ProvenanceTests(CapabilityTests):
    """Runs' environments, and quanta."""

    def test_a_quantum_keeps_what_it_read_and_made(self, observatory: Registry) -> None:
        provenance = observatory.provenance
        one, other = put(observatory, RAW, {**RAW, "sensor": 2})
        quantum = _begin(observatory, inputs=[one.id], data_id={"visit": 1})
        provenance.predict_inputs(quantum, [other.id])
        made = written({}, "census")
        with pytest.raises(InvalidDataIdError, match="predicted"):
            provenance.end_quantum(quantum, QuantumStatus.DONE, [made.id], outputs=[made])
        assert found(observatory, ["r/one"], {}, "census") is None
        root = observatory.definitions.datastores()["store"].root
        with pytest.raises(ButlerError, match="moved"):
            provenance.end_quantum(
                quantum, QuantumStatus.DONE, [], outputs=[made], roots={"store": f"{root}moved/"}
            )
        ending = (quantum, QuantumStatus.DONE, [one.id])
        assert provenance.end_quantum(*ending, outputs=[made], roots={"store": root}) == 1
        assert provenance.end_quantum(*ending, outputs=[made]) == 0, "the answer may have been lost"
        with pytest.raises(InvalidDataIdError, match="running"):
            provenance.end_quantum(quantum, QuantumStatus.FAILED, [])
        with pytest.raises(InvalidDataIdError, match="running"):
            provenance.end_quantum(*ending, outputs=[written({**RAW, "sensor": 3})])
        rows = observatory.query("SELECT dataset_id, actual FROM dataset_consumer")
        assert {tuple(row) for row in rows} == {(one.id, True), (other.id, False)}
        recorded = observatory.query("SELECT dataset_id FROM dataset WHERE quantum_id = :q", {"q": quantum})
        assert recorded.scalar() == made.id

    def test_a_quantum_ends_as_it_is_said_to(self, observatory: Registry) -> None:
        for status in (QuantumStatus.DONE, QuantumStatus.FAILED):
            quantum = _begin(observatory)
            observatory.provenance.end_quantum(quantum, status, [], "It rained.")
            assert _recorded(observatory, quantum) == ("isr", status, "It rained.")
        with pytest.raises(InvalidDataIdError, match="died"):
            observatory.provenance.end_quantum(_begin(observatory), QuantumStatus.DIED, [])

    def test_a_quantum_begins_once_and_makes_its_run(self, observatory: Registry) -> None:
        provenance, quantum = observatory.provenance, uuid4()
        for _ in range(2):
            provenance.begin_quantum(quantum, "r/new", "isr", {"visit": 1}, [], _HERE)
        (running,) = provenance.running_quanta()
        assert (running.id, running.run, running.task) == (quantum, "r/new", "isr")
        assert (running.host, running.mark) == (_HERE.host, _HERE.mark)
        with pytest.raises(DatasetExistsError, match=str(quantum)):
            provenance.begin_quantum(quantum, "r/one", "isr", {"visit": 1}, [], _HERE)

    def test_one_that_is_thought_dead_may_end_all_the_same(self, observatory: Registry) -> None:
        provenance = observatory.provenance
        dead, alive, done = (_begin(observatory) for _ in range(3))
        provenance.end_quantum(done, QuantumStatus.DONE, [])
        assert provenance.end_dead_quanta([dead, alive, done, uuid4()], "It is gone.") == 2
        assert provenance.running_quanta() == []
        assert _recorded(observatory, dead) == ("isr", QuantumStatus.DIED, "It is gone.")
        provenance.end_quantum(alive, QuantumStatus.DONE, [])
        assert _recorded(observatory, alive) == ("isr", QuantumStatus.DONE, None)

    def test_a_quantum_of_what_is_not_there_never_begins(self, observatory: Registry) -> None:
        provenance = observatory.provenance
        with pytest.raises(DatasetNotFoundError):
            _begin(observatory, inputs=[uuid4()])
        with pytest.raises(ButlerError):
            provenance.predict_inputs(uuid4(), [])
        with pytest.raises(ButlerError):
            provenance.end_quantum(uuid4(), QuantumStatus.DONE, [])
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
        assert newest in list(activity(since="1.5h"))
        for nothing in (
            activity(since=datetime(9999, 1, 1, tzinfo=UTC)),
            activity(since="9999-01-01T00:00:00Z"),
            activity(since="1d", by=newest.actor, collection="best", operation="restore"),
            activity(limit=0),
        ):
            assert len(nothing) == 0

    # Hostile callers -----------------------------------------------------------------

    def test_what_a_quantum_is_told_is_only_ever_a_text(self, observatory: Registry) -> None:
        provenance = observatory.provenance
        for text in HOSTILE_TEXTS:
            quantum, process = uuid4(), Process(text, 7, mark=text)
            provenance.begin_quantum(quantum, text, text, {"note": text}, [], process)
            provenance.end_quantum(quantum, QuantumStatus.FAILED, [], text)
            assert _recorded(observatory, quantum) == (text, QuantumStatus.FAILED, text)

    def test_nobody_of_any_name_did_anything(self, observatory: Registry) -> None:
        activity = observatory.provenance.activity
        for text in (*HOSTILE_TEXTS, *UNSENDABLE_TEXTS):
            attempts: tuple[Callable[[str], Any], ...] = (
                lambda text: activity(by=text),
                lambda text: activity(collection=text),
                lambda text: activity(operation=text),
            )
            for attempt in attempts:
                if text:
                    with pytest.raises(ButlerError):
                        len(attempt(text))

    def test_a_text_that_can_not_be_stored_begins_no_quantum(self, observatory: Registry) -> None:
        provenance = observatory.provenance
        for text in UNSENDABLE_TEXTS:
            for run, task, data_id, host in (
                (text, "isr", "", "host"),
                ("r/one", text, "", "host"),
                ("r/one", "isr", text, "host"),
                ("r/one", "isr", "", text),
            ):
                with pytest.raises(ButlerError):
                    provenance.begin_quantum(uuid4(), run, task, {"note": data_id}, [], Process(host, 7))
        assert observatory.query("SELECT count(*) FROM quantum").scalar() == 0
