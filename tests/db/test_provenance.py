"""Quanta: what they said they would read, what they read, what they made, and how they ended."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from db.session import Session, refused
from db.world import contents, put

RAW = {"camera": "Cam", "visit": 1, "sensor": 1}


def begin(session: Session, task: str, *inputs: UUID, run: str = "r/one", data_id: str = "{}") -> int:
    return int(
        session.scalar(
            "SELECT butler.begin_quantum(%s, %s, %s, %s::uuid[], 'host1')", run, task, data_id, list(inputs)
        )
    )


def end(session: Session, quantum: int, status: str, *read: UUID, message: str | None = None) -> None:
    session.rows("SELECT butler.end_quantum(%s, %s, %s::uuid[], %s)", quantum, status, list(read), message)


def test_a_quantum_is_there_with_its_inputs_before_it_ends(write: Session) -> None:
    inputs = put(write, "bias", {"camera": "Cam", "sensor": 1}, {"camera": "Cam", "sensor": 2})
    quantum = begin(write, "isr", *inputs, data_id='{"visit": 1}')
    assert write.rows(
        "SELECT run, task, data_id, status, attempt, host, started IS NOT NULL, ended FROM butler.quantum"
    ) == [("r/one", "isr", {"visit": 1}, "running", 1, "host1", True, None)]
    assert set(write.rows("SELECT dataset_id, actual FROM butler.dataset_consumer")) == {
        (i, False) for i in inputs
    }
    (made,) = put(write, "raw", RAW, quantum=quantum)
    end(write, quantum, "done", inputs[0])
    assert write.scalar("SELECT quantum_id FROM butler.dataset WHERE dataset_id = %s", made) == quantum
    assert set(write.rows("SELECT dataset_id, actual FROM butler.dataset_consumer")) == {
        (inputs[0], True),
        (inputs[1], False),
    }
    assert write.rows("SELECT status, ended >= started FROM butler.quantum") == [("done", True)]


def test_what_was_not_predicted_can_t_have_been_read(write: Session, own: Session) -> None:
    one, other = put(write, "bias", {"camera": "Cam", "sensor": 1}, {"camera": "Cam", "sensor": 2})
    quantum = begin(write, "isr", one)
    before = (
        own.rows("SELECT * FROM butler_internal.quantum"),
        own.rows("SELECT * FROM butler_internal.dataset_consumer"),
    )
    with refused("UB301", f"quantum {quantum} read dataset {other}", "predict_inputs"):
        end(write, quantum, "done", one, other)
    assert (
        own.rows("SELECT * FROM butler_internal.quantum"),
        own.rows("SELECT * FROM butler_internal.dataset_consumer"),
    ) == before
    assert write.rows("SELECT butler.predict_inputs(%s, %s::uuid[])", quantum, [one, other]) == [(1,)]
    end(write, quantum, "done", one, other)


@pytest.mark.parametrize("status", ["done", "failed"])
def test_a_quantum_ends_once(write: Session, status: str) -> None:
    quantum = begin(write, "isr")
    end(write, quantum, status, message="why")
    assert write.rows("SELECT status, message FROM butler.quantum") == [(status, "why")]
    for again in ("done", "failed"):
        with refused("UB301", "is running"):
            end(write, quantum, again)
    with refused("UB301", "is running"):
        write.rows("SELECT butler.predict_inputs(%s, '{}')", quantum)


def test_another_try_is_counted(write: Session) -> None:
    for n in (1, 2, 3):
        end(write, begin(write, "isr", data_id='{"visit": 1}'), "failed")
        assert write.scalar("SELECT max(attempt) FROM butler.quantum") == n
    begin(write, "isr", data_id='{"visit": 2}')
    begin(write, "isr", run="r/two", data_id='{"visit": 1}')
    assert write.column("SELECT attempt FROM butler.quantum ORDER BY quantum_id") == [1, 2, 3, 1, 1]


def test_a_quantum_ends_though_the_clock_stepped_back_since_it_began(write: Session, own: Session) -> None:
    quantum = begin(write, "isr")
    own.rows("UPDATE butler_internal.execution SET started = '2100-01-01' WHERE execution_id = %s", quantum)
    end(write, quantum, "done")
    assert write.rows("SELECT status, ended = started FROM butler.quantum") == [("done", True)]


def test_an_output_is_refused_once_its_quantum_has_ended(write: Session) -> None:
    quantum = begin(write, "isr")
    end(write, quantum, "done")
    with refused("UB301", f"quantum {quantum} is not running in run r/one", "before it ends"):
        put(write, "raw", RAW, quantum=quantum)
    assert write.rows("SELECT FROM butler.dataset") == []
    with refused("UB301", f"quantum {quantum} is not running in run r/one"), write.transaction():
        write.call("stage_datasets")
        write.rows("SELECT butler.merge_datasets('r/one', 'raw', 'main', false, %s)", quantum)


def test_outputs_go_into_the_quantum_s_own_run(write: Session) -> None:
    quantum = begin(write, "isr")
    with refused("UB301", f"quantum {quantum} is not running in run r/two"):
        put(write, "raw", RAW, run="r/two", quantum=quantum)


@pytest.mark.parametrize("task", ["", " x", "a\nb", "a\x07", None, "x" * 300])
def test_a_task_has_a_name(write: Session, own: Session, task: Any) -> None:
    before = contents(own)
    with refused("UB305", "is not a name for a task", "control characters"):
        begin(write, task)
    assert contents(own) == before


def test_five_levels_are_traced_up_and_down_in_one_select(write: Session) -> None:
    made = put(write, "bias", {"camera": "Cam", "sensor": 1})
    for n, dataset_type in enumerate(("camera_geometry", "visit_summary", "raw", "census", "note")):
        quantum = begin(write, f"step{n}", made[-1])
        units: dict[str, dict[str, Any]] = {
            "camera_geometry": {"camera": "Cam"},
            "visit_summary": {"camera": "Cam", "visit": 1},
            "raw": RAW,
            "note": {"label": "twilight"},
        }
        made += put(write, dataset_type, units.get(dataset_type, {}), quantum=quantum)
        end(write, quantum, "done", made[-2])
    up = """
        WITH RECURSIVE source AS (
            SELECT d.dataset_id, d.quantum_id FROM dataset AS d WHERE d.dataset_id = %s
            UNION
            SELECT d.dataset_id, d.quantum_id FROM source AS s
            JOIN dataset_consumer AS c ON c.quantum_id = s.quantum_id AND c.actual JOIN dataset AS d ON d.dataset_id = c.dataset_id
        ) SELECT dataset_id FROM source
    """
    down = """
        WITH RECURSIVE target AS (
            SELECT %s::uuid AS dataset_id
            UNION
            SELECT d.dataset_id FROM target AS t JOIN dataset_consumer AS c ON c.dataset_id = t.dataset_id AND c.actual
            JOIN dataset AS d ON d.quantum_id = c.quantum_id
        ) SELECT dataset_id FROM target
    """
    assert set(write.column(up, made[-1])) == set(made)
    assert set(write.column(down, made[0])) == set(made)
    assert set(write.column(down, made[3])) == set(made[3:])


def test_a_removed_input_is_still_in_the_history(write: Session, own: Session) -> None:
    (one,) = put(write, "bias", {"camera": "Cam", "sensor": 1})
    end(write, begin(write, "isr", one), "done", one)
    own.rows("UPDATE butler_internal.dataset SET state = 'removed', changed = now()")
    assert write.rows("SELECT dataset_id, actual FROM butler.dataset_consumer") == [(one, True)]
