"""What PostgreSQL and the disk can do at all: bare tables with their keys, psycopg2, files.

No butler could do without these rows, their primary keys, and one look-up by data ID.
"""

from __future__ import annotations

import hashlib
import io
import os
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import survey
from benchmarks.place import Place

FILLED = 1

_TABLES = """
CREATE TABLE dataset (
    dataset_id uuid PRIMARY KEY,
    run integer NOT NULL,
    dataset_type integer NOT NULL,
    camera text NOT NULL,
    visit bigint NOT NULL,
    sensor integer NOT NULL,
    created timestamptz NOT NULL DEFAULT now(),
    UNIQUE (run, dataset_type, camera, visit, sensor)
);
CREATE TABLE artifact (
    dataset_id uuid PRIMARY KEY,
    path text NOT NULL,
    formatter text NOT NULL,
    size bigint NOT NULL,
    sha256 bytea NOT NULL
);
CREATE TABLE tag (
    collection integer NOT NULL,
    dataset_id uuid NOT NULL,
    PRIMARY KEY (collection, dataset_id)
);
"""
_PUT = """
WITH registered AS (
    INSERT INTO dataset (dataset_id, run, dataset_type, camera, visit, sensor)
    VALUES (%(id)s::uuid, %(run)s, 1, %(camera)s, %(visit)s, %(sensor)s)
)
INSERT INTO artifact VALUES (%(id)s::uuid, %(path)s, 'json', %(size)s, %(sha256)s)
"""
_FIND = """
SELECT d.dataset_id, a.path FROM dataset AS d INNER JOIN artifact AS a USING (dataset_id)
WHERE d.run = %s AND d.dataset_type = 1 AND d.camera = %s AND d.visit = %s AND d.sensor = %s
"""


def connect(place: Place) -> Any:
    """Connect, each statement its own transaction."""
    import psycopg2

    connection = psycopg2.connect(place.dsn())
    connection.autocommit = True
    return connection


def adopt(place: Place) -> None:
    """Make the place's database, a copy, this place's own."""
    place.folder.mkdir(parents=True)


def make(place: Place) -> None:
    """Make the bare tables."""
    adopt(place)
    connect(place).cursor().execute(_TABLES)


def fill(place: Place) -> None:
    """Load rows of the survey's raws."""
    copy(connect(place).cursor(), staged(place, place.survey, FILLED))


def write_durably(file: Path, content: bytes) -> None:
    """Write a file so that it is there, whole, after a crash."""
    draft = file.with_suffix(".partial")
    with draft.open("wb") as output:
        output.write(content)
        output.flush()
        os.fsync(output.fileno())
    draft.rename(file)


def put(cursor: Any, folder: Path, run: int, observed: survey.Observed, content: bytes) -> None:
    """Write a file, and its rows by one statement."""
    file = folder / f"{run}_{observed.visit}_{observed.sensor}.json"
    write_durably(file, content)
    cursor.execute(
        _PUT,
        {
            "id": str(uuid.uuid4()),
            "run": run,
            "camera": survey.CAMERA,
            "visit": observed.visit,
            "sensor": observed.sensor,
            "path": str(file),
            "size": len(content),
            "sha256": hashlib.sha256(content).digest(),
        },
    )


def get(cursor: Any, run: int, observed: survey.Observed) -> bytes:
    """Look a file up by an index, and read it."""
    cursor.execute(_FIND, (run, survey.CAMERA, observed.visit, observed.sensor))
    ((_, path),) = cursor.fetchall()
    return Path(path).read_bytes()


def staged(place: Place, count: int, run: int, first: int = 0) -> tuple[bytes, bytes]:
    """Give rows as COPY takes them: datasets, artifacts."""
    datasets, artifacts = [], []
    for number, observed in enumerate(survey.observed(count, first), first):
        dataset_id = uuid.uuid4()
        datasets.append(f"{dataset_id}\t{run}\t1\t{survey.CAMERA}\t{observed.visit}\t{observed.sensor}\n")
        path = place.raws / f"{number // 1000:04d}" / f"{number}.yaml"
        digest = hashlib.sha256(str(number).encode()).hexdigest()
        artifacts.append(f"{dataset_id}\tfile://{path}\tyaml\t9\t\\\\x{digest}\n")
    return "".join(datasets).encode(), "".join(artifacts).encode()


def copy(cursor: Any, rows: Iterable[bytes]) -> None:
    """Load them, as one transaction."""
    datasets, artifacts = rows
    cursor.execute("BEGIN")
    cursor.copy_expert(
        "COPY dataset (dataset_id, run, dataset_type, camera, visit, sensor) FROM STDIN", io.BytesIO(datasets)
    )
    cursor.copy_expert("COPY artifact FROM STDIN", io.BytesIO(artifacts))
    cursor.execute("COMMIT")
