"""The command as a process: exit status, standard output and error, signals, logs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from butler import Butler
from butler.cli.failures import run_guarded

from .conftest import on_a_terminal

BUTLER = [sys.executable, "-m", "butler"]


def ran(*words: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*BUTLER, *map(str, words)], capture_output=True, text=True, check=False, timeout=300, **options
    )


def test_results_go_to_standard_output_and_everything_else_to_the_other(filled: Butler, repo: Path) -> None:
    result = ran("-r", repo, "uri", "stats", "camera=Peepshow", "visit=12", "-c", "u/me/first")
    assert result.returncode == 0
    assert Path(result.stdout.strip().removeprefix("file://")).read_text().startswith("{")
    assert result.stderr == ""
    result = ran("-r", repo, "collection", "create", "mine", "--type", "tagged")
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == "tagged collection mine is registered now\n"


def test_an_error_is_a_line_and_its_hint_the_next(filled: Butler, repo: Path) -> None:
    result = ran("-r", repo, "uri", "stats", "camera=Peepshow", "visit=99", "-c", "u/me/first")
    assert result.returncode == 1
    first, second, *_ = result.stderr.splitlines()
    assert first.startswith("error: ")
    assert "visit=99" in first
    assert second.startswith("  ")
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_a_traceback_is_shown_only_when_asked_for_twice(repo: Path) -> None:
    for option, shown in (("-v", False), ("-vv", True)):
        result = ran("-r", repo, option, "sql", "SELECT nothing FROM nowhere")
        assert result.returncode == 1
        assert ("Traceback" in result.stderr) is shown
    assert "READ ONLY; SET LOCAL search_path" in result.stderr, "-vv shows statements"


def test_a_folder_that_is_no_repository_is_named(tmp_path: Path) -> None:
    result = ran("status", cwd=tmp_path, env={**os.environ, "BUTLER_REPO": ""})
    assert result.returncode == 1
    assert f"error: {tmp_path} is not a repository" in result.stderr


def test_the_option_wins_over_the_environment_and_that_over_the_current_folder(
    repo: Path, tmp_path: Path
) -> None:
    elsewhere = {**os.environ, "BUTLER_REPO": str(tmp_path)}
    assert ran("-r", repo, "layer", "list", env=elsewhere).returncode == 0
    assert ran("layer", "list", cwd=repo, env=elsewhere).returncode == 1
    assert ran("layer", "list", env={**os.environ, "BUTLER_REPO": str(repo)}).returncode == 0
    assert ran("layer", "list", cwd=repo, env={**os.environ, "BUTLER_REPO": ""}).returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["querry"], "Did you mean 'query'?"),
        (["ingest"], "Missing argument"),
        (["query", "visit", "camera"], "write KEY=VALUE"),
        (["query", "visit", "camera=A", "camera=B"], "given twice"),
        (["query", "visit", "--format", "xls"], "xls"),
        (["get", "raw", "-o", "-"], "--collections"),
        (["get", "raw", "-c", "x"], "--output"),
        (["get", "raw", "-c", "x", "-o", "-", "--bbox", "1,2"], "4 whole numbers"),
        (["put", "raw", "f.fits"], "--run"),
        (["ingest", "nothing-here"], "is no file"),
        (["db", "init", "--role-prefix", "a; DROP"], "--role-prefix"),
    ],
)
def test_what_is_not_written_right_ends_with_status_2(repo: Path, words: list[str], said: str) -> None:
    result = ran("-r", repo, *words)
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_a_reader_of_the_output_that_goes_away_is_no_error(repo: Path) -> None:
    select = "SELECT repeat('x', 1000) AS a FROM generate_series(1, 2000)"
    with subprocess.Popen(
        [*BUTLER, "-r", str(repo), "sql", select], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.read(10)
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait() == 141


def test_an_interrupt_ends_a_long_query_at_once(repo: Path, database: Any) -> None:
    running = subprocess.Popen(
        [*BUTLER, "-r", str(repo), "sql", "SELECT pg_sleep(6000) AS slept"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    asleep = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
    )
    with database.connect("superuser").cursor() as cursor:
        while cursor.execute(asleep) or cursor.fetchone() != (1,):
            assert running.poll() is None, running.communicate()
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=300)
        assert (running.returncode, out, err) == (130, "", "interrupted\n")
        while cursor.execute(asleep) or cursor.fetchone() != (0,):
            time.sleep(0.05)  # the server is told to end the query, and takes its time


def test_the_log_file_has_what_happened_and_no_password(repo: Path, tmp_path: Path) -> None:
    log = tmp_path / "butler.log"
    secret = "postgresql://me:hush%20hush@127.0.0.1:1/nowhere?password=hush&ssl%70assword=hush+hush"
    result = ran("--log-file", log, "create", tmp_path / "new", "--dsn", secret)
    assert result.returncode == 1
    assert "hush" not in result.stderr
    lines = log.read_text().splitlines()
    assert "create" in lines[0]
    assert "postgresql://me:***@127.0.0.1:1/nowhere?password=***&ssl%70assword=***" in lines[0]
    assert "ERROR" in lines[1]
    assert "hush" not in log.read_text()
    assert not (tmp_path / "new").exists()


def test_a_log_file_that_can_not_be_written_is_an_error_in_a_line(repo: Path) -> None:
    result = ran("-r", repo, "--log-file", repo / "no" / "log", "status")
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.stderr


def test_output_that_can_not_be_written_is_an_error_in_a_line(repo: Path) -> None:
    result = ran("-r", repo, "sql", "SELECT 1 AS a", "-o", repo / "no" / "a.csv")
    assert result.returncode == 1
    assert result.stderr.startswith(f"error: {repo / 'no'}")
    assert "Traceback" not in result.stderr


def test_an_error_is_red_on_a_terminal_that_wants_colour(tmp_path: Path) -> None:
    status, shown = on_a_terminal("-r", tmp_path, "status")
    assert (status, shown[:16]) == (1, "\033[31merror:\033[0m ")
    assert on_a_terminal("-r", tmp_path, "status", NO_COLOR="1")[1].startswith("error: ")


def test_a_fault_of_butler_itself_is_told_as_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = typer.Typer()

    @broken.command()
    def divide() -> None:
        print(1 // 0)

    monkeypatch.setattr(sys, "argv", ["butler"])
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    with pytest.raises(SystemExit) as caught:
        run_guarded(broken)
    assert caught.value.code == 1
    assert capsys.readouterr().err == (
        "error: ZeroDivisionError: integer division or modulo by zero\n"
        "  This is a fault of Butler itself; -vv shows where.\n"
    )


def test_psql_gets_the_password_by_its_environment_and_the_layer_as_its_search_path(
    repo: Path, tmp_path: Path
) -> None:
    config = yaml.safe_load((repo / "butler.yaml").read_text())
    config["database"]["dsn"]["reader"] = (
        "postgresql+psycopg2://me:hu%40sh@db.example.org/survey?sslmode=require"
    )
    (repo / "butler.yaml").write_text(yaml.safe_dump(config))
    psql = tmp_path / "bin" / "psql"
    psql.parent.mkdir()
    psql.write_text('#!/bin/sh\necho "$@" "$PGPASSWORD" "$PGOPTIONS"\n')
    psql.chmod(0o755)
    result = ran("-r", repo, "--layer", "mydb_me", "sql", env={**os.environ, "PATH": str(psql.parent)})
    assert (
        result.stdout
        == "postgresql://me@db.example.org/survey?sslmode=require hu@sh -c search_path=mydb_me,public\n"
    )
    result = ran("-r", repo, "sql", env={**os.environ, "PATH": ""})
    assert (result.returncode, "there is no program psql" in result.stderr) == (1, True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_shown_for_a_shell(shell: str) -> None:
    words = "butler que"
    offered = ran(
        env={
            **os.environ,
            "_BUTLER_COMPLETE": f"complete_{shell}",
            "COMP_WORDS": words,
            "COMP_CWORD": "1",
            "_TYPER_COMPLETE_ARGS": words,
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        }
    )
    assert "query" in offered.stdout
