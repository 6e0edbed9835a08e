"""Formats and stores are a matter of configuration: the script is the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.nddata import CCDData
from astropy.table import Table

from butler import Butler, DatasetType
from butler.datastore import identify, open_datastore
from butler.datastore.paths import local_file
from butler.roots import add_datastore
from butler.testing.datastore import assert_same_exposure, example_exposure

DATA_ID = {"camera": "Cam"}
STORES = {"main": {"type": "posix", "root": "data"}, "memory": {"type": "memory"}}
FORMATS = {
    "FITS": {},
    "packed FITS": {"compression": {"Exposure": "gzip"}},
    "tiled FITS": {"compression": {"Exposure": "tiles"}},
    "HDF5": {"formatters": dict.fromkeys(("Exposure", "Table", "Dict", "Image"), "hdf5")},
}


@pytest.fixture
def repo(repo: Path) -> Path:
    with Butler(repo) as butler:
        butler.registry.definitions.register_camera(
            {"camera": "Cam", "sensors": [{"sensor": 1}], "filters": []}
        )
    return repo


def opened(repo: Path, run: str, **config: Any) -> Butler:
    return Butler(repo, run=run, datastore=open_datastore(config, repo))


def script(butler: Butler) -> dict[str, Any]:
    """What a user does, who knows neither format nor store."""
    registry = butler.registry
    for name, storage_class in (("calexp", "Exposure"), ("source", "Table"), ("stats", "Dict")):
        registry.definitions.register_dataset_type(DatasetType(name, storage_class, ("camera",)))
    exposure = example_exposure()
    butler.put(exposure, "calexp", DATA_ID)
    butler.put(Table({"x": [1, 2], "name": ["a", "ü"]}), "source", DATA_ID)
    butler.put({"mean": float(np.nanmean(exposure.data))}, "stats", DATA_ID)
    return {
        "exposure": butler.get("calexp", DATA_ID),
        "wcs": butler.get("calexp.wcs", DATA_ID).to_header_string(),
        "box": butler.get("calexp.bbox", DATA_ID),
        "cut": butler.get("calexp.image", DATA_ID, parameters={"bbox": (3, 4, 5, 6)}).tolist(),
        "names": list(butler.get("source", DATA_ID, parameters={"columns": ["name"]})["name"]),
        "mean": butler.get("stats", DATA_ID),
    }


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("form", FORMATS)
def test_the_same_script_gives_the_same_whatever_format_and_store_are_configured(
    repo: Path, form: str, store: str
) -> None:
    with opened(repo, "u/me/usual") as butler:
        expected = script(butler)
    datastore = open_datastore({**STORES[store], **FORMATS[form]}, repo, store)
    with Butler(repo, run="u/me/configured", datastore=datastore) as butler:
        if store != "main":
            add_datastore(butler.registry, datastore)
        found = script(butler)
    assert_same_exposure(found.pop("exposure"), expected.pop("exposure"))
    assert found == expected


def test_after_a_change_of_configuration_old_datasets_are_read_and_new_ones_are_written_anew(
    repo: Path,
) -> None:
    exposure = example_exposure()
    refs = []
    for number, form in enumerate(FORMATS.values()):
        with opened(repo, f"u/me/run{number}", **form) as butler:
            butler.registry.definitions.register_dataset_type(DatasetType("calexp", "Exposure", ("camera",)))
            refs.append(butler.put(exposure, "calexp", DATA_ID))
            for ref in refs:
                assert_same_exposure(butler.get(ref), exposure)
    names = [ref.artifacts[0].path.partition(".")[2] for ref in refs if ref.artifacts]
    assert names == ["fits", "fits.gz", "fits.fz", "h5"]
    with Butler(repo) as butler:
        assert list(butler.verify()) == []
        for ref in refs:
            said = identify(local_file(butler.uri(ref)))
            assert said is not None
            assert (said["id"], said["run"], said["data_id"]) == (str(ref.id), ref.run, {"camera": "Cam"})


def test_a_task_writes_a_new_type_of_output_into_a_fresh_repository_and_no_camera_is_edited(
    repo: Path,
) -> None:
    def task(butler: Butler, outputs: Mapping[str, DatasetType]) -> None:
        for dataset_type in outputs.values():
            butler.registry.definitions.register_dataset_type(dataset_type)
        with butler.quantum("measure_ghosts", DATA_ID) as quantum:
            for name in outputs:
                quantum.put(CCDData(np.ones((2, 2)), unit="adu"), name, DATA_ID)

    declared = DatasetType("ghost_map", "Exposure", ("camera",), "Light that came by a detour.")
    with Butler(repo, run="u/me/ghosts") as butler:
        cameras = butler.registry.definitions.cameras()
        for _ in range(2):  # the same again is no conflict
            butler.registry.definitions.register_dataset_type(declared)
        task(butler, {"ghost_map": declared})
        assert butler.get("ghost_map", DATA_ID).unit == "adu"
        assert butler.registry.definitions.dataset_type("ghost_map") == declared
        assert butler.registry.definitions.cameras() == cameras


def test_the_datastores_of_one_registry_keep_each_its_own_configuration(repo: Path) -> None:
    fits = open_datastore({"root": "fits", "templates": {"default": "a/{dataset_type}"}}, repo, "fits")
    hdf5 = open_datastore({"root": "scratch", **FORMATS["HDF5"]}, repo, "scratch")
    paths = []
    for number, datastore in enumerate((fits, hdf5, fits)):
        with Butler(repo, run=f"u/me/{number}", datastore=datastore) as butler:
            add_datastore(butler.registry, datastore)
            butler.registry.definitions.register_dataset_type(DatasetType("stats", "Dict", ("camera",)))
            ref = butler.put({"a": 1}, "stats", DATA_ID)
            assert butler.get(ref) == {"a": 1}
            assert ref.artifacts
            paths.append(ref.artifacts[0].path)
    begin = ["a/stats_", "u/me/1/stats/", "a/stats_"]
    assert all(path.startswith(start) for path, start in zip(paths, begin, strict=True))
    assert [path.rpartition(".")[2] for path in paths] == ["json", "h5", "json"]
