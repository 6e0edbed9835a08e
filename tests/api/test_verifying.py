"""Comparing registry and datastore, whatever the rows hold and whoever is at work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
import pytest

from butler import Butler, DatasetType
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


def test_an_unfinished_put_says_who_began_it_and_when(butler: Butler) -> None:
    (begun,) = butler.registry.puts.begin(
        "u/me/first", "note", [{"label": "b"}], template="{run}/x", datastore=butler.datastore.name
    )
    (finding,) = butler.verify()
    assert (finding.fault, finding.dataset_id) == ("unfinished", str(begun.id))
    assert re.search(r"begun by butler_writer at 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$", str(finding))


def test_a_put_of_an_unknown_storage_class_is_told_and_its_bytes_are_no_orphan(butler: Butler) -> None:
    butler.registry.definitions.register_dataset_type(DatasetType("odd", "OfAPlugIn", ("label",)))
    (begun,) = butler.registry.puts.begin(
        "u/me/first", "odd", [{"label": "a"}], template="{run}/odd", datastore=butler.datastore.name
    )
    butler.datastore.put("at work", begun.id, begun.hint, "Text", "odd", {})
    orphan = butler.datastore.put("nobody's", uuid4(), "u/me/first/odd", "Text", "odd", {})
    findings = list(butler.verify())
    assert [finding.fault for finding in findings] == ["unfinished", "unreadable", "orphan"]
    assert "OfAPlugIn" in findings[1].detail
    assert findings[2].uri == butler.datastore.uri(orphan[0])


def test_what_a_layer_writes_is_no_orphan_of_its_base_nor_the_other_way_round(
    butler: Butler, layer: Butler
) -> None:
    for at_work, other in ((layer, butler), (butler, layer)):
        run = at_work.run or ""
        (begun,) = at_work.registry.puts.begin(
            run, "note", [{"label": "b"}], template="{run}/x", datastore=at_work.datastore.name
        )
        at_work.datastore.put("at work", begun.id, begun.hint, "Text", "note", {})
        assert [finding.fault for finding in at_work.verify()] == ["unfinished"]
        assert [(finding.fault, finding.registry) for finding in other.verify()] == [
            ("unfinished", at_work.registry.name)
        ]
        for dataset_id in at_work.registry.puts.abandon([begun.id]):
            at_work.datastore.inventory.discard(
                at_work.datastore.inventory.expected_paths(dataset_id, begun.hint, "Text", "note")
            )
        assert at_work.registry.puts.forget([begun.id]) == 1
