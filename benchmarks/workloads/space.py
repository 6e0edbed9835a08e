"""What a dataset takes in the database: tables and indexes, when 100 000 raws are registered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.place import Place
from benchmarks.work import Work
from benchmarks.workloads import ingesting

_SIZE = """
SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class AS c
INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""


class _Growth:
    begin: Callable[..., Callable[[], None]]

    def __init__(self, place: Place, size: int) -> None:
        self._place = place
        self._size = size

    def measure(self, repetition: int) -> float:
        before = self._bytes()
        type(self).begin(self._place, f"space/{repetition}", 0, self._size)()
        return (self._bytes() - before) / self._size

    def _bytes(self) -> int:
        cursor = self._cursor()
        cursor.execute("VACUUM")
        cursor.execute(_SIZE)
        ((size,),) = cursor.fetchall()
        return int(size)

    def _cursor(self) -> Any:
        from benchmarks.sides import limit

        return limit.connect(self._place).cursor()


class Ours(_Growth):
    begin = staticmethod(ingesting.Ours.begin)


class Peer(_Growth):
    begin = staticmethod(ingesting.Peer.begin)

    def _cursor(self) -> Any:
        import psycopg

        return psycopg.connect(self._place.dsn(), autocommit=True).cursor()


class Limit(_Growth):
    begin = staticmethod(ingesting.Limit.begin)


WORKS = (
    Work(
        name="space",
        title="in the database, a dataset",
        unit="bytes",
        size=100_000,
        sides={"ours": Ours, "peer": Peer, "limit": Limit},
        at_most=400,
        cost=True,
        fresh=True,
        repetitions=1,
    ),
)
