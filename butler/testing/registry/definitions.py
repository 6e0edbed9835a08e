"""What every `~butler.registry.interfaces.Definitions` must do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from butler.errors import (
    ButlerError,
    DatasetTypeNotFoundError,
    DefinitionConflictError,
    InvalidDataIdError,
    InvalidNameError,
    InvalidRegionError,
    UnitNotFoundError,
)
from butler.registry import Registry
from butler.testing.registry.capabilities import CapabilityTests
from butler.testing.registry.contents import BROKEN_NAMES, HOSTILE_TEXTS, UNSENDABLE_TEXTS, Contents, camera
from butler.values import DatasetType

__all__ = ["DefinitionsTests"]

_NEW = {"camera": "Cam", "visit": 9, "visit_name": "Cam 9"}
_WRONG: tuple[tuple[Mapping[str, Any], type[ButlerError]], ...] = (
    ({**_NEW, "region": [(0, 95), (1, 95), (1, 96)]}, InvalidRegionError),
    ({**_NEW, "camera": "Nobody"}, UnitNotFoundError),
    ({"camera": "Cam", "visit": 9}, InvalidDataIdError),
    ({**_NEW, "exposure_time": -1}, InvalidDataIdError),
    ({**_NEW, "exposure_time": float("nan")}, InvalidDataIdError),
    ({**_NEW, "vsit": 1}, InvalidDataIdError),
    ({**_NEW, "obs_begin_tai": "2026-01-01T00:00:00Z"}, InvalidDataIdError),
)


class DefinitionsTests(CapabilityTests):
    """Cameras, sky maps, units, dataset types and datastores."""

    def test_definitions_given_again_change_nothing(self, observatory: Registry, contents: Contents) -> None:
        definitions = observatory.definitions
        definitions.register_camera(contents.cameras[0])
        definitions.register_skymap(contents.skymaps[0])
        for unit, rows in contents.units.items():
            assert definitions.register_units(unit, rows) == 0
        part = {"camera": "Cam", "visit": 1, "visit_name": "Cam 1"}
        assert definitions.register_units("visit", [part]) == 0
        for dataset_type in contents.dataset_types:
            assert not definitions.register_dataset_type(dataset_type)
        assert not definitions.register_dataset_type(DatasetType("raw", "Dict", ("visit", "sensor")))
        for name, root in contents.datastores.items():
            assert not definitions.register_datastore(name, root)

    def test_definitions_that_differ_are_conflicts(self, observatory: Registry, contents: Contents) -> None:
        definitions = observatory.definitions
        with pytest.raises(DefinitionConflictError, match="Cam"):
            definitions.register_camera({**contents.cameras[0], "doc": "another"})
        with pytest.raises(DefinitionConflictError, match="rings"):
            definitions.register_skymap({**contents.skymaps[0], "doc": "another"})
        with pytest.raises(DefinitionConflictError, match="exposure_time"):
            definitions.register_units("visit", [{"camera": "Cam", "visit": 1, "exposure_time": 31.0}])
        for other in (
            DatasetType("raw", "Dict", ("visit",)),
            DatasetType("raw", "Text", ("visit", "sensor")),
        ):
            with pytest.raises(DefinitionConflictError, match="raw"):
                definitions.register_dataset_type(other)
        with pytest.raises(DefinitionConflictError, match="store"):
            definitions.register_datastore("store", "file:///elsewhere/")

    def test_what_differs_is_replaced_if_asked(self, observatory: Registry, contents: Contents) -> None:
        definitions = observatory.definitions
        row = {"camera": "Cam", "visit": 1, "exposure_time": 31.0}
        assert definitions.register_units("visit", [row], replace=True) == 0
        assert definitions.register_units("visit", [row]) == 0
        with pytest.raises(DefinitionConflictError):
            definitions.register_units("visit", contents.units["visit"])
        definitions.register_camera({**contents.cameras[0], "doc": "another"}, replace=True)
        assert [each["doc"] for each in definitions.cameras() if "doc" in each] == ["another"]

    def test_definitions_come_back(self, observatory: Registry, contents: Contents) -> None:
        definitions = observatory.definitions
        assert [each["camera"] for each in definitions.cameras()] == ["Cam", "Spec"]
        for one in definitions.cameras():
            definitions.register_camera(one)
        for dataset_type in contents.dataset_types:
            come_back = definitions.dataset_type(dataset_type.name)
            assert (come_back, come_back.doc) == (dataset_type, dataset_type.doc)
        known = definitions.datastores()
        assert {name: each.root for name, each in known.items()} == contents.datastores
        assert {name: each.mark.datastore for name, each in known.items()} == {name: name for name in known}

    def test_a_dataset_type_that_is_not_there_is_named_with_those_near_it(
        self, observatory: Registry
    ) -> None:
        with pytest.raises(DatasetTypeNotFoundError, match="'rwa'") as caught:
            observatory.definitions.dataset_type("rwa")
        assert "raw" in str(caught.value.hint)

    def test_dataset_types_are_listed_by_pattern(self, observatory: Registry, contents: Contents) -> None:
        definitions = observatory.definitions
        listed = definitions.dataset_types()
        assert {*listed} >= {*contents.dataset_types}
        assert [each.name for each in listed] == sorted(each.name for each in listed)
        assert [each.name for each in definitions.dataset_types("c*")] == ["census", "coadd"]
        assert [each.name for each in definitions.dataset_types("?aw")] == ["raw"]
        assert [each.doc for each in definitions.dataset_types("census")] == ["One for all."]
        assert definitions.dataset_types("r_w") == definitions.dataset_types("ra%") == []

    def test_cameras_and_sky_maps_are_listed_with_what_they_have(self, observatory: Registry) -> None:
        cameras = observatory.definitions.describe_cameras()
        assert cameras.columns == ("camera", "sensors", "filters", "visits", "doc")
        assert [tuple(row)[:4] for row in cameras] == [("Cam", 2, 1, 3), ("Spec", 2, 1, 2)]
        skymaps = observatory.definitions.describe_skymaps()
        assert skymaps.columns == ("skymap", "tracts", "patches", "doc")
        assert [tuple(row) for row in skymaps] == [("rings", 1, 1, "One tract.")]

    def test_a_row_that_is_wrong_is_refused_with_all_others(self, observatory: Registry) -> None:
        good = {**_NEW, "visit": 10, "visit_name": "Cam 10"}
        for row, error in _WRONG:
            with pytest.raises(error):
                observatory.definitions.register_units("visit", [good, row])
        assert observatory.definitions.register_units("visit", [good, _NEW]) == 2

    def test_a_sky_map_with_a_region_that_is_none_is_refused_whole(
        self, observatory: Registry, contents: Contents
    ) -> None:
        (skymap,) = contents.skymaps
        wrong = {**skymap, "skymap": "new", "tracts": [{"tract": 0, "region": [(0, 0), (1, 1)]}]}
        with pytest.raises(InvalidRegionError):
            observatory.definitions.register_skymap(wrong)
        assert [row.skymap for row in observatory.definitions.describe_skymaps()] == ["rings"]

    def test_a_dataset_type_of_an_unknown_unit_is_refused(self, observatory: Registry) -> None:
        with pytest.raises(InvalidDataIdError, match="vist"):
            observatory.definitions.register_dataset_type(DatasetType("new", "Dict", ("vist",)))
        with pytest.raises(DatasetTypeNotFoundError):
            observatory.definitions.dataset_type("new")

    # Hostile callers -----------------------------------------------------------------

    def test_a_text_that_is_registered_is_only_ever_a_text(self, observatory: Registry) -> None:
        definitions = observatory.definitions
        for n, text in enumerate(HOSTILE_TEXTS):
            assert definitions.register_units("label", [{"label": text, "doc": text}]) == 1
            assert definitions.register_units("label", [{"label": text, "doc": text}]) == 0
            assert definitions.register_dataset_type(DatasetType(f"note{n}", "Text", ("label",), text))
            assert definitions.dataset_type(f"note{n}").doc == text
            definitions.register_camera({**camera("Third"), "doc": text}, replace=True)
            assert [row.doc for row in definitions.describe_cameras()][-1] == text
            for attempt in (
                lambda text: definitions.dataset_type(text),
                lambda text: definitions.register_units(text, [{}]),
                lambda text: definitions.register_units("label", [{text: 1}]),
                lambda text: definitions.register_dataset_type(DatasetType("new", "Text", (text,))),
            ):
                with pytest.raises(ButlerError):
                    attempt(text)
            assert definitions.dataset_types(text) == []
        assert len(definitions.cameras()) == 3

    def test_a_name_that_breaks_the_rules_is_refused(self, observatory: Registry) -> None:
        definitions = observatory.definitions
        for name in (*BROKEN_NAMES, *UNSENDABLE_TEXTS):
            with pytest.raises((InvalidNameError, InvalidDataIdError)):
                definitions.register_dataset_type(DatasetType(name, "Text", ()))
            if "/" not in name:
                with pytest.raises((InvalidNameError, InvalidDataIdError)):
                    definitions.register_units("label", [{"label": name}])

    def test_a_text_that_can_not_be_stored_is_refused_wherever_it_stands(self, observatory: Registry) -> None:
        definitions = observatory.definitions
        for text in UNSENDABLE_TEXTS:
            for attempt in (
                lambda text: definitions.dataset_type(text),
                lambda text: definitions.dataset_types(text),
                lambda text: definitions.register_units("label", [{"label": "a", "doc": text}]),
                lambda text: definitions.register_camera({**camera("Third"), "doc": text}),
                lambda text: definitions.register_datastore("new", text),
            ):
                with pytest.raises(ButlerError):
                    attempt(text)
        assert definitions.register_units("label", [{"label": "a"}]) == 1
        assert len(definitions.cameras()) == 2
