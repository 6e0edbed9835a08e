from __future__ import annotations

import pickle
import re
from inspect import signature
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.nddata import CCDData

from butler import Butler, DatasetRef, DatasetType
from butler.errors import (
    ConfigError,
    DatabaseUnavailableError,
    DatasetExistsError,
    DatasetNotFoundError,
    InvalidDataIdError,
    PermissionDeniedError,
    StorageClassError,
)

DATA_ID = {"camera": "Cam", "visit": 7, "sensor": 1}


@pytest.fixture
def butler(butler: Butler) -> Butler:
    registry = butler.registry
    registry.definitions.register_camera(
        {
            "camera": "Cam",
            "sensors": [{"sensor": 1, "sensor_name": "S1"}, {"sensor": 2, "sensor_name": "S2"}],
            "filters": [{"physical_filter": "Cam-r", "abstract_filter": "r"}],
        }
    )
    registry.definitions.register_units(
        "visit",
        [{"camera": "Cam", "visit": v, "visit_name": f"n{v}", "physical_filter": "Cam-r"} for v in (7, 8)],
    )
    registry.definitions.register_units(
        "observed_sensor", [{"camera": "Cam", "visit": v, "sensor": s} for v in (7, 8) for s in (1, 2)]
    )
    for name, storage_class in [("calexp", "Exposure"), ("stats", "Dict")]:
        registry.definitions.register_dataset_type(DatasetType(name, storage_class, ("visit", "sensor")))
    return butler


def test_what_is_put_comes_back_equal(butler: Butler) -> None:
    ref = butler.put({"mean": 1.5}, "stats", DATA_ID)
    assert butler.get("stats", DATA_ID) == {"mean": 1.5}
    assert butler.get(ref) == {"mean": 1.5}
    assert butler.exists("stats", DATA_ID)
    assert ref.run == "u/me/first"


def test_what_exists_is_asked_of_a_component_at_a_time_and_in_other_collections(butler: Butler) -> None:
    butler.put({}, "stats", DATA_ID)
    before = butler.registry.query("SELECT clock_timestamp()").scalar()
    butler.put(CCDData(np.ones((3, 4)), unit="adu"), "calexp", DATA_ID, run="u/me/other")
    assert not butler.exists("calexp", DATA_ID)
    assert butler.exists("calexp.wcs", DATA_ID, collections="u/me/other")
    assert not butler.exists("calexp", DATA_ID, collections="u/me/other", as_of=before)
    with pytest.raises(StorageClassError, match="Did you mean 'wcs'"):
        butler.exists("calexp.wsc", DATA_ID, collections="u/me/other")
    assert butler.uri("calexp", DATA_ID, collections="u/me/other").endswith(".fits")
    assert butler.get_deferred("calexp.bbox", DATA_ID, collections="u/me/other").get() == (0, 0, 4, 3)
    with pytest.raises(StorageClassError, match="Did you mean 'wcs'"):
        butler.uri("calexp", DATA_ID, component="wsc", collections="u/me/other")


def test_a_component_that_there_is_not_is_refused_when_it_is_named(butler: Butler) -> None:
    butler.put(CCDData(np.ones((3, 4)), unit="adu"), "calexp", DATA_ID)
    with pytest.raises(StorageClassError, match="Did you mean 'wcs'"):
        butler.get_deferred("calexp.wsc", DATA_ID)
    with pytest.raises(InvalidDataIdError, match="'image' is named, and 'wcs' besides"):
        butler.get("calexp.image", DATA_ID, component="wcs")


def test_what_is_neither_a_name_nor_a_ref_is_refused(butler: Butler) -> None:
    ref = butler.put({}, "stats", DATA_ID)
    ask: Any
    for ask in (butler.get, butler.exists, butler.uri, butler.find):
        with pytest.raises(InvalidDataIdError, match="neither the name of a dataset type nor a DatasetRef"):
            ask(ref.id)
    when: Any = 5
    with pytest.raises(InvalidDataIdError, match="5 is not a time"):
        butler.find("stats", DATA_ID, as_of=when)
    store: Any = "main"
    with pytest.raises(ConfigError, match="'str' is not a datastore"):
        Butler(registry=butler.registry, datastore=store)


def test_a_quantum_that_has_not_begun_reads_nothing(butler: Butler) -> None:
    butler.put({}, "stats", DATA_ID)
    with pytest.raises(ConfigError, match="hasn't begun"):
        butler.quantum("look", DATA_ID).get("stats", DATA_ID)


def test_short_ways_say_what_they_take(butler: Butler) -> None:
    assert str(signature(butler.remove)) == str(signature(butler.removal.remove))
    assert Butler.verify.__doc__ == type(butler.maintenance).verify.__doc__
    with pytest.raises(TypeError, match="raeson"):
        butler.unstore([], raeson="typed in haste")  # type: ignore[call-arg]


def test_names_and_todays_words_are_understood(butler: Butler) -> None:
    butler.put({"mean": 1}, "stats", DATA_ID)
    assert butler.get("stats", exposure="n7", detector="S1") == {"mean": 1}


def test_a_component_and_a_section_are_read_alone(butler: Butler) -> None:
    image = CCDData(np.arange(12.0).reshape(3, 4), unit="adu", meta={"OBJECT": "M31"})
    butler.put(image, "calexp", DATA_ID)
    assert butler.get("calexp.metadata", DATA_ID)["OBJECT"] == "M31"
    section = butler.get("calexp", DATA_ID, parameters={"bbox": (1, 0, 2, 2)})
    np.testing.assert_array_equal(section.data, [[1, 2], [5, 6]])


def test_get_takes_one_statement_and_put_two(butler: Butler, statements: list[str]) -> None:
    butler.put({}, "stats", DATA_ID)
    statements.clear()
    butler.put({}, "stats", DATA_ID, visit=8)
    assert len(statements) == 2
    statements.clear()
    butler.get("stats", DATA_ID)
    assert len(statements) == 1
    statements.clear()
    butler.put_many([({}, {**DATA_ID, "sensor": 2, "visit": visit}) for visit in (7, 8)], "stats")
    assert len(statements) == 2


def test_get_of_what_is_not_there_says_what_is_near(butler: Butler) -> None:
    butler.put({}, "stats", DATA_ID)
    with pytest.raises(DatasetNotFoundError, match=r"sensor=2.*u/me/first(?s:.*)sensor=1") as caught:
        butler.get("stats", DATA_ID, sensor=2)
    assert caught.value.details["searched"] == ["u/me/first"]


def test_the_first_collection_that_has_it_wins(butler: Butler) -> None:
    butler.put({"n": 1}, "stats", DATA_ID, run="one")
    butler.put({"n": 2}, "stats", DATA_ID, run="two")
    assert butler.get("stats", DATA_ID, collections=["one", "two"]) == {"n": 1}
    assert butler.get("stats", DATA_ID, collections=["two", "one"]) == {"n": 2}
    assert [r.run for r in butler.query.datasets("stats", collections=["two", "one"])] == ["two"]
    assert len(butler.query.datasets("stats", collections=["two", "one"], find_first=False)) == 2


def test_a_second_put_is_refused_and_leaves_nothing(butler: Butler) -> None:
    butler.put({"n": 1}, "stats", DATA_ID)
    before = sorted(butler.datastore.inventory.paths())
    with pytest.raises(DatasetExistsError):
        butler.put({"n": 2}, "stats", DATA_ID)
    assert sorted(butler.datastore.inventory.paths()) == before
    assert butler.get("stats", DATA_ID) == {"n": 1}
    assert list(butler.verify()) == []


def test_an_object_of_the_wrong_type_is_refused_and_leaves_nothing(butler: Butler) -> None:
    with pytest.raises(StorageClassError):
        butler.put(CCDData(np.zeros((2, 2)), unit="adu"), "stats", DATA_ID)
    assert list(butler.verify()) == []
    assert not butler.exists("stats", DATA_ID)


def test_a_file_is_named_after_its_labels(butler: Butler) -> None:
    ref = butler.put({}, "stats", DATA_ID)
    assert ref.artifacts
    (artifact,) = ref.artifacts
    assert artifact.path == f"u/me/first/stats/stats_Cam_n7_S1_{ref.id.hex}.json"
    assert butler.uri("stats", DATA_ID) == butler.datastore.root + artifact.path


def test_a_run_is_made_and_described_at_its_first_use(butler: Butler) -> None:
    butler.put({}, "stats", DATA_ID)
    (row,) = butler.registry.query("SELECT environment FROM run WHERE run = 'u/me/first'")
    environment = butler.get(butler.registry.lookup.get_dataset(row.environment))
    assert "numpy" in environment["packages"]


def test_a_quantum_records_what_it_read_and_made(butler: Butler) -> None:
    source = butler.put({"n": 1}, "stats", DATA_ID)
    other = butler.put({"n": 1}, "stats", DATA_ID, sensor=2)
    with butler.quantum("double", inputs=[source, other], visit=8) as quantum:
        made = quantum.put({"n": 2 * quantum.get(source)["n"]}, "stats", DATA_ID, visit=8)
    rows = butler.registry.query(
        "SELECT c.dataset_id, c.actual FROM dataset_consumer AS c JOIN dataset AS d USING (quantum_id)"
        " WHERE d.dataset_id = :made",
        {"made": str(made.id)},
    )
    assert {row.dataset_id: row.actual for row in rows} == {source.id: True, other.id: False}
    (row,) = butler.registry.query("SELECT status, task FROM quantum")
    assert tuple(row) == ("done", "double")


def test_a_quantum_that_raises_stays_as_failed_with_its_inputs(butler: Butler) -> None:
    source = butler.put({"n": 1}, "stats", DATA_ID)

    def divide() -> None:
        with butler.quantum("divide", inputs=[source]) as quantum:
            print(1 / (quantum.get(source)["n"] - 1))

    with pytest.raises(ZeroDivisionError):
        divide()
    (row,) = butler.registry.query(
        "SELECT q.status, q.message, c.actual FROM quantum AS q JOIN dataset_consumer AS c USING (quantum_id)"
    )
    assert tuple(row) == ("failed", "ZeroDivisionError: division by zero", True)


def test_a_ref_found_before_is_read_without_asking_again(butler: Butler, statements: list[str]) -> None:
    ref = butler.put({"n": 1}, "stats", DATA_ID)
    statements.clear()
    assert butler.get(ref) == {"n": 1}
    assert statements == []


def test_a_deferred_dataset_is_found_at_once(butler: Butler) -> None:
    butler.put({"n": 1}, "stats", DATA_ID)
    assert butler.get_deferred("stats", DATA_ID).get() == {"n": 1}
    with pytest.raises(DatasetNotFoundError):
        butler.get_deferred("stats", DATA_ID, visit=8)


def _read_elsewhere(butler: Butler) -> object:
    return butler.get("stats", DATA_ID)


def test_a_butler_can_be_sent_to_a_worker_and_used_after_a_fork(butler: Butler) -> None:
    butler.put({"n": 1}, "stats", DATA_ID)
    assert pickle.loads(pickle.dumps(butler)).get("stats", DATA_ID) == {"n": 1}
    for method in ("fork", "spawn"):
        with get_context(method).Pool(2) as pool:
            assert pool.map(_read_elsewhere, [butler] * 4) == [{"n": 1}] * 4


def test_values_are_hashable_and_pickle(butler: Butler) -> None:
    ref = butler.put({"n": 1}, "stats", DATA_ID)
    copy: DatasetRef = pickle.loads(pickle.dumps(ref))
    assert copy == ref
    assert hash(copy) == hash(ref)


def losing_the_answer(butler: Butler, monkeypatch: pytest.MonkeyPatch, *, times: int, done: bool) -> None:
    """Break the connection while puts are registered, some times, after or before the server has done it."""
    puts = butler.registry.puts
    put, left = puts.put, [times]

    def put_and_lose_the_answer(*arguments: Any, **options: Any) -> int:
        if not left[0]:
            return put(*arguments, **options)
        left[0] -= 1
        if done:
            put(*arguments, **options)
        raise DatabaseUnavailableError("the connection broke", details={"carried_out": None})

    monkeypatch.setattr(puts, "put", put_and_lose_the_answer)


@pytest.mark.parametrize("done", [True, False])
def test_a_put_whose_answer_was_lost_is_put_once(
    butler: Butler, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    losing_the_answer(butler, monkeypatch, times=1, done=done)
    ref = butler.put({"n": 1}, "stats", DATA_ID)
    assert butler.get(ref) == butler.get("stats", DATA_ID) == {"n": 1}
    assert list(butler.verify()) == []


@pytest.mark.parametrize("done", [True, False])
def test_of_a_put_whose_answers_were_lost_the_bytes_stay(
    butler: Butler, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    """Nobody knows whether they are a dataset's; if not, the reaper takes them in time."""
    losing_the_answer(butler, monkeypatch, times=2, done=done)
    with pytest.raises(DatabaseUnavailableError):
        butler.put({"n": 1}, "stats", DATA_ID)
    assert butler.exists("stats", DATA_ID) == done
    assert [finding.fault for finding in butler.verify()] == [] if done else ["in flight"]


def test_of_a_put_that_was_done_and_is_then_refused_the_bytes_stay(
    butler: Butler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is frozen between the lost answer and the second time."""
    puts, put, calls = butler.registry.puts, butler.registry.puts.put, []

    def put_freeze_and_lose_the_answer(*arguments: Any, **options: Any) -> int:
        calls.append(1)
        if len(calls) > 1:
            return put(*arguments, **options)
        put(*arguments, **options)
        butler.collections.freeze("u/me/first")
        raise DatabaseUnavailableError("the connection broke", details={"carried_out": None})

    monkeypatch.setattr(puts, "put", put_freeze_and_lose_the_answer)
    with pytest.raises(DatabaseUnavailableError, match="the connection broke"):
        butler.put({"n": 1}, "stats", DATA_ID)
    assert butler.get("stats", DATA_ID) == {"n": 1}
    assert list(butler.verify()) == []


def test_a_put_that_is_refused_leaves_nothing(butler: Butler) -> None:
    butler.put({}, "stats", DATA_ID, sensor=2)
    butler.collections.freeze("u/me/first")
    with pytest.raises(PermissionDeniedError, match=r"frozen(?s:.*)'collection freeze --release'"):
        butler.put({"n": 1}, "stats", DATA_ID)
    assert not butler.exists("stats", DATA_ID)
    assert list(butler.verify()) == []


def test_a_run_that_was_removed_since_the_last_put_is_made_anew(butler: Butler) -> None:
    first = butler.put({"n": 1}, "stats", DATA_ID)
    butler.removal.remove_collection("u/me/first", datasets=True)
    second = butler.put({"n": 2}, "stats", DATA_ID)
    assert butler.get("stats", DATA_ID) == {"n": 2}
    assert second.id != first.id
    assert butler.exists("run_environment", {})
    assert list(butler.verify()) == []


def test_a_put_is_one_statement_once_its_run_and_units_were_seen(
    butler: Butler, statements: list[str]
) -> None:
    butler.put({}, "stats", DATA_ID)

    def sent(work: Any) -> list[str]:
        statements.clear()
        work()
        return [re.findall(r"butler\.(\w+)", sql)[-1] for sql in statements]

    assert sent(lambda: butler.put({}, "stats", DATA_ID, run="u/me/first", sensor=2)) == [
        "prepare_put",
        "put",
    ]
    assert sent(lambda: butler.put({}, "stats", DATA_ID, visit=8)) == ["prepare_put", "put"]
    assert sent(lambda: butler.put({}, "stats", DATA_ID, visit=8, sensor=2)) == ["put"]
    butler.put({}, "stats", DATA_ID, run="u/me/second")
    assert sent(lambda: butler.put({}, "stats", DATA_ID, run="u/me/second", sensor=2)) == ["put"]


def test_what_is_large_is_refused_before_it_is_written(
    butler: Butler, monkeypatch: pytest.MonkeyPatch
) -> None:
    butler.put({"n": 1}, "stats", DATA_ID)
    written: list[Any] = []
    monkeypatch.setattr(butler.datastore, "put", lambda *arguments: written.append(arguments))
    with pytest.raises(DatasetExistsError):
        butler.put({"text": "x" * (1 << 20)}, "stats", DATA_ID)
    assert written == []


def test_the_butlers_own_run_need_not_be_there_to_read_from_the_others(butler: Butler, repo: Path) -> None:
    butler.put({"n": 1}, "stats", DATA_ID)
    with Butler(repo, run="u/me/second", collections=["u/me/first"]) as second:
        assert second.get("stats", DATA_ID) == {"n": 1}
        assert second.exists("stats", DATA_ID)
        assert [ref.run for ref in second.query.datasets("stats")] == ["u/me/first"]
        assert "u/me/second" not in {c.name for c in second.registry.collections.matching()}
