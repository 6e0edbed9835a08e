"""The one server of a run, and a copy of what was made once for each workload and side."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import IO, Any

import psycopg2

from benchmarks.place import Place
from benchmarks.sides import limit, ours
from benchmarks.work import Work
from butler.testing.databases import copied
from butler.testing.postgres import TemporaryServer
from butler.testing.relay import Relay

PROJECT = Path(__file__).parents[1]

_RECENTLY_DELETED = 36.0
"""Seconds."""


class WorkerFailed(Exception):
    """A side's process said no; the message is its traceback."""


class Process:
    """A side's process, which does what it is told.

    Parameters
    ----------
    python : `str`
        The interpreter of the side's environment.
    side : `str`
        Which side it is.
    place : `~benchmarks.place.Place`
        Where it works.
    """

    def __init__(self, python: str, side: str, place: Place) -> None:
        self._side = side
        self._process = subprocess.Popen(
            [python, "-m", "benchmarks.worker", side, json.dumps(asdict(place), default=str)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
            env=os.environ | {"PYTHONPATH": str(PROJECT)},
        )

    def do(self, command: str, **arguments: Any) -> Any:
        """Have it do something, and wait for the result.

        Raises
        ------
        WorkerFailed
            If it fails.
        """
        questions: IO[str] = self._process.stdin  # type: ignore[assignment]
        answers: IO[str] = self._process.stdout  # type: ignore[assignment]
        questions.write(json.dumps({"do": command, **arguments}) + "\n")
        questions.flush()
        line = answers.readline()
        answer = json.loads(line) if line else {"failure": "it ended"}
        if "failure" in answer:
            raise WorkerFailed(f"{self._side}: {command}: {answer['failure']}")
        return answer["result"]

    def end(self) -> None:
        """Let it go."""
        self._process.communicate()


class Arena:
    """A server with durable settings, in which each side has been made once.

    Parameters
    ----------
    server : `~butler.testing.postgres.TemporaryServer`
        Started already.
    folder : `pathlib.Path`
        For repositories and files.
    pythons : `dict` [`str`, `str`]
        The interpreter of each side.
    survey : `int`
        How many datasets of one type the survey has.
    """

    def __init__(self, server: TemporaryServer, folder: Path, pythons: dict[str, str], survey: int) -> None:
        self._server = server
        self._folder = folder
        self._pythons = pythons
        self._survey = survey
        self._places = 0
        self._made = cache(self._make)
        self._filled = cache(self._fill)

    @contextmanager
    def side(self, side: str, work: Work, size: int) -> Iterator[Process]:
        """Give a side's process, ready for a workload, in a place of its own."""
        template = (self._filled if work.filled else self._made)(side)
        with self._copied(template) as place, self._delayed(place, work.delay) as near:
            self._adopt(side, near, template)
            process = Process(self._pythons[side], side, near)
            try:
                process.do("prepare", work=work.name, size=size)
                yield process
            finally:
                process.end()
                shutil.rmtree(near.folder)

    def settle(self) -> None:
        """Let the disk come to rest, so that nobody pays for what another has deleted.

        Without a journal, ext4 makes no file in the place of one that was deleted less than 5 s
        ago, or 35 s, where that isn't on disk yet; whoever makes one looks through all of these
        first, which took up to 0.8 ms a file here.
        """
        os.sync()
        time.sleep(_RECENTLY_DELETED)

    def server_version(self) -> str:
        """Give the version of the server."""
        connection = psycopg2.connect(self._server.dsn("postgres"))
        try:
            return str(connection.get_parameter_status("server_version")).split()[0]
        finally:
            connection.close()

    def _make(self, side: str) -> Place:
        place = self._new(side)
        self._execute(f"CREATE DATABASE {place.database}")
        return self._grown(side, place, "make")

    def _fill(self, side: str) -> Place:
        template = self._made(side)
        place = replace(self._new(side), data=template.data)
        self._execute(f"CREATE DATABASE {place.database} TEMPLATE {template.database} STRATEGY FILE_COPY")
        self._adopt(side, place, template)
        return self._grown(side, place, "fill")

    def _grown(self, side: str, place: Place, how: str) -> Place:
        process = Process(self._pythons[side], side, place)
        try:
            process.do(how)
        finally:
            process.end()
        self._execute("VACUUM ANALYZE", place.database)
        return place

    def _adopt(self, side: str, place: Place, template: Place) -> None:
        """Make a repository of a copied database."""
        if side == "peer":
            # Its configuration is a file that names the database.
            place.folder.mkdir(parents=True)
            original = (template.folder / "butler.yaml").read_text()
            (place.folder / "butler.yaml").write_text(
                original.replace(template.database, place.database).replace(self._server.host, place.host)
            )
        else:
            {"ours": ours, "limit": limit}[side].adopt(place)

    def _new(self, side: str) -> Place:
        self._places += 1
        name = f"{side}_{self._places}"
        return Place(
            host=self._server.host,
            database=name,
            folder=self._folder / name,
            data=self._folder / f"{side}-data",
            raws=self._folder / "raws",
            survey=self._survey,
        )

    @contextmanager
    def _copied(self, template: Place) -> Iterator[Place]:
        with copied(self._server, template.database) as copy:
            yield replace(template, database=copy.name, folder=self._folder / copy.name)

    @contextmanager
    def _delayed(self, place: Place, delay: float) -> Iterator[Place]:
        if not delay:
            yield place
            return
        with Relay(place.host, round_trip=delay) as relay:
            yield replace(place, host=relay.host)

    def _execute(self, statement: str, database: str = "postgres") -> None:
        connection = psycopg2.connect(self._server.dsn(database))
        try:
            connection.autocommit = True
            connection.cursor().execute(statement)
        finally:
            connection.close()


@contextmanager
def arena(peer_python: str | None, survey: int) -> Iterator[Arena]:
    """Make a server and a folder for one run; both are gone with it.

    Parameters
    ----------
    peer_python : `str`, optional
        The interpreter that has the peer installed.
    survey : `int`
        How many datasets of one type the survey has.
    """
    pythons = {"ours": sys.executable, "limit": sys.executable}
    if peer_python:
        pythons["peer"] = peer_python
    with (
        TemporaryServer(durable=True) as server,
        tempfile.TemporaryDirectory(prefix="butler-bench-") as folder,
    ):
        yield Arena(server, Path(folder), pythons, survey)
