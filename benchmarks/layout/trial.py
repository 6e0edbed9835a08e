"""One layout, filled step by step, with its figures taken at each step."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.layout.contract import contract_figures
from benchmarks.layout.survey import PER_VISIT, SURVEY, connect, make_database, script
from benchmarks.layout.timing import timed

__all__ = ["LAYOUTS", "Trial"]

LAYOUTS = {
    "registry": ("on_dataset",),
    "previous": ("previous", "on_dataset"),
    "no_foreign_keys": ("no_foreign_keys", "on_dataset"),
    "all_foreign_keys": ("all_foreign_keys", "on_dataset"),
    "separate_data_id": ("separate_data_id",),
    "integer_keys": ("integer_keys",),
}
"""Their names, and the SQL files that make them; ``registry`` is what the project has."""

_BATCH_VISITS = 68
_SEARCH_PATH = ("trial", "butler_internal", "butler_common", "public")
_RUNS = list(range(2, 52))
_SENSOR_TYPES = range(2, 15)


class Trial:
    """A database of one layout.

    Parameters
    ----------
    server : `str`
        Connection string of a superuser, where the survey has been made.
    layout : `str`
        One of `LAYOUTS`.
    """

    def __init__(self, server: str, layout: str) -> None:
        self.layout = layout
        database = f"layout_{layout}"
        make_database(server, database, SURVEY)
        self._connection = connect(server, database, options=f"-csearch_path={','.join(_SEARCH_PATH)}")
        self._connection.autocommit = True
        self._cursor = self._connection.cursor()
        for name in LAYOUTS[layout]:
            self._cursor.execute(script(name))
        self._filled = 0
        self._random = random.Random(1)

    def run(self, steps: Sequence[int]) -> Iterator[dict[str, Any]]:
        """Fill up to so many visits, and take the figures there: bytes, milliseconds, datasets a second."""
        for visits in steps:
            self._fill(visits)
            filed = self._file()
            self._cursor.execute("VACUUM ANALYZE")
            datasets = self._datasets()
            yield {
                "layout": self.layout,
                "datasets": datasets,
                "file per CPU s": filed,
                **self._bytes(datasets),
                **self._reads(),
                **self._contract(),
                "remove per CPU s": self._remove(),
            }
            self._cursor.execute("VACUUM")
        self._connection.close()

    def _fill(self, visits: int) -> None:
        """Fill but for the last batch, unchecked: what foreign keys cost doesn't depend on what is there."""
        self._cursor.execute("SET session_replication_role = replica")
        while self._filled < visits - _BATCH_VISITS:
            last = min(self._filled + _BATCH_VISITS, visits - _BATCH_VISITS)
            self._cursor.execute("BEGIN")
            self._cursor.execute(
                "CREATE TEMPORARY TABLE staged ON COMMIT DROP AS SELECT * FROM trial.made(%s, %s)",
                (self._filled + 1, last),
            )
            self._cursor.execute("CALL trial.file()")
            self._cursor.execute("COMMIT")
            self._filled = last
        self._cursor.execute("RESET session_replication_role")

    def _busy(self) -> float:
        """Seconds that the server's process has worked: other work on the computer doesn't count."""
        process = Path("/proc", str(self._connection.info.backend_pid), "stat")
        fields = process.read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _datasets(self) -> int:
        self._cursor.execute("SELECT count(*) FROM dataset")
        ((count,),) = self._cursor.fetchall()
        return int(count)

    def _bytes(self, datasets: int) -> dict[str, float]:
        """Bytes a dataset of each table and index, and of all of them."""
        self._cursor.execute(
            """
            SELECT t.relname, pg_table_size(t.oid), i.relname, pg_relation_size(i.oid)
            FROM pg_class AS t
            INNER JOIN pg_index AS x ON x.indrelid = t.oid
            INNER JOIN pg_class AS i ON i.oid = x.indexrelid
            WHERE t.oid IN (to_regclass('dataset'), to_regclass('artifact'), to_regclass('data_id'))
            ORDER BY t.relname, i.relname
            """
        )
        sizes: dict[str, int] = {}
        for table, table_size, index, index_size in self._cursor.fetchall():
            sizes[table] = table_size
            sizes[index] = index_size
        figures = {f"bytes {name}": round(size / datasets, 1) for name, size in sizes.items()}
        return {"bytes": round(sum(sizes.values()) / datasets, 1), **figures}

    def _reads(self) -> dict[str, str]:
        visits, tracts = self._filled, self._filled * 66 // 1500
        anywhere, among = self._random.randint, self._random.choice

        def sensor_in(runs: Callable[[int], list[int]]) -> tuple[Any, ...]:
            visit = anywhere(1, visits)
            return among(_SENSOR_TYPES), visit, anywhere(0, 99), runs(visit)

        def visit_range() -> tuple[Any, ...]:
            first = anywhere(1, visits - 9)
            return among(_SENSOR_TYPES), first, first + 9

        def tract_range() -> tuple[Any, ...]:
            first = anywhere(0, max(tracts - 2, 0))
            return among(range(17, 20)), first, first + 1

        find = "SELECT trial.find_first(%s, %s, %s, %s)"
        in_visits = "SELECT trial.visit_range(%s, %s, %s)"
        in_tracts = "SELECT trial.tract_range(%s, %s, %s)"
        return {
            "find, ms p50/p95": timed(
                self._cursor, find, lambda: sensor_in(lambda visit: [visit % 50 + 2]), 1000
            ),
            "find first of 50, ms": timed(self._cursor, find, lambda: sensor_in(lambda _: _RUNS), 1000),
            "1000 of 10 visits, ms": timed(self._cursor, in_visits, visit_range, 200),
            "1000 of 2 tracts, ms": timed(self._cursor, in_tracts, tract_range, 200),
        }

    def _contract(self) -> dict[str, str]:
        if self.layout != "registry":
            return {}
        return contract_figures(self._cursor, self._filled, self._filled * 66 // 1500, self._random)

    def _remove(self) -> int:
        """Change the state of all of one type in one run, and take it back; datasets a second."""
        self._cursor.execute("BEGIN")
        begun = self._busy()
        self._cursor.execute("SELECT trial.remove(1, 1)")
        ((removed,),) = self._cursor.fetchall()
        took = self._busy() - begun
        self._cursor.execute("ROLLBACK")
        return round(int(removed) / took)

    def _file(self) -> int:
        """COPY the next batch and file it with every check, as a client would."""
        first, last = self._filled + 1, self._filled + _BATCH_VISITS
        text = io.StringIO()
        self._cursor.copy_expert(f"COPY (SELECT * FROM trial.made({first}, {last})) TO STDOUT", text)
        text.seek(0)
        begun = self._busy()
        self._cursor.execute("BEGIN")
        self._cursor.execute(
            "CREATE TEMPORARY TABLE staged ON COMMIT DROP AS SELECT * FROM trial.made(1, 1) LIMIT 0"
        )
        self._cursor.copy_expert("COPY staged FROM STDIN", text)
        self._cursor.execute("CALL trial.file()")
        self._cursor.execute("COMMIT")
        self._filled = last
        return round(_BATCH_VISITS * PER_VISIT / (self._busy() - begun))
