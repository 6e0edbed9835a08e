"""Comparing registry and datastore, whatever the rows hold and whoever is at work."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from butler import Butler, DatasetType
from butler.errors import ButlerError, FormatError
from butler.registry.postgres.engine import one_transaction
from butler.schema.install import create_layer


@pytest.fixture
def butler(butler: Butler) -> Butler:
    butler.registry.definitions.register_dataset_type(DatasetType("note", "Text", ("label",)))
    butler.registry.definitions.register_units("label", [{"label": name} for name in "abc"])
    butler.put("a", "note", label="a")
    return butler


@pytest.fixture
def layer(butler: Butler, database: Any, repo: Path) -> Iterator[Butler]:
    with one_transaction(database.dsn("owner")) as connection:
        create_layer(connection, "mydb_me", "butler")
    with Butler(repo, run="u/me/mine", registry="mydb_me") as layer:
        yield layer


def accept_any_path(owner: psycopg2.extensions.connection) -> None:
    """Make the database as lenient as one that other programs write to."""
    with owner.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint"
            " WHERE contype = 'c' AND conrelid = 'butler_internal.artifact'::regclass"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE butler_internal.artifact DROP CONSTRAINT {name}")


@pytest.mark.parametrize("path", ["http://u:p@h/x", "%2e%2e/x", "a://[x", "a%00b", "x//y", "file://host/x"])
def test_a_row_that_cannot_be_read_is_one_fault_and_the_others_are_compared(
    butler: Butler, owner: psycopg2.extensions.connection, path: str
) -> None:
    odd, missing = butler.put("b", "note", label="b"), butler.put("c", "note", label="c")
    assert odd.artifacts
    assert missing.artifacts
    butler.datastore.remove([*odd.artifacts, *missing.artifacts])
    accept_any_path(owner)
    with owner.cursor() as cursor:
        cursor.execute(
            "UPDATE butler_internal.artifact SET path = %s WHERE dataset_id = %s", (path, str(odd.id))
        )
        assert cursor.rowcount == 1
    findings = {finding.dataset_id: finding for finding in butler.verify()}
    assert set(findings) == {str(odd.id), str(missing.id)}
    assert findings[str(missing.id)].fault == "missing"
    assert findings[str(odd.id)].fault == "unreadable"
    assert findings[str(odd.id)].uri == path
    assert path in findings[str(odd.id)].detail
    assert findings[str(odd.id)].remedy


def test_what_a_layer_writes_is_no_orphan_of_its_base_nor_the_other_way_round(
    butler: Butler, layer: Butler
) -> None:
    for at_work, other in ((layer, butler), (butler, layer)):
        at_work.put("there", "note", label="b")
        assert list(at_work.verify(older_than=timedelta(0))) == []
        assert list(other.verify(older_than=timedelta(0))) == []


# What isn't a file ------------------------------------------------------------


def a_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


SPECIAL: dict[str, Callable[[Path], Path]] = {
    "a pipe": a_pipe,
    "a folder": lambda folder: folder,
    "a device": lambda _: Path("/dev/zero"),
    "the kernel's log": lambda _: Path("/proc/kmsg"),
    "a process's memory": lambda _: Path("/proc/self/mem"),
    "a kernel's setting": lambda _: Path("/sys/kernel/uevent_seqnum"),
}


@pytest.fixture(params=SPECIAL)
def special(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = SPECIAL[request.param](tmp_path)
    if not file.exists():
        pytest.skip(f"this system has no {file}")
    return file


def say_it_is_there(
    owner: psycopg2.extensions.connection, butler: Butler, label: str, path: str, size: int
) -> None:
    """Write a path into a dataset's row, as somebody may from psql."""
    with owner.cursor() as cursor:
        cursor.execute(
            "UPDATE butler_internal.artifact SET path = %s, size = %s, sha256 = %s WHERE dataset_id = %s",
            (path, size, hashlib.sha256().digest(), str(butler.find("note", label=label).id)),
        )
        assert cursor.rowcount == 1


@pytest.mark.parametrize("formatter", ["text", "fits-image"])
def test_a_row_that_names_what_is_no_file_makes_nobody_wait(
    butler: Butler, owner: psycopg2.extensions.connection, special: Path, formatter: str
) -> None:
    """Not even if its size is what the system says, 0 of most of these."""
    say_it_is_there(owner, butler, "a", special.as_uri(), special.stat().st_size)
    with owner.cursor() as cursor:
        cursor.execute("UPDATE butler_internal.artifact SET formatter = %s", (formatter,))
    for options in ({}, {"time_limit": timedelta(hours=1)}, {"checksum": False}):
        finding = next(iter(butler.verify(**options)))
        assert (finding.fault, finding.uri) == ("unreadable", special.as_uri())
        assert str(special) in finding.detail
    with pytest.raises(FormatError, match=re.escape(str(special))) as refused:
        butler.get("note", label="a")
    assert "Put back the file" in (refused.value.hint or "")


def test_a_file_in_the_datastore_whose_link_leads_to_what_is_none_makes_nobody_wait(
    butler: Butler, owner: psycopg2.extensions.connection, special: Path
) -> None:
    ref = butler.find("note", label="a")
    assert ref.artifacts
    (artifact,) = ref.artifacts
    say_it_is_there(owner, butler, "a", artifact.path, special.stat().st_size)
    file = Path(butler.uri(ref).removeprefix("file://"))
    file.unlink()
    file.symlink_to(special)
    finding = next(iter(butler.verify()))
    assert (finding.fault, finding.uri) == ("unreadable", artifact.path)
    with pytest.raises(FormatError):
        butler.get("note", label="a")


@pytest.mark.parametrize("mode", ["in-place", "symlink", "copy", "move", "hardlink"])
def test_what_is_no_file_is_not_ingested(butler: Butler, special: Path, mode: str) -> None:
    with pytest.raises(FormatError, match=re.escape(str(special))):
        butler.ingest([(special, {"label": "b"})], "note", mode=mode)
    assert list(butler.verify()) == []


@pytest.mark.parametrize("size", [0, 1, 2**63 - 1])
def test_a_file_that_yields_more_than_its_size_is_refused_on_a_file_system_that_nobody_knows(
    butler: Butler, owner: psycopg2.extensions.connection, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr("butler.datastore.special_files._ordinary", set())
    monkeypatch.setattr("butler.datastore.special_files._MADE_UP", frozenset())
    say_it_is_there(owner, butler, "a", "file:///proc/self/status", size)
    finding = next(iter(butler.verify()))
    assert finding.fault == ("size" if size else "unreadable")
    with pytest.raises(ButlerError):
        butler.get("note", label="a")
    with pytest.raises(FormatError, match="said to have 0 bytes"):
        butler.ingest([("/proc/self/status", {"label": "b"})], "note", mode="in-place")
