"""Quanta: what they said they would read, what they read, what they made, and how they ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from db.session import Json, Session, refused
from db.world import contents, dataset, put

RAW = {"camera": "Cam", "visit": 1, "sensor": 1}
HOST = {"host": "host1", "pid": 7, "started": "2026-03-01T00:00:00Z", "mark": "m/b/1/7/99"}


def begin(session: Session, task: str, *inputs: UUID, run: str = "r/one", data_id: str = "{}") -> UUID:
    made: UUID = session.scalar(
        "SELECT butler.begin_quantum(%s, %s, %s, %s::uuid[], %s)",
        run,
        task,
        data_id,
        list(inputs),
        Json(HOST),
    )
    return made


def end(
    session: Session,
    quantum: UUID,
    status: str,
    *read: UUID,
    message: str | None = None,
    outputs: Sequence[dict[str, Any]] = (),
) -> int:
    return int(
        session.scalar(
            "SELECT butler.end_quantum(%s, %s, %s::uuid[], %s, %s)",
            quantum,
            status,
            list(read),
            message,
            Json(list(outputs)),
        )
    )


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
    assert end(write, quantum, status, message="the answer was lost") == 0
    assert write.rows("SELECT status, message FROM butler.quantum") == [(status, "why")]
    with refused("UB301", "is running"):
        end(write, quantum, {"done": "failed", "failed": "done"}[status])
    with refused("UB301", "is running"):
        write.rows("SELECT butler.predict_inputs(%s, '{}')", quantum)


def test_another_try_is_counted(write: Session) -> None:
    for n in (1, 2, 3):
        end(write, begin(write, "isr", data_id='{"visit": 1}'), "failed")
        assert write.scalar("SELECT max(attempt) FROM butler.quantum") == n
    begin(write, "isr", data_id='{"visit": 2}')
    begin(write, "isr", run="r/two", data_id='{"visit": 1}')
    assert write.column("SELECT attempt FROM butler.quantum ORDER BY started") == [1, 2, 3, 1, 1]


def test_a_quantum_ends_though_the_clock_stepped_back_since_it_began(write: Session, own: Session) -> None:
    quantum = begin(write, "isr")
    own.rows("UPDATE butler_internal.execution SET started = '2100-01-01'")
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


OUTPUTS: tuple[tuple[str, dict[str, Any]], ...] = (("raw", RAW), ("census", {}))


def test_what_it_made_is_registered_with_its_end_or_not_at_all(write: Session, own: Session) -> None:
    (one,) = put(write, "bias", {"camera": "Cam", "sensor": 1})
    quantum = begin(write, "isr", one)
    good = [dataset(dataset_type, data_id) for dataset_type, data_id in OUTPUTS]
    before = contents(own)
    with refused("UB104"):
        end(write, quantum, "done", one, outputs=[*good, dataset("raw", {**RAW, "visit": 99})])
    with refused("UB301", "had not predicted"):
        end(write, quantum, "done", uuid4(), outputs=good)
    assert contents(own) == before
    assert write.column("SELECT status FROM butler.quantum") == ["running"]
    assert end(write, quantum, "done", one, outputs=good) == 2
    made = "SELECT dataset_id::text FROM butler.dataset WHERE quantum_id = %s AND run = 'r/one'"
    assert set(write.column(made, quantum)) == {one["dataset_id"] for one in good}
    assert write.rows(
        "SELECT status, actual FROM butler.quantum JOIN butler.dataset_consumer USING (quantum_id)"
    ) == [("done", True)]


def test_the_same_end_again_is_no_error_and_another_is(write: Session) -> None:
    quantum = begin(write, "isr")
    outputs = [dataset("raw", RAW)]
    (one,) = put(write, "bias", {"camera": "Cam", "sensor": 1})
    write.rows("SELECT butler.predict_inputs(%s, %s::uuid[])", quantum, [one])
    assert end(write, quantum, "done", one, outputs=outputs) == 1
    assert end(write, quantum, "done", one, one, outputs=outputs) == 0
    written_otherwise = [{**outputs[0], "dataset_id": outputs[0]["dataset_id"].upper().replace("-", "")}]
    assert end(write, quantum, "done", one, outputs=written_otherwise) == 0
    with refused("UB301", "is running"):
        end(write, quantum, "done", outputs=outputs)
    for others in ([*outputs, dataset("census", {})], [dataset("raw", {**RAW, "sensor": 2})]):
        with refused("UB301", "is running"):
            end(write, quantum, "done", outputs=others)
    with refused("UB301", "is running"):
        end(write, quantum, "failed", outputs=outputs)
    assert write.scalar("SELECT count(*) FROM butler.dataset") == 2


def test_one_that_fails_keeps_what_it_says_that_it_keeps(write: Session) -> None:
    quantum = begin(write, "isr")
    assert end(write, quantum, "failed", message="why", outputs=[dataset("note", {"label": "twilight"})]) == 1
    assert write.rows(
        "SELECT status, dataset_type FROM butler.quantum JOIN butler.dataset USING (quantum_id)"
    ) == [("failed", "note")]


def test_the_same_beginning_again_is_no_error_and_another_of_its_id_is(write: Session) -> None:
    (one,) = put(write, "bias", {"camera": "Cam", "sensor": 1})
    quantum = uuid4()

    def begun(task: str = "isr", run: str = "r/one") -> UUID:
        made: UUID = write.scalar(
            "SELECT butler.begin_quantum(%s, %s, '{}', %s, p_quantum_id => %s)", run, task, [one], quantum
        )
        return made

    assert begun() == begun() == quantum
    assert write.rows("SELECT attempt FROM butler.quantum") == [(1,)]
    for task, run in (("flat", "r/one"), ("isr", "r/two")):
        with refused("UB201", f"quantum id {quantum} is taken"):
            begun(task, run)
    end(write, quantum, "done")
    with refused("UB201", f"quantum id {quantum} is taken"):
        begun()


def test_a_run_that_is_not_there_is_made_by_the_first_quantum_in_it(write: Session) -> None:
    begin(write, "isr", run="r/new")
    assert write.column("SELECT run FROM butler.run WHERE run = 'r/new'") == ["r/new"]


def test_who_has_died_is_on_record_and_may_end_all_the_same(write: Session) -> None:
    quanta = [begin(write, "isr") for _ in range(3)]
    end(write, quanta[0], "done")
    running = write.rows("SELECT quantum_id, run, task, host, process_mark FROM butler.running_quanta()")
    assert running == [(one, "r/one", "isr", "host1", "m/b/1/7/99") for one in quanta[1:]]
    assert write.rows("SELECT DISTINCT pid FROM butler.quantum") == [(7,)]
    died = "SELECT butler.end_dead_quanta(%s, 'it is gone')"
    assert write.scalar(died, [*quanta, uuid4()]) == 2
    assert write.scalar(died, quanta) == 0
    told = write.rows("SELECT status, message, ended IS NOT NULL FROM butler.quantum ORDER BY started")
    assert told == [("done", None, True)] + [("died", "it is gone", True)] * 2
    assert write.rows("SELECT operation, affected, reason FROM butler.activity ORDER BY at DESC LIMIT 1") == [
        ("end_dead_quanta", 2, "it is gone")
    ]
    assert end(write, quanta[1], "done", outputs=[dataset("raw", RAW)]) == 1
    assert write.scalar("SELECT count(*) FROM butler.running_quanta()") == 0


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
