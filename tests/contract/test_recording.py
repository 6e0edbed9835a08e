"""Whatever writes leaves who did it: in a row of activity, or in the rows that it writes."""

from __future__ import annotations

from db.session import Session

TOLD_OTHERWISE = {
    "admit_client": "changes nothing: it waits for an upgrade",
    "fold_storage_use": "adds up what is counted, and changes no count",
    "hold_trash": "takes locks, and changes nothing",
    "open_run": "register_collection tells of the run that it makes",
    "stage_datasets": "makes a temporary table; merge_datasets tells what came of it",
}
"""The functions that write and leave no row of activity, and why."""

FUNCTIONS = """
    SELECT p.proname, p.prosrc FROM pg_proc AS p
    WHERE p.pronamespace = 'butler'::regnamespace AND has_function_privilege('butler_writer', p.oid, 'EXECUTE')
        AND NOT has_function_privilege('butler_reader', p.oid, 'EXECUTE')
"""


def test_whatever_a_writer_may_call_records_it_under_its_own_name(still: dict[str, Session]) -> None:
    functions = dict(still["owner"].rows(FUNCTIONS))
    silent = {
        name
        for name, body in functions.items()
        if "".join(body.split()).count(f"butler_internal.record('{name}',") == 0
    }
    assert len(functions) > 30
    assert silent == TOLD_OTHERWISE.keys()
