"""``butler log`` and ``butler db prune`` as a person sees them."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from butler import Butler, schema

from .conftest import Command

Listed = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def listed(command: Command) -> Listed:
    """What ``butler log`` lists, with these options."""

    def listed(*options: str) -> list[dict[str, Any]]:
        result = command("log", "--format", "json", *options)
        assert result.exit_code == 0, result.stderr
        rows: list[dict[str, Any]] = json.loads(result.stdout)
        return rows

    return listed


def test_it_lists_what_was_done_the_newest_first(filled: Butler, command: Command, listed: Listed) -> None:
    command("collection", "create", "best", "--type", "tagged")
    command("collection", "freeze", "best")
    frozen, created = listed("--limit", "2")
    assert (frozen["operation"], frozen["collections"], frozen["subject"]) == (
        "freeze_collection",
        ["best"],
        {"frozen": True},
    )
    assert (created["operation"], created["affected"]) == ("register_collection", 1)
    assert frozen["at"] > created["at"]
    lines = command("log").stdout.splitlines()
    assert re.match("activity_id +at +actor +operation", lines[0])
    assert "freeze_collection" in lines[1]
    assert len(lines) == len(listed()) + 1


def test_it_says_who_and_from_where(filled: Butler, listed: Listed) -> None:
    newest = listed("--limit", "1")[0]
    assert newest["actor"] == newest["login"]
    assert (newest["told_application"], newest["told_host"]) == ("butler", socket.gethostname())


def test_a_run_knows_the_host_that_made_it(filled: Butler, command: Command) -> None:
    hosts = command("sql", "SELECT DISTINCT host FROM run", "--format", "csv").stdout.split()
    assert hosts == ["host", socket.gethostname()]


def test_it_lists_what_is_asked_for(filled: Butler, command: Command, listed: Listed) -> None:
    command("collection", "create", "best", "--type", "tagged")
    (made,) = listed("--collection", "best")
    assert listed("--operation", "register_collection", "--since", "1d", "--by", made["actor"])[0] == made
    assert listed("--since", made["at"]) == [made]
    assert listed("--since", "2000-01-01", "--limit", "1") == [made]
    assert listed("--since", "9999-01-01T00:00:00Z") == []


def test_where_nothing_is_on_record_it_says_so(filled: Butler, command: Command) -> None:
    result = command("log", "--operation", "restore")
    assert (result.exit_code, result.stderr) == (0, "nothing of that is on record\n")


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("--operation", "restor"), "no operation 'restor'", "Did you mean 'restore'"),
        (("--operation", "bogus"), "no operation 'bogus'", "Known are associate, begin_quantum, claim_"),
        (("--by", "butler_writter"), "no role 'butler_writter'", "Did you mean 'butler_writer'"),
        (("--collection", "u/me/frist"), "no collection 'u/me/frist'", "Did you mean 'u/me/first'?"),
    ],
)
def test_a_name_that_nothing_has_is_refused_with_what_there_is(
    filled: Butler, command: Command, words: tuple[str, ...], message: str, hint: str
) -> None:
    result = command("log", *words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"error: {message}\n  {hint}")


def test_a_collection_that_is_gone_is_on_record_and_no_mistake(
    filled: Butler, command: Command, listed: Listed
) -> None:
    command("collection", "create", "best", "--type", "tagged")
    command("collection", "remove", "best", "--yes")
    assert [row["operation"] for row in listed("--collection", "best")] == [
        "remove_collection",
        "register_collection",
    ]
    assert listed("--collection", "best", "--operation", "associate") == []


def test_what_operators_do_is_an_operation_before_anybody_did_it(filled: Butler, listed: Listed) -> None:
    source = "".join(file.read_text() for file in (Path(schema.__file__).parent).glob("*.py"))
    operations = set(re.findall(r' record\(connection, "([a-z_]+)"', source))
    assert len(operations) > 3
    for operation in operations:
        assert all(row["operation"] == operation for row in listed("--operation", operation))


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "-1d", ""])
def test_what_is_no_time_is_refused(filled: Butler, command: Command, since: str) -> None:
    result = command("log", "--since", since)
    assert result.exit_code == 2
    assert "8h or 1d" in result.stderr
    assert "2026-03-01T12:00:00Z" in " ".join(result.stderr.split())


def test_what_is_old_is_forgotten_after_a_question(filled: Butler, command: Command, listed: Listed) -> None:
    there = listed()
    plan = command("db", "prune", "--older-than", "0s", "--dry-run")
    assert plan.stdout == f"{len(there)} rows would be forgotten\n"
    assert command("db", "prune", "--older-than", "0s", input="n\n").exit_code == 1
    assert listed() == there
    assert (
        command("db", "prune", "--older-than", "0s", "--yes").stdout == f"{len(there)} rows are forgotten\n"
    )
    (pruned,) = listed()
    assert (pruned["operation"], pruned["affected"]) == ("prune_activity", len(there))
