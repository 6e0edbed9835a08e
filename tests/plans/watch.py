"""A session that sees the plan of every statement, also of those inside stored functions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2.extensions
from db.session import Session

__all__ = ["LARGE", "Watched"]

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

_SETTINGS = (
    "LOAD 'auto_explain'",
    "SET auto_explain.log_min_duration = 0",
    "SET auto_explain.log_nested_statements = on",
    "SET auto_explain.log_verbose = on",
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
        self.rows(f"SET SESSION AUTHORIZATION {role}")
        connection.notices = _Each(self._note)  # type: ignore[assignment]  # it needs no list

    def read_whole(self) -> list[str]:
        """Give each sequential scan of a large table since the last call, with its statement."""
        plans, self._plans = self._plans, []
        assert plans, "no plan was seen"
        return [
            f"{node['Relation Name']} in: {plan['Query Text'].strip()[:500]}"
            for plan in plans
            for node in _nodes(plan["Plan"])
            if node["Node Type"] == "Seq Scan"
            and node["Schema"] == "butler_internal"
            and node["Relation Name"] in LARGE
        ]

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
