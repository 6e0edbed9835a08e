"""What every `~butler.registry.interfaces.Lookup` must do."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from butler.errors import (
    AmbiguousDataIdError,
    ButlerError,
    CollectionNotFoundError,
    DatasetNotFoundError,
    DatasetTypeNotFoundError,
    InvalidDataIdError,
)
from butler.registry import Registry
from butler.testing.registry.capabilities import CapabilityTests
from butler.testing.registry.contents import HOSTILE_TEXTS, UNSENDABLE_TEXTS, Contents
from butler.testing.registry.fixtures import RAW, found
from butler.values import DataId, DatasetRef

__all__ = ["LookupTests"]

_WRONG: tuple[tuple[Mapping[str, Any], type[ButlerError]], ...] = (
    ({"camera": "Cam", "visit": 1}, InvalidDataIdError),
    ({**RAW, "tract": 1}, InvalidDataIdError),
    ({**RAW, "vist": 1}, InvalidDataIdError),
    ({**RAW, "exposure": 1}, InvalidDataIdError),
    ({**RAW, "sensor": 1.5}, InvalidDataIdError),
    ({**RAW, "sensor": None}, InvalidDataIdError),
    ({**RAW, "sensor": 2**40}, InvalidDataIdError),
    ({"visit": 1, "sensor": 1}, AmbiguousDataIdError),
)


class LookupTests(CapabilityTests):
    """Finding datasets. Only reads: a fixture ``archive`` may give a registry filled in any way."""

    # By data ID and by id ------------------------------------------------------

    def test_a_dataset_is_found_by_its_data_id_and_by_its_id(
        self, archive: Registry, contents: Contents
    ) -> None:
        for ref in contents.datasets:
            for one in (
                archive.lookup.find(ref.dataset_type.name, ref.data_id, [ref.run]),
                archive.lookup.get_dataset(ref.id),
            ):
                assert one == ref
                assert one.artifacts == ref.artifacts
                assert tuple(one.data_id) == ref.dataset_type.units

    def test_units_go_by_today_s_words_and_by_names(self, archive: Registry) -> None:
        wanted = found(archive, ["r/one"])
        assert wanted is not None
        for data_id in (
            {"instrument": "Cam", "exposure": "Cam 1", "detector": "S1"},
            {"sensor": "1", "visit": "1", "camera": "Cam"},
            {"visit": "Cam 1", "sensor": 1},
        ):
            assert found(archive, ["r/one"], data_id) == wanted

    def test_a_camera_is_filled_in_only_where_the_rest_tells_it(self, archive: Registry) -> None:
        ((data_id, _),) = archive.lookup.find_in_run("r/one", "raw", [{"visit": 3, "sensor": 1}])
        assert data_id == {"camera": "Cam", "visit": 3, "sensor": 1}
        with pytest.raises(AmbiguousDataIdError, match="Cam, Spec"):
            archive.lookup.find("raw", {"visit": 1, "sensor": 1}, ["r/one"])

    def test_two_cameras_with_one_visit_number_do_not_meet(self, archive: Registry) -> None:
        spec = {**RAW, "camera": "Spec"}
        assert None is not found(archive, ["r/one"]) != found(archive, ["r/one"], spec) is not None
        assert found(archive, ["r/two"], spec) is None

    def test_a_data_id_that_does_not_fit_is_refused(self, archive: Registry) -> None:
        for data_id, error in _WRONG:
            for required in (True, False):
                with pytest.raises(error) as caught:
                    archive.lookup.find("raw", data_id, ["r/one"], required=required)
                assert caught.value.hint

    def test_what_is_not_there_is_said_to_be(self, archive: Registry) -> None:
        with pytest.raises(DatasetNotFoundError, match="visit=3"):
            archive.lookup.find("raw", {**RAW, "visit": 3}, ["r/one"])
        with pytest.raises(DatasetNotFoundError, match="Cma"):
            archive.lookup.find("raw", {**RAW, "camera": "Cma"}, ["r/one"])
        assert found(archive, ["r/one"], {**RAW, "visit": 3}) is None
        unknown = uuid4()
        with pytest.raises(DatasetNotFoundError, match=str(unknown)):
            archive.lookup.get_dataset(unknown)
        for required in (True, False):
            with pytest.raises(DatasetTypeNotFoundError, match="rwa"):
                archive.lookup.find("rwa", RAW, ["r/one"], required=required)
            with pytest.raises(CollectionNotFoundError, match="r/oen"):
                archive.lookup.find("raw", RAW, ["r/oen"], required=required)
            with pytest.raises(CollectionNotFoundError):
                archive.lookup.find("raw", RAW, [], required=required)

    # In collections --------------------------------------------------------------

    def test_the_first_collection_that_has_it_wins(self, archive: Registry) -> None:
        one, two = found(archive, ["r/one"]), found(archive, ["r/two"])
        assert None is not one != two is not None
        assert found(archive, ["r/one", "r/two"]) == one
        assert found(archive, ["r/two", "r/one"]) == two
        assert found(archive, ["best", "r/one"]) == one

    def test_a_chain_is_searched_through_chains_in_its_order(self, archive: Registry) -> None:
        assert found(archive, ["all"]) == found(archive, ["r/two"])
        assert found(archive, ["r/one", "all"]) == found(archive, ["r/one"])
        spec = {**RAW, "camera": "Spec"}
        assert found(archive, ["inner"], spec) == found(archive, ["best"], spec) is not None

    def test_the_past_is_read_as_it_was(self, archive: Registry) -> None:
        long_ago, later = datetime(2000, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(hours=1)
        there = found(archive, ["r/one"])
        assert found(archive, ["r/one"], as_of=long_ago) is None
        assert found(archive, ["r/one"], as_of=later) == there
        assert found(archive, ["r/one"], as_of=later.isoformat()) == there
        with pytest.raises(DatasetNotFoundError, match="2000"):
            archive.lookup.find("raw", RAW, ["r/one"], as_of=long_ago)

    def test_a_time_without_a_zone_is_refused(self, archive: Registry) -> None:
        for moment in ("yesterday", "2026-01-01T00:00:00", datetime(2026, 1, 1)):
            with pytest.raises(InvalidDataIdError):
                found(archive, ["r/one"], as_of=moment)

    # Many at once ----------------------------------------------------------------

    def test_data_ids_are_completed_in_their_order_and_looked_up_in_one_run(self, archive: Registry) -> None:
        asked: list[Mapping[str, Any]] = [
            {"exposure": "Cam 2", "detector": "S2", "instrument": "Cam"},
            {**RAW, "visit": 3},
            RAW,
        ]
        two, none, one = archive.lookup.find_in_run("r/two", "raw", asked)
        assert two[0] == {"camera": "Cam", "sensor": 2, "visit": 2}
        assert two[1] == found(archive, ["r/two"], two[0]) is not None
        assert none == (DataId({**RAW, "visit": 3}), None)
        assert one == (RAW, found(archive, ["r/two"]))
        assert [tuple(data_id) for data_id, _ in (two, none, one)] == [("camera", "sensor", "visit")] * 3
        assert archive.lookup.find_in_run("r/new", "raw", [RAW]) == [(RAW, None)]
        assert archive.lookup.find_in_run("r/one", "raw", []) == []

    def test_one_error_names_every_data_id_that_does_not_fit(self, archive: Registry) -> None:
        with pytest.raises(InvalidDataIdError) as caught:
            archive.lookup.find_in_run("r/one", "raw", [{"camera": "Cam"}, RAW, {**RAW, "vist": 1}])
        assert [row["row"] for row in caught.value.details["rows"]] == [1, 3]
        assert caught.value.by_row().keys() == {0, 2}

    def test_artifacts_of_many_come_in_the_order_that_was_asked(
        self, archive: Registry, contents: Contents
    ) -> None:
        refs = [replace(ref, artifacts=None) for ref in reversed(contents.datasets)]
        known = archive.lookup.with_artifacts(iter(refs))
        assert known == refs
        assert [ref.artifacts for ref in known] == [ref.artifacts for ref in reversed(contents.datasets)]
        assert archive.lookup.with_artifacts([refs[0], refs[0]]) == [refs[0], refs[0]]
        assert archive.lookup.with_artifacts([]) == []

    def test_that_nothing_is_stored_is_another_thing_than_that_nobody_asked(
        self, archive: Registry, contents: Contents
    ) -> None:
        (bare,) = (ref for ref in contents.datasets if not ref.artifacts)
        nobody_asked = DatasetRef(bare.id, bare.dataset_type, bare.data_id, bare.run)
        assert nobody_asked.artifacts is None
        (asked,) = archive.lookup.with_artifacts([nobody_asked])
        assert asked.artifacts == ()
        assert asked == nobody_asked == archive.lookup.get_dataset(bare.id)

    def test_a_file_is_known_by_its_path(self, archive: Registry, contents: Contents) -> None:
        owners = {one.path: ref.id for ref in contents.datasets for one in ref.artifacts or ()}
        assert archive.lookup.datasets_at("store", [*owners, "nobody.json"]) == owners
        assert archive.lookup.datasets_at(None, [*owners, "nobody.json"]) == owners
        assert archive.lookup.datasets_at("elsewhere", owners) == {}
        assert archive.lookup.datasets_at("store", []) == {}

    # Hostile and busy callers ------------------------------------------------------

    def test_a_text_is_only_ever_a_text_to_look_for(self, archive: Registry) -> None:
        lookup = archive.lookup
        for text in (*HOSTILE_TEXTS, *UNSENDABLE_TEXTS):
            for attempt in (
                lambda text: lookup.find(text, RAW, ["r/one"]),
                lambda text: lookup.find("raw", RAW, [text]),
                lambda text: lookup.find("raw", {**RAW, "camera": text}, ["r/one"]),
                lambda text: lookup.find("raw", {text: text}, ["r/one"]),
                lambda text: lookup.find("raw", RAW, ["r/one"], as_of=text),
                lambda text: lookup.find_in_run("r/one", text, [RAW]),
                lambda text: lookup.find_in_run("r/one", "raw", [{**RAW, text: 1}]),
            ):
                with pytest.raises(ButlerError):
                    attempt(text)
            try:
                assert lookup.datasets_at("store", [text]) == lookup.datasets_at(text, [text]) == {}
            except ButlerError:
                assert text in UNSENDABLE_TEXTS
        assert found(archive, ["r/one"]) is not None

    def test_it_looks_up_from_many_threads(self, archive: Registry, contents: Contents) -> None:
        refs = [*contents.datasets] * 4
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(lambda ref: archive.lookup.get_dataset(ref.id), refs)) == refs

    def test_it_looks_up_in_workers_and_again_after_it_was_closed(self, archive: Registry) -> None:
        wanted = found(archive, ["r/one"])
        copy: Registry = pickle.loads(pickle.dumps(archive))
        assert found(copy, ["r/one"]) == wanted
        copy.close()
        archive.close()
        assert found(archive, ["r/one"]) == wanted is not None
