"""Files of several sensors, and zip files: several datasets of one file, which is taken in, compared and deleted once."""

from __future__ import annotations

import hashlib
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from butler import Butler, DatasetType
from butler.datastore import fingerprint
from butler.datastore.file import FileDatastore
from butler.datastore.intake import StorageIntake
from butler.errors import (
    ArtifactMissingError,
    ButlerError,
    DatasetExistsError,
    FormatError,
    InvalidDataIdError,
    InvalidNameError,
    NotSupportedError,
)

SENSORS = 62
MODES = ["copy", "move", "hardlink", "symlink", "in-place"]
NOW = timedelta(0)


@pytest.fixture
def butler(butler: Butler) -> Butler:
    definitions = butler.registry.definitions
    definitions.register_camera({"camera": "Cam", "sensors": [{"sensor": n} for n in range(1, SENSORS + 1)]})
    for name, storage_class in {
        "chip": "Image",
        "ccd": "Exposure",
        "sources": "Table",
        "log": "Text",
    }.items():
        definitions.register_dataset_type(DatasetType(name, storage_class, ("sensor",)))
    return butler


@pytest.fixture
def owner(butler: Butler, repo: Path) -> Iterator[Butler]:
    with Butler(repo, role="owner") as owner:
        yield owner


def sensor(number: int) -> dict[str, Any]:
    return {"camera": "Cam", "sensor": number}


@pytest.fixture
def mosaic(tmp_path: Path) -> Path:
    """62 sensors in one file, each pixel the sensor's number."""
    hdus = [fits.ImageHDU(np.full((4, 5), n, "i2"), name=f"CCD{n}") for n in range(1, SENSORS + 1)]
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(tmp_path / "mosaic.fits")
    return tmp_path / "mosaic.fits"


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """Two chips as Hubble's cameras write them: each with its own uncertainty and flags, told apart by EXTVER."""
    primary = fits.PrimaryHDU()
    primary.header["TARGNAME"] = "47TUC"
    hdus = [primary]
    for version in (1, 2):
        for name, value in {"SCI": 10.0, "ERR": 1.0, "DQ": 0}.items():
            array = np.full((3, 4), value and value * version, "f4" if value else "i2")
            hdu = fits.ImageHDU(array, name=name, ver=version)
            if name == "SCI":
                hdu.header.update({"BUNIT": "ELECTRONS", "CCDCHIP": version})
            if name == "DQ":
                hdu.data[0, version] = 4
            hdus.append(hdu)
    fits.HDUList(hdus).writeto(tmp_path / "pair.fits")
    return tmp_path / "pair.fits"


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    with zipfile.ZipFile(tmp_path / "night.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for n in (1, 2, 3):
            packed.writestr(f"logs/sensor {n}.txt", f"sensor {n} is well")
    return tmp_path / "night.zip"


def of_mosaic(file: Path, *numbers: int) -> list[tuple[Path, dict[str, Any], str]]:
    return [(file, sensor(n), f"CCD{n}") for n in numbers or range(1, SENSORS + 1)]


def stored(butler: Butler) -> list[str]:
    """Give the files in the datastore, but those that describe runs."""
    return sorted(path for path in butler.datastore.inventory.paths() if "run_environment" not in path)


@pytest.mark.parametrize("mode", MODES)
def test_all_sensors_of_a_file_are_one_file(butler: Butler, mosaic: Path, mode: str) -> None:
    content = mosaic.read_bytes()
    refs = butler.ingest(of_mosaic(mosaic), "chip", mode=mode)
    assert [ref.data_id["sensor"] for ref in refs] == list(range(1, SENSORS + 1))
    assert mosaic.exists() == (mode != "move")
    assert len(stored(butler)) == (mode != "in-place")
    for n in (1, 31, SENSORS):
        found = butler.find("chip", sensor(n))
        assert found == refs[n - 1]
        np.testing.assert_array_equal(butler.get(found), np.full((4, 5), n))
    (one,) = butler.registry.query("SELECT DISTINCT uri, size, sha256 FROM artifact WHERE part IS NOT NULL")
    assert (one.size, one.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert butler.uri(refs[5]) == one.uri
    assert list(butler.verify()) == []


def test_a_file_bears_the_id_of_its_first_dataset(butler: Butler, mosaic: Path) -> None:
    refs = butler.ingest(of_mosaic(mosaic, 3, 1, 2), "chip")
    (path,) = stored(butler)
    assert refs[0].id.hex in path
    rows = butler.registry.query("SELECT path, part FROM artifact WHERE part IS NOT NULL ORDER BY part")
    assert [(row.path, row.part) for row in rows] == [(path, f"CCD{n}") for n in (1, 2, 3)]


@pytest.mark.parametrize("mode", MODES)
def test_the_same_parts_again_change_nothing(butler: Butler, mosaic: Path, mode: str) -> None:
    content = mosaic.read_bytes()
    first = butler.ingest(of_mosaic(mosaic), "chip", mode=mode)
    before = stored(butler)
    if mode == "move":
        mosaic.write_bytes(content)
    assert butler.ingest(of_mosaic(mosaic), "chip", mode=mode) == first
    assert stored(butler) == before
    assert mosaic.exists() == (mode != "move")


def test_another_part_under_the_same_data_id_is_refused(butler: Butler, mosaic: Path) -> None:
    butler.ingest(of_mosaic(mosaic, 1), "chip")
    for mode in ("copy", "in-place"):
        with pytest.raises(DatasetExistsError, match="is not the file"):
            butler.ingest([(mosaic, sensor(1), "CCD2")], "chip", mode=mode)


@pytest.mark.parametrize("mode", MODES)
def test_more_sensors_of_a_file_come_later(butler: Butler, mosaic: Path, mode: str) -> None:
    butler.ingest(of_mosaic(mosaic, 1, 2), "chip", mode="copy")
    refs = butler.ingest(of_mosaic(mosaic, 2, 3, 1, 4), "chip", mode=mode)
    assert [int(butler.get(ref).max()) for ref in refs] == [2, 3, 1, 4]
    assert mosaic.exists() == (mode != "move")
    assert list(butler.verify()) == []


def test_files_and_their_parts_may_be_given_in_any_order(
    butler: Butler, mosaic: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.fits"
    other.write_bytes(mosaic.read_bytes() + b"\0" * 2880)
    butler.ingest([(mosaic, sensor(4), "CCD4")], "chip")
    given = [(other if n % 2 else mosaic, sensor(n), f"CCD{n}") for n in range(1, 10)]
    for mode in ("in-place", "copy"):
        refs = butler.ingest(given, "chip", mode=mode)
        assert [int(butler.get(ref).max()) for ref in refs] == list(range(1, 10))
    assert list(butler.verify()) == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("parts", "error", "message"),
    [
        (["CCD1", "CCD63"], FormatError, "no HDU 'CCD63'"),
        (["1", "63"], FormatError, "no HDU '63': it has 63"),
        (["CCD1", "CCD2,2"], FormatError, "no HDU 'CCD2,2'"),
        (["CCD1", "CCD1"], InvalidDataIdError, "part 'CCD1' of .*mosaic.fits is given twice"),
        (["CCD1", "1"], FormatError, "'CCD1' and '1' are one part"),
        (["CCD1", "ccd1,1"], FormatError, "'CCD1' and 'ccd1,1' are one part"),
        (["CCD1", ""], InvalidDataIdError, "whole and in parts"),
        (["CCD1", "0"], FormatError, "its HDU '0' is not of what"),
        (["CCD1", "X/../Y"], InvalidNameError, "'X/../Y' can't be the name of a part"),
        (["CCD1", "CCD1\0"], InvalidNameError, "can't be the name of a part"),
        (["CCD1", "é" * 43], InvalidNameError, "is too long for the name of a part: 258 bytes"),
    ],
)
def test_a_part_that_is_none_keeps_all_out(
    butler: Butler, mosaic: Path, parts: list[str], error: type[ButlerError], message: str, mode: str
) -> None:
    content = mosaic.read_bytes()
    with pytest.raises(error, match=message):
        butler.ingest([(mosaic, sensor(n), part) for n, part in enumerate(parts, 1)], "chip", mode=mode)
    assert (stored(butler), mosaic.read_bytes()) == ([], content)
    assert butler.registry.query("SELECT count(*) FROM dataset").scalar() == 0


def test_an_hdu_may_be_given_by_its_number_as_a_number(butler: Butler, mosaic: Path) -> None:
    refs = butler.ingest([(mosaic, sensor(1), 3), (mosaic, sensor(2), np.int64(4))], "chip")
    assert [int(butler.get(ref).max()) for ref in refs] == [3, 4]
    with pytest.raises(FormatError, match="no HDU '99'"):
        butler.ingest([(mosaic, sensor(3), 99)], "chip")


@pytest.mark.parametrize("part", [-1, 2.0, True, ("CCD1", 1), ["CCD1", 1], b"CCD1"])
def test_what_is_no_part_keeps_all_out(butler: Butler, mosaic: Path, part: Any) -> None:
    given: list[Any] = [(mosaic, sensor(1), "CCD1"), (mosaic, sensor(2), part)]
    with pytest.raises(InvalidDataIdError, match="a part is ") as refused:
        butler.ingest(given, "chip")
    assert "'SCI,2'" in (refused.value.hint or "")
    assert stored(butler) == []
    assert butler.registry.query("SELECT count(*) FROM dataset").scalar() == 0


def test_what_is_known_of_a_file_is_a_fingerprint(butler: Butler, mosaic: Path) -> None:
    given: list[Any] = [(mosaic, sensor(1), "CCD1", (5, bytes(32)))]
    with pytest.raises(InvalidDataIdError, match="not a Fingerprint"):
        butler.ingest(given, "chip", mode="in-place")


def test_two_hdus_of_one_name_and_version_are_told_by_their_numbers(butler: Butler, tmp_path: Path) -> None:
    hdus = [fits.ImageHDU(np.ones((2, 2), "i2"), name=name) for name in ("SCI", "ERR", "SCI")]
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(tmp_path / "twice.fits")
    for part, hint in {
        "SCI,2": "Did you mean 'SCI,1'? 'SCI,1' are HDUs 1, 3: give one by its number.",
        "SCIE": "Did you mean 'SCI'? 'SCI' are HDUs 1, 3: give one by its number.",
        "ERR,2": "Did you mean 'ERR,1'?",
    }.items():
        with pytest.raises(FormatError, match=f"no HDU '{part}'") as refused:
            butler.ingest([(tmp_path / "twice.fits", sensor(1), part)], "chip")
        assert refused.value.hint == hint


def test_two_hdus_of_one_name_are_told_apart_by_their_version_or_number(butler: Butler, pair: Path) -> None:
    with pytest.raises(FormatError, match="has 2 HDUs 'SCI'") as refused:
        butler.ingest([(pair, sensor(1), "SCI")], "chip")
    assert "1, 4" in (refused.value.hint or "")
    one, other = butler.ingest([(pair, sensor(1), "SCI,2"), (pair, sensor(2), "1")], "chip")
    assert (butler.get(one).max(), butler.get(other).max()) == (20, 10)


def test_an_exposure_has_the_planes_of_its_own_version(butler: Butler, pair: Path) -> None:
    for n, ref in enumerate(butler.ingest([(pair, sensor(n), f"SCI,{n}") for n in (1, 2)], "ccd"), 1):
        exposure = butler.get(ref)
        assert (exposure.data.max(), exposure.uncertainty.array.max()) == (10 * n, n)
        assert np.argwhere(exposure.mask).tolist() == [[0, n]]
        assert (exposure.meta["TARGNAME"], exposure.meta["CCDCHIP"]) == ("47TUC", n)
        cut = butler.get(ref, parameters={"bbox": (n, 0, 1, 1)})
        assert (cut.data.shape, cut.mask.all()) == ((1, 1), True)
        assert butler.get("ccd.image", sensor(n)).shape == (3, 4)


def test_an_exposure_of_another_name_is_its_pixels_alone(butler: Butler, mosaic: Path) -> None:
    (ref,) = butler.ingest(of_mosaic(mosaic, 7), "ccd", formatter="fits-exposure")
    exposure = butler.get(ref)
    assert (exposure.data.max(), exposure.mask, exposure.uncertainty) == (7, None, None)


def test_tables_of_one_file_are_read_by_themselves(butler: Butler, tmp_path: Path) -> None:
    tables = [fits.BinTableHDU(Table({"flux": [n, n + 1]}), name=f"CAT{n}") for n in (1, 2)]
    fits.HDUList([fits.PrimaryHDU(), *tables]).writeto(tmp_path / "cats.fits")
    refs = butler.ingest([(tmp_path / "cats.fits", sensor(n), f"CAT{n}") for n in (1, 2)], "sources")
    assert [list(butler.get(ref)["flux"]) for ref in refs] == [[1, 2], [2, 3]]
    assert list(butler.get(refs[1], parameters={"rows": slice(1, 2)})["flux"]) == [3]


@pytest.mark.parametrize("mode", MODES)
def test_members_of_a_zip_file_are_read_as_files(butler: Butler, logs: Path, mode: str) -> None:
    refs = butler.ingest([(logs, sensor(n), f"logs/sensor {n}.txt") for n in (1, 2, 3)], "log", mode=mode)
    assert [butler.get(ref) for ref in refs] == [f"sensor {n} is well" for n in (1, 2, 3)]
    parts = butler.registry.query("SELECT part FROM artifact WHERE part IS NOT NULL ORDER BY part")
    assert [row.part for row in parts] == [f"logs/sensor%20{n}.txt" for n in (1, 2, 3)]
    assert all(path.endswith(".zip") for path in stored(butler))
    assert list(butler.verify()) == []


def test_a_member_that_is_not_there_is_refused_by_name(butler: Butler, logs: Path) -> None:
    with pytest.raises(FormatError, match=r"has no member 'logs/sensor 4\.txt'"):
        butler.ingest([(logs, sensor(4), "logs/sensor 4.txt")], "log")
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(logs, "a") as packed:
        packed.writestr("logs/sensor 1.txt", "another")
    with pytest.raises(FormatError, match=r"has 2 members 'logs/sensor 1\.txt'"):
        butler.ingest([(logs, sensor(1), "logs/sensor 1.txt")], "log")
    assert stored(butler) == []


@pytest.mark.parametrize("mode", ["copy", "in-place"])
@pytest.mark.parametrize("member", ["../log.txt", "a/../log.txt", "..", ".", "a/..", "x" * 256])
def test_a_member_that_leads_out_of_its_file_is_refused_in_words(
    butler: Butler, tmp_path: Path, member: str, mode: str
) -> None:
    with zipfile.ZipFile(tmp_path / "night.zip", "w") as packed:
        packed.writestr(member, "all is well")
    with pytest.raises(InvalidNameError, match="name of a part") as refused:
        butler.ingest([(tmp_path / "night.zip", sensor(1), member)], "log", mode=mode)
    assert repr(member) in refused.value.message
    assert "pack the file anew" in (refused.value.hint or "")
    assert stored(butler) == []


def test_a_member_whose_name_has_two_spellings_is_refused_in_words(butler: Butler, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "night.zip", "w") as packed:
        packed.writestr("a//log.txt", "all is well")
    with pytest.raises(InvalidNameError, match=r"a//log\.txt' is no path of an artifact"):
        butler.ingest([(tmp_path / "night.zip", sensor(1), "a//log.txt")], "log")
    assert stored(butler) == []


def test_a_format_without_parts_refuses_one_by_name(butler: Butler, tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("all is well")
    with pytest.raises(
        NotSupportedError, match=r"'page 1' can't be read .* to formatter 'text' a file is one"
    ):
        butler.ingest([(tmp_path / "log.txt", sensor(1), "page 1")], "log")
    assert stored(butler) == []


def test_a_hash_in_a_file_s_own_name_names_no_part(butler: Butler, mosaic: Path, tmp_path: Path) -> None:
    named = tmp_path / "night#1,CCD2.fits"
    mosaic.rename(named)
    refs = butler.ingest(of_mosaic(named, 1, 2), "chip", mode="in-place")
    assert [int(butler.get(ref).max()) for ref in refs] == [1, 2]
    assert butler.uri(refs[0]) == named.as_uri()
    assert list(butler.verify()) == []


def test_what_is_known_of_a_file_in_place_need_not_be_read(butler: Butler, mosaic: Path) -> None:
    known = fingerprint.Fingerprint(mosaic.stat().st_size, bytes(32))
    with pytest.raises(FormatError, match="no HDU 'CCD63'"):
        butler.ingest([(mosaic, sensor(1), "CCD63", known)], "chip", mode="in-place")
    (ref,) = butler.ingest([(mosaic, sensor(1), "CCD1", known)], "chip", mode="in-place")
    assert ref.artifacts is not None
    assert (ref.artifacts[0].sha256, ref.artifacts[0].part) == (bytes(32), "CCD1")


def test_what_another_process_puts_meanwhile_costs_nobody_the_file(
    butler: Butler, repo: Path, mosaic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first sensor is another's by the time that the file, which bears the id made for it, is to be registered."""
    ingest = StorageIntake.ingest

    def interrupted(self: StorageIntake, *given: Any) -> Any:
        monkeypatch.setattr(StorageIntake, "ingest", ingest)
        with Butler(repo, run="u/chips") as other:
            other.ingest(of_mosaic(mosaic, 1), "chip")
        return ingest(self, *given)

    monkeypatch.setattr(StorageIntake, "ingest", interrupted)
    refs = butler.ingest(of_mosaic(mosaic, 1, 2, 3), "chip", run="u/chips")
    assert [int(butler.get(ref).max()) for ref in refs] == [1, 2, 3]
    assert len(stored(butler)) == 2
    assert list(butler.verify()) == []


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
@pytest.mark.parametrize("verb", ["remove", "unstore"])
def test_the_file_goes_with_the_last_of_its_datasets(
    butler: Butler, owner: Butler, mosaic: Path, order: tuple[int, ...], verb: str
) -> None:
    size = mosaic.stat().st_size
    refs = dict(enumerate(butler.ingest(of_mosaic(mosaic, 1, 2, 3), "chip"), 1))
    give_up: Callable[..., Any] = getattr(butler, verb)
    left = list(order)
    while left:
        for n in left:
            assert int(butler.get(refs[n]).max()) == n
        give_up([refs[left.pop(0)]], reason="space")
        emptied = owner.removal.empty_trash(older_than=NOW)
        assert (emptied.artifacts, emptied.bytes, emptied.failures) == (1, 0 if left else size, ())
        assert len(stored(butler)) == bool(left)
        assert list(butler.verify()) == []


def test_a_file_in_place_stays_when_all_its_datasets_go(butler: Butler, owner: Butler, mosaic: Path) -> None:
    butler.remove(butler.ingest(of_mosaic(mosaic), "chip", mode="in-place"))
    assert owner.removal.empty_trash(older_than=NOW).artifacts == SENSORS
    assert mosaic.exists()


def test_a_file_is_added_up_once(butler: Butler, owner: Butler, mosaic: Path) -> None:
    size = mosaic.stat().st_size
    others = butler.registry.administration.summary()["bytes"]
    refs = butler.ingest(of_mosaic(mosaic), "chip", run="u/chips")
    environment = butler.registry.administration.summary()["bytes"] - others - size
    assert 0 <= environment < size
    for by in ("dataset_type", "collection"):
        (used,) = butler.registry.administration.storage_use(
            "chip" if by == "dataset_type" else "u/chips",
            by=by,
        )
        assert used.bytes == size + (environment if by == "collection" else 0)
    (plan,) = butler.remove(refs, dry_run=True)
    assert (plan.datasets, plan.files, plan.bytes) == (SENSORS, 1, size)


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count how often each file is compared."""
    counted: Counter[str] = Counter()
    check = FileDatastore.check

    def counting(self: FileDatastore, artifact: Any, **options: Any) -> Any:
        counted[artifact.file] += 1
        return check(self, artifact, **options)

    monkeypatch.setattr(FileDatastore, "check", counting)
    return counted


def test_verify_reads_a_file_once(butler: Butler, mosaic: Path, looked_at: Counter[str]) -> None:
    butler.ingest(of_mosaic(mosaic), "chip")
    verification = butler.verify()
    assert list(verification) == []
    assert set(looked_at.values()) == {1}
    assert verification.checked >= SENSORS


def test_what_befalls_a_file_befalls_all_of_its_datasets(butler: Butler, repo: Path, mosaic: Path) -> None:
    refs = butler.ingest(of_mosaic(mosaic), "chip")
    (path,) = stored(butler)
    file = repo / "data" / path
    moved = file.rename(repo / "away")
    findings = list(butler.verify())
    assert Counter(finding.fault for finding in findings) == {"missing": SENSORS}
    with pytest.raises(ArtifactMissingError):
        butler.get(refs[9])
    repairs = list(butler.maintenance.repair(findings))
    assert {repair.outcome for repair in repairs} == {"done"}
    assert (
        butler.registry.query("SELECT count(*) FROM lost_artifact WHERE part LIKE 'CCD%'").scalar() == SENSORS
    )
    moved.rename(file)
    list(butler.maintenance.repair(butler.verify()))
    assert list(butler.verify()) == []
    assert int(butler.get(refs[9]).max()) == 10


def test_a_file_that_changed_is_refused_by_each_part(butler: Butler, repo: Path, logs: Path) -> None:
    (ref,) = butler.ingest([(logs, sensor(1), "logs/sensor 1.txt")], "log")
    (path,) = stored(butler)
    file = repo / "data" / path
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)
    with pytest.raises(ButlerError, match="isn't the file that was recorded"):
        butler.get(ref)


def test_an_artifact_tells_its_part_from_its_file(butler: Butler, mosaic: Path) -> None:
    (ref,) = butler.ingest(of_mosaic(mosaic, 5), "chip")
    assert ref.artifacts is not None
    (artifact,) = ref.artifacts
    assert (artifact.part, artifact.file + "#CCD5") == ("CCD5", artifact.path)
