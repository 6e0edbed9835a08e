"""PostgreSQL's own programs at work on a database."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from butler.dsn import without_password
from butler.embedded.programs import find_client
from butler.errors import DatabaseError

__all__ = ["dump_schemas", "run_script", "script_of", "tables_in"]

_CHUNK = 1 << 20
_END_OF_ROWS = b"\n\\.\n"
_COMPLAINT = re.compile("error:|detail:|hint:", re.IGNORECASE)


def dump_schemas(
    dsn: str,
    schemas: Iterable[str],
    file: Path,
    *,
    owner: str,
    snapshot: str,
    major: int,
    on_table: Callable[[], None],
) -> None:
    """Dump schemas as a transaction sees them that has exported its snapshot.

    Parameters
    ----------
    dsn : `str`
        Of a login that may become the owner.
    schemas : iterable of `str`
        Their names.
    file : `~pathlib.Path`
        To write.
    owner : `str`
        The role to dump as.
    snapshot : `str`
        Its identifier.
    major : `int`
        The server's version.
    on_table : callable
        Called when the next table begins.

    Raises
    ------
    DatabaseError
        If pg_dump fails; the message is its own.
    """
    url, secret = without_password(dsn)
    command: list[str | Path] = [find_client("pg_dump", major), "--format=custom", f"--file={file}"]
    command += [
        f"--role={owner}",
        f"--snapshot={snapshot}",
        "--verbose",
        *(f"--schema={name}" for name in schemas),
        url,
    ]
    with _running(command, secret, stderr=subprocess.PIPE, text=True) as program:
        assert program.stderr is not None
        said = []
        for line in program.stderr:
            if "dumping contents of table" in line:
                on_table()
            said.append(line)
        program.wait()
        _finish("pg_dump", program, said)


def tables_in(dump: Path, major: int) -> int:
    """Count the tables whose rows a dump holds."""
    done = subprocess.run(
        [find_client("pg_restore", major), "--list", dump], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise DatabaseError(f"{dump} is no dump: {done.stderr.strip()}", hint="Take another backup.")
    return done.stdout.count(" TABLE DATA ")


def script_of(dump: Path, major: int, *, on_table: Callable[[], None]) -> Iterator[bytes]:
    """Give a dump as SQL, a piece at a time.

    Parameters
    ----------
    dump : `~pathlib.Path`
        The file.
    major : `int`
        Version of the program that made it.
    on_table : callable
        Called when the rows of a table are done.

    Raises
    ------
    DatabaseError
        At the end, if the dump can't be read to its end.
    """
    command: list[str | Path] = [find_client("pg_restore", major), "--file=-", dump]
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said,
        _running(command, {}, stdout=subprocess.PIPE, stderr=said) as program,
    ):
        assert program.stdout is not None
        before = b""
        while piece := program.stdout.read(_CHUNK):
            yield piece
            for _ in range((before + piece).count(_END_OF_ROWS)):
                on_table()
            before = piece[1 - len(_END_OF_ROWS) :]
        program.wait()
        said.seek(0)
        _finish("pg_restore", program, said)


def run_script(dsn: str, script: Iterable[bytes], major: int) -> None:
    """Run a script in one transaction, all of it or nothing.

    Parameters
    ----------
    dsn : `str`
        Where.
    script : iterable of `bytes`
        If giving it fails, nothing of it has happened.
    major : `int`
        Version of the programs that made it.

    Raises
    ------
    DatabaseError
        If a statement fails; the message is psql's.
    """
    url, secret = without_password(dsn)
    command: list[str | Path] = [find_client("psql", major), "--no-psqlrc", "--quiet", "--output=/dev/null"]
    command += ["--set=ON_ERROR_STOP=1", "--file=-", url]
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said,
        _running(command, secret, stdin=subprocess.PIPE, stderr=said) as program,
    ):
        assert program.stdin is not None
        with suppress(BrokenPipeError):  # it has ended by an error, and says which
            # Its own --single-transaction commits at the end of its input, also where that comes too soon.
            program.stdin.write(b"BEGIN;\n")
            for piece in script:
                program.stdin.write(piece)
            # Settings of the session would outlive it where a pooler stands between.
            program.stdin.write(b"RESET ALL;\nCOMMIT;\n")
            program.stdin.close()
        program.wait()
        said.seek(0)
        _finish("psql", program, said)


def _running(
    command: Sequence[str | Path], secret: Mapping[str, str], **channels: Any
) -> subprocess.Popen[Any]:
    environment = {**os.environ, **secret, "LC_ALL": "C.UTF-8", "PGOPTIONS": ""}
    words = [str(word) for word in command]
    return subprocess.Popen(words, env=environment, **{"stdin": subprocess.DEVNULL, **channels})


def _finish(name: str, program: subprocess.Popen[Any], said: Iterable[str]) -> None:
    """Raise what a program that has ended complained of."""
    if program.returncode != 0:
        complaints = [line.strip() for line in said if _COMPLAINT.search(line)]
        raise DatabaseError(
            f"{name} failed: {' '.join(complaints) or f'exit status {program.returncode}'}",
            hint="Nothing was changed. Correct what it names, then do the same again.",
        )
