"""Every output format, read back by the program that it is for."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from astropy.table import Table

from butler import Butler

from .conftest import Command, on_a_terminal

SELECT = """
    SELECT n AS number, 'η' || n AS name, n * 0.25::float8 AS "float", n * 0.5 AS "decimal", n > 1 AS flag,
        CASE WHEN n <> 2 THEN n END AS gap, CASE WHEN n <> 2 THEN 'x' END AS word,
        timestamptz '2026-03-01T00:00:00Z' + n * interval '1 s' AS at,
        jsonb_build_object('n', n) AS extra
    FROM generate_series(1, 3) AS n
"""
ASCII_SELECT = SELECT.replace("'η' || n", "'eta' || n")
AT = ["2026-03-01T00:00:01+00:00", "2026-03-01T00:00:02+00:00", "2026-03-01T00:00:03+00:00"]


def read_json(path: Path) -> dict[str, list[Any]]:
    rows = json.loads(path.read_text())
    return {name: [row[name] for row in rows] for name in rows[0]}


def read_csv(path: Path) -> dict[str, list[Any]]:
    header, *rows = csv.reader(io.StringIO(path.read_text()))
    read: dict[str, Callable[[str], Any]] = {
        "number": int,
        "gap": lambda t: int(t) if t else None,
        "float": float,
        "decimal": float,
        "flag": lambda t: t == "True",
        "word": lambda t: t or None,
    }
    return {name: [read.get(name, str)(row[n]) for row in rows] for n, name in enumerate(header)}


def read_astropy(form: str) -> Callable[[Path], dict[str, list[Any]]]:
    def read(path: Path) -> dict[str, list[Any]]:
        table = Table.read(path, format=form)
        columns = {name: table[name].tolist() for name in table.colnames}
        if form in ("fits", "votable"):  # they have no null text
            columns["word"] = [word or None for word in columns["word"]]
        return columns

    return read


def read_parquet(path: Path) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = pyarrow.parquet.read_table(path).to_pydict()
    columns["at"] = [at.isoformat() for at in columns["at"]]
    columns["decimal"] = [float(value) for value in columns["decimal"]]
    return columns


READERS = {
    "json": read_json,
    "csv": read_csv,
    "votable": read_astropy("votable"),
    "fits": read_astropy("fits"),
    "ecsv": read_astropy("ascii.ecsv"),
    "parquet": read_parquet,
}


@pytest.mark.parametrize("form", READERS)
def test_what_a_format_holds_is_what_the_database_said(command: Command, tmp_path: Path, form: str) -> None:
    path = tmp_path / "rows"
    command.out("sql", ASCII_SELECT if form == "fits" else SELECT, "--format", form, "-o", path)
    columns = READERS[form](path)
    assert columns["number"] == [1, 2, 3]
    assert columns["name"] == (["eta1", "eta2", "eta3"] if form == "fits" else ["η1", "η2", "η3"])
    assert columns["float"] == [0.25, 0.5, 0.75]
    assert columns["decimal"] == [0.5, 1.0, 1.5]
    assert columns["flag"] == [False, True, True]
    assert columns["gap"] == [1, None, 3]
    assert columns["word"] == ["x", None, "x"]
    assert columns["at"] == AT
    extra = columns["extra"]
    assert (extra if form == "json" else list(map(json.loads, extra))) == [{"n": 1}, {"n": 2}, {"n": 3}]


@pytest.mark.parametrize("form", ["table", *READERS])
def test_every_kind_of_column_can_be_written(command: Command, tmp_path: Path, form: str) -> None:
    select = """
        SELECT NULL::text AS a, NULL::bigint AS b, '\\xff'::bytea AS c, ARRAY[1, 2] AS d, ARRAY['x', NULL] AS e,
            interval '90 s' AS f, date '2026-03-01' AS g, time '12:00' AS h, int8range(1, 5) AS i,
            gen_random_uuid() AS j, sky_point(10, 20) AS k, 'NaN'::float8 AS l, 10::numeric ^ 30 AS m,
            tstzrange(now(), NULL) AS n, '[1, {"a": null}]'::jsonb AS o, NULL::timestamptz AS p, 'x'::"char" AS q
        FROM generate_series(1, 2)
    """
    command.out("sql", select, "--format", form, "-o", tmp_path / "rows")
    assert (tmp_path / "rows").stat().st_size > 0


@pytest.mark.parametrize("form", READERS)
def test_a_result_without_rows_has_its_columns(command: Command, tmp_path: Path, form: str) -> None:
    path = tmp_path / "rows"
    command.out("sql", "SELECT 1 AS a, 'x' AS b WHERE false", "--format", form, "-o", path)
    if form == "json":
        assert json.loads(path.read_text()) == []
    elif form == "csv":
        assert path.read_text() == "a,b\n"
    elif form == "parquet":
        assert pyarrow.parquet.read_table(path).column_names == ["a", "b"]
    else:
        table = Table.read(path, format={"ecsv": "ascii.ecsv"}.get(form, form))
        assert (table.colnames, len(table)) == (["a", "b"], 0)


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("a.fits", b"SIMPLE"),
        ("a.parquet", b"PAR1"),
        ("a.ecsv", b"# %ECSV"),
        ("a.vot", b"<?xml"),
        ("a.json", b"["),
    ],
)
def test_the_name_of_the_file_chooses_the_format(
    command: Command, tmp_path: Path, name: str, start: bytes
) -> None:
    command.out("sql", "SELECT 1 AS a", "-o", tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)


def test_the_table_is_aligned_and_numbers_stand_to_the_right(command: Command) -> None:
    lines = command.out("sql", "SELECT * FROM (VALUES (1, 'a'), (100, 'long'), (NULL, NULL)) AS t (n, word)")
    assert lines == "  n  word\n  1  a\n100  long\n\n"


def test_a_pipe_gets_lines_of_any_length_without_colour(command: Command) -> None:
    text = command.out("sql", "SELECT repeat('x', 500) AS a, repeat('y', 500) AS b")
    assert text.splitlines()[1] == "x" * 500 + "  " + "y" * 500


def test_a_value_can_not_command_the_terminal(command: Command) -> None:
    text = command.out("sql", r"SELECT E'\x1b[31mred\n' AS a")
    assert text == "a\n\\x1b[31mred\\n\n"


def test_json_has_null_for_what_json_can_not_carry(command: Command) -> None:
    rows = command.json("sql", "SELECT 'NaN'::float8 AS a, 'infinity'::float8 AS b, 'NaN'::numeric AS c")
    assert rows == [{"a": None, "b": None, "c": None}]


def test_a_format_that_can_not_hold_the_rows_says_so_and_writes_nothing(
    command: Command, tmp_path: Path
) -> None:
    result = command("sql", "SELECT 'η' AS a", "-o", tmp_path / "a.fits")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: fits can't hold these rows")
    assert list(tmp_path.glob("**/a.fits")) == []
    result = command("sql", "SELECT 1 AS a, 2 AS a", "--format", "json")
    assert "two columns named a" in result.stderr


def test_a_file_stays_as_it_was_if_the_query_fails(command: Command, tmp_path: Path) -> None:
    kept = tmp_path / "kept.csv"
    kept.write_text("before")
    assert command("sql", "SELECT 1/0", "-o", kept).exit_code == 1
    assert kept.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".butler")] == []


def test_standard_output_carries_binary_formats_too(command: Command) -> None:
    result = command("sql", "SELECT 7 AS a", "--format", "parquet")
    table = pyarrow.parquet.read_table(io.BytesIO(result.stdout_bytes))
    assert table.to_pydict() == {"a": [7]}


def test_a_terminal_gets_a_bold_head_unless_it_wants_no_colour(repo: Path) -> None:
    words = ("-r", repo, "sql", "SELECT 1 AS a")
    assert on_a_terminal(*words) == (0, "\033[1ma\033[0m\n1\n")
    assert on_a_terminal(*words, NO_COLOR="1") == (0, "a\n1\n")


def test_a_terminal_too_narrow_for_the_table_gets_a_paragraph_a_row(repo: Path) -> None:
    select = "SELECT n, repeat('x', 60) AS text FROM generate_series(1, 2) AS n"
    _, shown = on_a_terminal("-r", repo, "sql", select, columns=40)
    assert shown == f"n     1\ntext  {'x' * 60}\n\nn     2\ntext  {'x' * 60}\n\n"


def test_a_binary_format_is_refused_on_a_terminal(repo: Path) -> None:
    status, shown = on_a_terminal("-r", repo, "sql", "SELECT 1 AS a", "-f", "fits")
    assert status == 2
    assert "name a file by --output" in shown


def test_a_terminal_shows_progress_and_a_pipe_none(filled: Butler, repo: Path, command: Command) -> None:
    assert "verify" in on_a_terminal("-r", repo, "verify")[1]
    assert command("verify").output == "registry and datastore agree\n"
    assert command("-q", "verify").output == ""


def test_times_in_a_parquet_file_are_times(command: Command, tmp_path: Path) -> None:
    command.out("sql", SELECT, "-o", tmp_path / "a.parquet")
    first = pyarrow.parquet.read_table(tmp_path / "a.parquet")["at"][0].as_py()
    assert first.astimezone(UTC) == datetime(2026, 3, 1, 0, 0, 1, tzinfo=UTC)


def test_a_votable_keeps_the_types_of_numbers(command: Command, tmp_path: Path) -> None:
    command.out("sql", SELECT, "-o", tmp_path / "a.vot")
    table = Table.read(tmp_path / "a.vot")
    assert table["number"].dtype.kind == "i"
    assert table["float"].dtype == np.float64
