"""What LSST's data butler answers on its own test registries, answered by ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from db.peer_export import Export
from db.session import Session
from db.world import put

pytestmark = pytest.mark.data

UNITS = {"bias": ["detector"], "flat": ["detector", "physical_filter"], "calexp": ["visit", "detector"]}


@pytest.fixture
def folder(data_folder: Path) -> Path:
    folder = data_folder / "butler-registry-small"
    if not folder.is_dir():
        pytest.skip(f"no exports at {folder}")
    return folder


def register(write: Session, export: Export) -> None:
    for camera in export.cameras():
        write.call("register_camera", camera)
    if visits := export.visits():
        write.call("register_units", "visit", visits)
    if sensors := export.observed_sensors():
        write.call("register_units", "observed_sensor", sensors)
    for skymap in export.skymaps():
        write.call("register_skymap", skymap)


def put_all(write: Session, export: Export, *dataset_types: str) -> dict[UUID, str]:
    """Put their datasets of these types, each as peer_<type>; gives the run of each, by our id."""
    runs: dict[UUID, str] = {}
    for name in dataset_types:
        write.call("register_dataset_type", f"peer_{name}", "Exposure", UNITS[name])
    for name, run, _their_id, data_id in export.datasets():
        if name in dataset_types:
            wanted = {unit: data_id[unit] for unit in ("instrument", *UNITS[name])}
            (ours,) = put(write, f"peer_{name}", wanted, run=run)
            runs[ours] = run
    return runs


def test_sky_overlaps_of_the_base_and_spatial_registries(write: Session, folder: Path) -> None:
    register(write, Export(folder / "base.yaml", folder / "spatial.yaml"))
    counts = {
        view: write.scalar(f"SELECT count(*) FROM butler.{view} WHERE camera = 'Cam1' AND skymap = 'SkyMap1'")
        for view in ("visit_tract_join", "visit_patch_join", "sensor_tract_join", "sensor_patch_join")
    }
    assert counts == {
        "visit_tract_join": 3,
        "visit_patch_join": 10,
        "sensor_tract_join": 10,
        "sensor_patch_join": 20,
    }


def test_metadata_of_the_spatial_registry(write: Session, folder: Path) -> None:
    register(write, Export(folder / "base.yaml", folder / "spatial.yaml"))
    assert write.rows(
        "SELECT visit, exposure_time, abstract_filter, obs_begin_tai::text, obs_begin_utc::text FROM butler.visit"
        " WHERE camera = 'Cam1' ORDER BY visit"
    ) == [
        (1, 60.0, "g", "2021-09-09 03:00:00", "2021-09-09 02:59:23+00"),
        (2, 45.0, "r", "2021-09-09 03:02:00", "2021-09-09 03:01:23+00"),
    ]


@pytest.mark.parametrize("order", [["imported_g", "imported_r"], ["imported_r", "imported_g"]])
def test_calibrations_of_the_datasets_registry_are_found_first(
    write: Session, folder: Path, order: list[str]
) -> None:
    export = Export(folder / "base.yaml", folder / "datasets.yaml")
    register(write, export)
    put = put_all(write, export, "bias", "flat")
    assert len(write.table("query_datasets", "peer_flat", order)) == 7
    biases = write.table("query_datasets", "peer_bias", order)
    runs = {row["data_id"]["sensor"]: put[row["dataset_id"]] for row in biases}
    assert runs == {1: "imported_g", 2: order[0], 3: order[0], 4: "imported_r"}


def test_sensors_and_tracts_of_the_hsc_registry(write: Session, folder: Path) -> None:
    export = Export(folder / "ci_hsc-subset.yaml", folder / "ci_hsc-subset-skymap.yaml")
    register(write, export)
    # This export has no patches, so the regions themselves are joined.
    assert (
        write.scalar(
            "SELECT count(*) FROM butler.observed_sensor AS s JOIN butler.tract AS t"
            " ON public.st_intersects(s.region, t.region) WHERE s.camera = 'HSC' AND t.skymap = 'discrete/ci_hsc'"
        )
        == 33
    )
    put_all(write, export, "calexp")
    rows: list[dict[str, Any]] = write.table(
        "query_datasets", "peer_calexp", write.column("SELECT run FROM butler.run"), {"camera": "HSC"}
    )
    assert len(rows) == 33
    assert (
        write.scalar(
            "SELECT count(*) FROM butler.dataset AS d JOIN butler.observed_sensor AS s USING (camera, visit, sensor)"
            " JOIN butler.tract AS t ON public.st_intersects(s.region, t.region) WHERE d.dataset_type = 'peer_calexp' AND t.skymap LIKE 'discrete%'"
        )
        == 33
    )
