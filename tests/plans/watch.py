"""A session that sees the plan of every statement, also of those inside stored functions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import Any

import psycopg2.extensions
from db.session import Session

__all__ = ["LARGE", "QUEUES", "Watched"]

LARGE = {
    "artifact",
    "calibration",
    "dataset",
    "dataset_tag",
    "observed_sensor",
    "patch",
    "sensor_patch_overlap",
    "visit_patch_overlap",
    "visit_tract_overlap",
}
"""Tables of the base registry that grow with the survey, and so may never be read whole."""

QUEUES = {"ix_artifact_deleting"}
"""Indexes that hold what is under way, and so are read whole."""

_SETTINGS = (
    "LOAD 'auto_explain'",
    "SET auto_explain.log_min_duration = 0",
    "SET auto_explain.log_nested_statements = on",
    "SET auto_explain.log_verbose = on",
    "SET auto_explain.log_analyze = on",
    "SET auto_explain.log_timing = off",
    "SET auto_explain.log_format = json",
    "SET client_min_messages = log",
)


class Watched(Session):
    """A session of a superuser who acts as another role.

    Parameters
    ----------
    connection : `psycopg2.extensions.connection`
        Of a superuser, in autocommit mode.
    role : `str`
        Whom to act as.
    """

    def __init__(self, connection: psycopg2.extensions.connection, role: str) -> None:
        super().__init__(connection)
        self._plans: list[dict[str, Any]] = []
        for setting in _SETTINGS:
            self.rows(setting)
        self._first_columns = self._indexes_of_large_tables()
        self._plans.clear()
        self.rows(f"SET SESSION AUTHORIZATION {role}")
        connection.notices = _Each(self._note)  # type: ignore[assignment]  # it needs no list

    def read_whole(self, *, but: Collection[str] = ()) -> list[str]:
        """Give each scan of a whole large table, or of a whole index of one, since the last call, with its statement.

        An index is read whole, too, where nothing is said of its first column.

        Parameters
        ----------
        but : collection of `str`, optional
            Indexes that may be.
        """
        plans, self._plans = self._plans, []
        assert plans, "no plan was seen"
        return [
            f"{what} in: {plan['Query Text'].strip()[:500]}"
            for plan in plans
            for node in _nodes(plan["Plan"])
            if (what := self._whole(node)) and what not in but
        ]

    def passed_over(self, table: str) -> dict[str, int]:
        """Give how many rows of a table of the base registry were read only to be left out since the last call.

        They are given by the index that they were read by, or by the table
        where it was none. A look-up by primary key reads one row at most,
        and doesn't count.
        """
        plans, self._plans = self._plans, []
        assert plans, "no plan was seen"
        counts: Counter[str] = Counter()
        for plan in plans:
            for node in _nodes(plan["Plan"]):
                by = node.get("Index Name", table)
                if (
                    node.get("Schema") == "butler_internal"
                    and node.get("Relation Name") == table
                    and by != f"pk_{table}"
                ):
                    left_out = node.get("Rows Removed by Filter", 0) * node["Actual Loops"]
                    counts[by] += left_out
        assert counts, f"{table} was not read"
        return {name: count for name, count in counts.items() if count}

    def forget(self) -> None:
        """Leave out what was seen so far."""
        self._plans.clear()

    def _whole(self, node: dict[str, Any]) -> str:
        """Give the large table, or its index, that a node of a plan reads whole; empty if it doesn't."""
        name: str = node.get("Index Name") or node.get("Relation Name") or ""
        if node["Node Type"] == "Seq Scan":
            is_large = node["Schema"] == "butler_internal" and name in LARGE
            return name if is_large else ""
        if name not in self._first_columns:
            return ""
        return "" if self._first_columns[name] in node.get("Index Cond", "") else name

    def tables(self) -> set[str]:
        """Give the base registry's tables that were read since the last call."""
        plans, self._plans = self._plans, []
        return {
            node["Relation Name"]
            for plan in plans
            for node in _nodes(plan["Plan"])
            if node.get("Schema") == "butler_internal"
        }

    def scans(self, table: str) -> set[str]:
        """Give the ways in which a table of the base registry was read since the last call."""
        plans, self._plans = self._plans, []
        return {
            node["Node Type"]
            for plan in plans
            for node in _nodes(plan["Plan"])
            if node.get("Schema") == "butler_internal" and node.get("Relation Name") == table
        }

    def indexes(self) -> set[str]:
        """Give the indexes that were read since the last call, of tables of any registry."""
        plans, self._plans = self._plans, []
        return {node["Index Name"] for plan in plans for node in _nodes(plan["Plan"]) if "Index Name" in node}

    def _indexes_of_large_tables(self) -> dict[str, str]:
        """Give what each index of the base registry's large tables begins with: a column, or a function."""
        return dict(
            self.rows(
                "SELECT i.relname, substring(pg_get_indexdef(i.oid, 1, true) FROM '[a-z0-9_]+') FROM pg_index AS x"
                " JOIN pg_class AS i ON i.oid = x.indexrelid JOIN pg_class AS c ON c.oid = x.indrelid"
                " WHERE c.relnamespace = 'butler_internal'::regnamespace AND c.relname = ANY (%s) AND i.relname <> ALL (%s)",
                sorted(LARGE),
                sorted(QUEUES),
            )
        )

    def _note(self, notice: str) -> None:
        _, found, plan = notice.partition("plan:\n")
        if found:
            self._plans.append(json.loads(plan))


class _Each:
    """What psycopg2 appends notices to; a list would keep the last 50."""

    def __init__(self, call: Callable[[str], None]) -> None:
        self.append = call


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from _nodes(below)
