from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from butler import Butler
from butler.cameras import CameraDefinition
from butler.errors import ConfigError, DefinitionConflictError, FormatError, UnitNotFoundError

CAMERAS = Path(__file__).parents[2] / "cameras"
ACS = Path(str(files("spherical_geometry"))) / "tests" / "data" / "j8bt06nyq_flt.fits"
SAAO = Path(str(files("ccdproc"))) / "tests" / "data" / "a8280271.fits"


@pytest.fixture
def butler(repo: Path) -> Butler:
    butler = Butler(repo)
    for file in CAMERAS.glob("*.yaml"):
        butler.registry.definitions.register_camera(CameraDefinition.read(file).to_json())
    return butler


def test_raw_files_are_ingested_by_their_headers(butler: Butler) -> None:
    acs, saao = butler.raws.ingest([ACS, SAAO])
    assert acs.run.endswith("/raw")
    rows = butler.registry.query(
        "SELECT visit_name, night, s_region IS NOT NULL AS seen FROM visit ORDER BY visit_name"
    )
    assert len(rows) == 2
    data = butler.get(saao)
    assert data.data.shape == (520, 536)
    (region,) = butler.registry.query(
        "SELECT region IS NOT NULL AS seen FROM observed_sensor WHERE camera <> :c",
        {"c": saao.data_id["camera"]},
    )
    assert region.seen


def test_the_same_again_changes_nothing(butler: Butler) -> None:
    first = butler.raws.ingest([ACS])
    before = sorted(butler.datastore.inventory.paths())
    assert butler.raws.ingest([ACS]) == first
    assert sorted(butler.datastore.inventory.paths()) == before


@pytest.mark.parametrize("mode", ["copy", "move", "hardlink", "symlink", "in-place"])
def test_each_mode_ingests_the_bytes_as_they_are(butler: Butler, tmp_path: Path, mode: str) -> None:
    source = tmp_path / "raw [1], blank" / SAAO.name
    source.parent.mkdir()
    source.write_bytes(SAAO.read_bytes())
    (ref,) = butler.raws.ingest([source], mode=mode)
    assert source.exists() == (mode != "move")
    assert butler.get(ref).data.shape == (520, 536)
    assert list(butler.verify()) == []
    if mode == "move":
        source.write_bytes(SAAO.read_bytes())
    (again,) = butler.raws.ingest([source], mode=mode)
    assert again == ref
    assert source.exists() == (mode != "move")


def test_one_bad_file_leaves_nothing_behind(butler: Butler, tmp_path: Path) -> None:
    half = tmp_path / "half.fits"
    half.write_bytes(ACS.read_bytes()[:100_000])
    with pytest.raises(FormatError, match=r"half\.fits"):
        butler.raws.ingest([SAAO, half])
    assert len(butler.registry.query("SELECT * FROM visit")) == 0
    assert list(butler.datastore.inventory.paths()) == []


def test_a_file_of_no_known_camera_is_refused_by_name(repo: Path) -> None:
    with Butler(repo) as butler:
        with pytest.raises(ConfigError, match="a8280271"):
            butler.raws.ingest([SAAO])
        with pytest.raises(UnitNotFoundError, match="NoCam"):
            butler.raws.ingest([SAAO], camera="NoCam")


def test_a_header_that_contradicts_what_is_registered_is_refused(butler: Butler, tmp_path: Path) -> None:
    from astropy.io import fits

    butler.raws.ingest([SAAO])
    other = tmp_path / SAAO.name
    with fits.open(SAAO) as hdus:
        hdus[0].header["EXPTIME"] = 7.0
        hdus.writeto(other)
    with pytest.raises(DefinitionConflictError, match="obs_end_tai"):
        butler.raws.ingest([other])


@pytest.mark.data
def test_image_mask_and_weight_of_ten_visits_are_three_dataset_types(
    butler: Butler, data_folder: Path
) -> None:
    found = sorted((data_folder / "decam-images-a").glob("testcase3/images/decam/CP/*/*/*.fits"))
    refs = butler.raws.ingest(found, mode="symlink")
    assert {r.dataset_type.name for r in refs} == {"image", "mask", "weight"}
    (row,) = butler.registry.query(
        "SELECT count(DISTINCT visit) AS visits, count(*) AS datasets FROM dataset WHERE camera = 'DECam'"
    )
    assert row.datasets == len(found)
    assert row.visits == len(found) // 3


def test_a_visit_has_the_region_of_its_sensors(butler: Butler) -> None:
    butler.raws.ingest([ACS])
    (row,) = butler.registry.query(
        "SELECT v.ra, v.dec, sky_separation(v.region, s.region) AS apart FROM visit AS v JOIN observed_sensor AS s"
        " USING (camera, visit)"
    )
    assert row.apart == 0
    assert (row.ra, row.dec) == (pytest.approx(6.027, abs=0.01), pytest.approx(-72.0835, abs=0.01))


@pytest.mark.parametrize("headers", [{}, {"headers": {}}, {"headers": None}])
def test_a_camera_without_rules_for_headers_is_passed_over_unless_named(
    butler: Butler, headers: dict[str, object]
) -> None:
    butler.registry.definitions.register_camera(
        {"camera": "Bare", "sensors": [{"sensor": 1, "sensor_name": "S1"}], "filters": [], **headers}
    )
    (ref,) = butler.raws.ingest([ACS])
    assert ref.data_id["camera"] != "Bare"
    with pytest.raises(ConfigError, match="headers"):
        butler.raws.ingest([ACS], camera="Bare")
