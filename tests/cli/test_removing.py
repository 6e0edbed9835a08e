"""``butler unstore``, ``remove``, ``restore``, ``trash`` and ``collection remove``."""

from __future__ import annotations

from pathlib import Path

import psycopg2.extensions
import pytest

from butler import Butler
from butler.errors import DatasetNotFoundError

from .conftest import Command

VISIT_12 = ("stats", "visit=12", "camera=Peepshow", "-c", "u/me/first")


def test_the_plan_is_shown_and_the_answer_no_changes_nothing(filled: Butler, command: Command) -> None:
    asked = command("remove", *VISIT_12, input="n\n")
    assert asked.exit_code == 1
    assert asked.stdout.startswith("would be removed: 1 dataset, 1 file, ")
    assert "Remove 1 dataset?" in asked.stderr
    assert "Nothing was done" in asked.stderr
    assert filled.get("stats", camera="Peepshow", visit=12) == {"mean": 3.0}


@pytest.mark.parametrize("verb", ["unstore", "remove"])
def test_a_dry_run_asks_nothing_and_does_nothing(filled: Butler, command: Command, verb: str) -> None:
    assert command.out(verb, *VISIT_12, "--dry-run").startswith(f"would be {verb}")
    assert filled.get("stats", camera="Peepshow", visit=12) == {"mean": 3.0}


def test_what_is_kept_is_named_and_the_exit_status_tells_some_from_none(
    filled: Butler, command: Command
) -> None:
    filled.collections.register("best", "tagged")
    kept = filled.find("stats", camera="Peepshow", visit=12)
    filled.associate("best", [kept])
    planned = command("remove", "stats", "-c", "u/me/first", "--dry-run").stdout.splitlines()
    assert [line.split(":")[0] for line in planned[:2]] == ["would be removed", "kept"]
    some = command("remove", "stats", "-c", "u/me/first", "--yes")
    assert some.exit_code == 3
    lines = some.stdout.splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == ["removed", "kept"]
    assert lines[1].endswith(", in best")
    assert lines[2] == f"  {kept}"
    assert command("remove", "stats", "-c", "u/me/first", "--yes").exit_code == 1
    assert command("remove", "stats", "-c", "u/me/first", "--yes", "--force").exit_code == 0
    with pytest.raises(DatasetNotFoundError):
        filled.get("stats", camera="Peepshow", visit=12, collections="best")


def test_nothing_found_is_said_and_is_a_failure(filled: Butler, command: Command) -> None:
    result = command("remove", "stats", "camera=Peepshow", "visit=99", "-c", "u/me/first", "--yes")
    assert (result.exit_code, result.stdout) == (1, "no datasets found\n")
    assert command("remove", "stats").exit_code == 2, "no collection is named"


def test_what_was_removed_is_listed_and_restored(filled: Butler, command: Command) -> None:
    command.out("remove", *VISIT_12, "--reason", "cloudy", "--yes")
    (row,) = command.json("trash", "list")
    assert (row["run"], row["state"], row["change_reason"], row["datasets"]) == (
        "u/me/first",
        "removed",
        "cloudy",
        1,
    )
    assert "1 dataset would be" in command.out("restore", "--run", "u/me/first", "--dry-run")
    command.out("restore", "--run", "u/me/first", "--type", "stats")
    assert filled.get("stats", camera="Peepshow", visit=12) == {"mean": 3.0}
    assert command("restore").exit_code == 2
    assert command("restore", "--run", "u/me/first").stderr == "0 datasets are restored\n"
    for words, named in (
        (("nosuch",), "'nosuch'"),
        (("u/me/first", "--type", "stat"), "Did you mean stats"),
    ):
        refused = command("restore", "--run", *words)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert named in refused.stderr
    assert command.json("trash", "list") == []


def test_the_trash_is_emptied_of_what_is_old_enough(filled: Butler, command: Command, repo: Path) -> None:
    command.out("unstore", *VISIT_12, "--yes")
    before = len(list((repo / "data").rglob("*.json")))
    assert command.out("trash", "empty").startswith("0 datasets, at most 0 bytes, are to be deleted")
    assert command.out("trash", "empty", "--now", "--dry-run").startswith("1 dataset, at most ")
    assert len(list((repo / "data").rglob("*.json"))) == before
    assert command("trash", "empty", "--now", input="n\n").exit_code == 1
    command.out("trash", "empty", "--now", "--yes")
    assert len(list((repo / "data").rglob("*.json"))) == before - 1
    result = command("restore", str(filled.find("stats", camera="Peepshow", visit=12).id))
    assert result.exit_code == 1
    assert "deleted" in result.stderr


def test_the_time_in_the_trash_is_the_observatory_s_to_say(filled: Butler, command: Command) -> None:
    assert command.out("trash", "delay") == "7 days\n"
    assert command.out("trash", "delay", "0") == "00:00:00\n"
    command.out("unstore", *VISIT_12, "--yes")
    assert command.out("trash", "empty").startswith("1 dataset, at most ")
    for wrong in ("soon", "-1 day"):
        refused = command("trash", "delay", "--", wrong)
        assert refused.exit_code == 2
        assert "write '7 days'" in refused.stderr


def test_a_run_is_removed_with_its_datasets(filled: Butler, command: Command) -> None:
    command.out("collection", "chain", "all", "u/me/first")
    refused = command("collection", "remove", "u/me/first", "--yes")
    assert refused.exit_code == 1
    assert "has 4 datasets" in refused.stderr
    told = command.out("collection", "remove", "u/me/first", "--datasets", "--yes").splitlines()
    assert [line.partition(":")[0] for line in told] == ["removed", "chain changed", "collection removed"]
    assert [c["collection"] for c in command.json("collection", "list")] == ["all"]


def test_an_empty_tag_is_removed_after_a_question(filled: Butler, command: Command) -> None:
    command.out("collection", "create", "tag", "--type", "tagged")
    assert command("collection", "remove", "tag", input="n\n").exit_code == 1
    assert command.out("collection", "remove", "tag", "--yes") == "collection removed: tag\n"
    assert command("collection", "remove", "tag", "--yes").exit_code == 1


def test_a_reason_commands_no_terminal_and_begins_no_line(
    filled: Butler, command: Command, writer: psycopg2.extensions.connection
) -> None:
    (ref,) = filled.registry.query("SELECT dataset_id FROM dataset WHERE dataset_type = 'calexp'")
    with writer.cursor() as cursor:
        cursor.execute(
            "SELECT butler.unstore(ARRAY[%s]::uuid[], E'\\x1b[2J\\x1b]0;pwned\\x07\\nremoved: 99 datasets')",
            (ref.dataset_id,),
        )
    shown = command("unstore", "calexp", "-c", "u/me/first", "--dry-run").stdout
    assert "pwned" in shown
    assert shown.replace("\n", "").isprintable()
    assert not [line for line in shown.splitlines() if line.startswith("removed")]
