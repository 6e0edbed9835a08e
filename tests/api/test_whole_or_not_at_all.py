"""Puts that are interrupted, and what follows a put: neither leaves anything half done."""

from __future__ import annotations

from typing import Any

import pytest

from butler import Butler, DatasetType


@pytest.fixture
def butler(butler: Butler) -> Butler:
    butler.registry.definitions.register_dataset_type(DatasetType("note", "Text", ("label",)))
    butler.registry.definitions.register_units("label", [{"label": name} for name in "abc"])
    return butler


@pytest.mark.parametrize("written", [0, 1])
def test_an_interrupt_between_a_write_and_its_return_leaves_nothing(
    butler: Butler, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    put = butler.datastore.put
    done: list[Any] = []

    def put_and_be_interrupted(*arguments: Any) -> Any:
        done.append(put(*arguments))
        if len(done) > written:
            raise KeyboardInterrupt
        return done[-1]

    monkeypatch.setattr(butler.datastore, "put", put_and_be_interrupted)
    with pytest.raises(KeyboardInterrupt):
        butler.put_many([(name, {"label": name}) for name in "abc"], "note")
    assert len(done) == written + 1
    assert list(butler.datastore.inventory.paths()) == []
    assert list(butler.verify()) == []


# The description of a run ----------------------------------------------------


def test_a_put_is_done_even_if_its_run_cannot_be_described(
    butler: Butler, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    put = butler.datastore.put

    def put_on_a_disk_that_is_nearly_full(*arguments: Any) -> Any:
        if arguments[4] == "run_environment":
            raise OSError(28, "No space left on device")
        return put(*arguments)

    monkeypatch.setattr(butler.datastore, "put", put_on_a_disk_that_is_nearly_full)
    ref = butler.put("a", "note", label="a")
    assert butler.get(ref) == butler.get("note", label="a") == "a"
    assert "u/me/first" in caplog.text
    assert "No space left" in caplog.text
    assert list(butler.verify()) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE butler_internal.dataset_type SET dataset_type = 'other' WHERE dataset_type = 'run_environment'",
        "UPDATE butler_internal.dataset_type SET storage_class = 'Table' WHERE dataset_type = 'run_environment'",
    ],
)
def test_a_put_is_done_even_if_nothing_can_hold_descriptions(
    database: Any, butler: Butler, caplog: pytest.LogCaptureFixture, statement: str
) -> None:
    with database.connect("owner").cursor() as cursor:
        cursor.execute(statement)
        assert cursor.rowcount == 1
    butler.put("a", "note", label="a")
    butler.put("b", "note", label="b")
    assert butler.get("note", label="a") == "a"
    assert "isn't recorded" in caplog.text
    assert list(butler.verify()) == []
