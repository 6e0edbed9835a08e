"""Plans that are made while tables are nearly empty, and kept, are right when these have grown.

A session keeps the plans of stored functions, and of the checks of foreign keys, until somebody analyses the tables; of a
table of one page the planner would rather read that page than an index.
"""

from __future__ import annotations

from uuid import UUID

import pytest

from db.bulk import load, row
from db.session import Session
from db.world import datasets

ROUNDS = 40


def rows_read_whole(session: Session) -> list[tuple[str, int]]:
    """Give how many rows of each table that grows were read without an index, in this database by now."""
    session.scalar("SELECT pg_stat_force_next_flush()")
    return session.rows(
        "SELECT relname, seq_tup_read FROM pg_stat_user_tables"
        " WHERE schemaname = 'butler_internal' AND relname IN ('dataset', 'artifact', 'dataset_tag', 'quantum')"
        " ORDER BY relname"
    )


@pytest.fixture
def runs(write: Session, own: Session) -> list[str]:
    """Runs, in a database that autovacuum has seen while there was nothing but a dataset."""
    load(write, row(0, 1))
    own.rows("VACUUM ANALYZE")
    names = [f"r/{number}" for number in range(ROUNDS)]
    for name in names:
        write.call("open_run", name)
    return names


def test_a_session_that_puts_from_the_first_dataset_on_reads_by_index(
    write: Session, runs: list[str]
) -> None:
    before = rows_read_whole(write)
    for run in runs:
        write.table("prepare_put", run, "census", [{}], False)
        (given,) = datasets("census", {})
        write.call("put", run, [given])
        write.table("get_dataset", UUID(given["dataset_id"]))
        write.table("find_dataset", "census", {}, [run])
    assert rows_read_whole(write) == before


def test_a_session_that_loads_from_the_first_dataset_on_checks_by_index(
    write: Session, runs: list[str]
) -> None:
    before = rows_read_whole(write)
    for number, run in enumerate(runs):
        assert load(write, row(number, 1), run=run) == []
    assert rows_read_whole(write) == before
