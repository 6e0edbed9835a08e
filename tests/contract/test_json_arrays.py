"""What takes a JSON array refuses, in the project's words, what isn't one."""

from __future__ import annotations

import pytest
from db.session import Json, Session, refused

CALLS = {
    "end_quantum.p_outputs": "SELECT butler.end_quantum('{quantum}', 'done', p_outputs => %s)",
    "find_in_run.p_data_ids": "SELECT * FROM butler.find_in_run('r/one', 'raw', %s)",
    "mark_found.p_artifacts": "SELECT butler.mark_found('main', %s)",
    "mark_lost.p_artifacts": "SELECT butler.mark_lost('main', %s)",
    "prepare_put.p_data_ids": "SELECT * FROM butler.prepare_put('r/one', 'raw', %s)",
    "put.p_datasets": "SELECT butler.put('r/one', %s)",
    "register_units.p_rows": "SELECT butler.register_units('label', %s)",
}
"""Calls that are well but for the array that they lack."""

OBJECTS = {
    "begin_quantum.p_data_id",
    "begin_quantum.p_process",
    "find_dataset.p_data_id",
    "query_dataset_columns.p_data_id",
    "query_datasets.p_data_id",
    "register_camera.p_definition",
    "register_skymap.p_definition",
}
"""What takes one object."""


def test_of_every_argument_that_is_json_it_is_known_whether_it_is_an_array(still: dict[str, Session]) -> None:
    assert (
        set(
            still["owner"].column(
                "SELECT p.proname || '.' || p.proargnames[n]"
                " FROM pg_proc AS p CROSS JOIN generate_series(1, p.pronargs) AS n"
                " WHERE p.pronamespace = 'butler'::regnamespace AND p.proargtypes[n - 1] = 'jsonb'::regtype"
            )
        )
        == CALLS.keys() | OBJECTS
    )


@pytest.mark.parametrize("call", CALLS)
def test_what_is_no_array_is_refused_and_what_is_to_be_written_is_said(call: str, write: Session) -> None:
    quantum = write.scalar("SELECT butler.begin_quantum('r/one', 'isr')")
    sql = CALLS[call].format(quantum=quantum)
    artifact = {"dataset_id": str(quantum), "fault": "size", "size": 1, "sha256": "0" * 64}
    for given in (Json({}), Json(artifact), Json("[]"), Json(1), Json(None), None):
        with refused("UB301", "array"):
            write.rows(sql, given)
    write.rows(sql, Json([]))
