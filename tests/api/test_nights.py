"""A night's folder: one bad file doesn't stop it, and what isn't whole yet is left for the next time."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from night import CAMERA, shot, write_file, write_night

from butler import Butler, CollectionType
from butler.datastore import intake
from butler.datastore.fingerprint import copy_file, fingerprint, read_through
from butler.errors import DatasetExistsError, FormatError, PermissionDeniedError
from butler.ingest.raws.outcomes import Outcome

MODES = ["copy", "move", "hardlink", "symlink", "in-place"]


@pytest.fixture
def butler(repo: Path) -> Iterator[Butler]:
    with Butler(repo, collections="Nightcam/raw") as butler:
        butler.registry.definitions.register_camera(CAMERA)
        yield butler


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "night"


def night(butler: Butler, *paths: Path, **options: Any) -> dict[str, Outcome]:
    """Ingest what can be; give what became of each file by its name."""
    options = {"strict": False, "skip_existing": True, **options}
    return {one.path.name: one for one in butler.raws.ingest_each(paths, **options)}


def counts(outcomes: dict[str, Outcome]) -> dict[str, int]:
    return dict(Counter(one.outcome for one in outcomes.values()))


def count(butler: Butler) -> int:
    return len(butler.registry.query("SELECT FROM dataset WHERE dataset_type = 'raw'"))


# Which files -----------------------------------------------------------------


def test_a_folder_gives_its_fits_files_in_order_and_no_others(butler: Butler, folder: Path) -> None:
    (first, second, third, fourth) = write_night(folder / "b", 4)
    second.rename(folder / "b" / "z.FIT")
    third.rename(folder / "a.fits")
    fourth.rename(folder / "b" / "c.fts")
    write_night(folder / ".hidden", 1)
    for name in (".shot.fits", "shot.fits.part", "shot.tmp", "notes.txt", "shot.fits~"):
        (folder / name).write_bytes(shot(9, 0))
    first.rename(folder / "b" / "a.fits.gz.fits")
    outcomes = list(butler.raws.ingest_each([folder], strict=False))
    assert [one.path.relative_to(folder).as_posix() for one in outcomes] == [
        "a.fits",
        "b/a.fits.gz.fits",
        "b/c.fts",
        "b/z.FIT",
    ]
    assert {one.outcome for one in outcomes} == {"ingested"}


def test_a_repository_in_the_folder_is_passed_over(butler: Butler, repo: Path, folder: Path) -> None:
    write_night(folder, 2)
    night(butler, folder)
    assert counts(night(butler, repo.parent)) == {"skipped": 2}


def test_files_and_folders_may_be_named_together(butler: Butler, folder: Path) -> None:
    files = write_night(folder, 4)
    assert counts(night(butler, files[0], folder)) == {"ingested": 4}


# Good and bad ----------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_one_bad_file_does_not_stop_the_night(butler: Butler, folder: Path, mode: str) -> None:
    files = write_night(folder, 12)
    write_file(files[1], files[1].read_bytes()[:100])  # cut short, long ago
    write_file(files[2], b"not FITS")
    write_file(files[3], shot(1, 3).replace(b"Nightcam", b"Othercam"))
    write_file(files[4], shot(2, 9))  # no such sensor
    write_file(files[5], shot(2, 1).replace(b"30.0", b"31.0"))  # of the same visit as the two after it
    write_file(files[8], shot(1, 0)[:-1] + b"x")  # the data ID of the first one
    files[9].unlink()
    files[9].symlink_to(folder / "nowhere")
    outcomes = night(butler, folder, mode=mode, skip_existing=False)
    assert list(outcomes) == [file.name for file in files]
    failed = {name: one.error for name, one in outcomes.items() if one.outcome == "failed"}
    assert [type(error).__name__ for error in failed.values() if error] == [
        "FormatError",
        "FormatError",
        "ConfigError",
        "ConfigError",
        "DefinitionConflictError",
        "DefinitionConflictError",
        "DatasetExistsError",
        "ArtifactMissingError",
    ]
    assert counts(outcomes) == {"ingested": 4, "failed": 8}
    assert count(butler) == 4
    assert list(butler.verify()) == []
    for name, one in outcomes.items():
        if one.ref:
            assert one.ref.artifacts
            assert butler.datastore.check(one.ref.artifacts[0]) is None, name
        assert os.path.lexists(folder / name) != (mode == "move" and one.outcome == "ingested"), name


def test_the_same_again_skips_what_is_there_and_takes_what_is_mended(butler: Butler, folder: Path) -> None:
    files = write_night(folder, 8)
    good = files[3].read_bytes()
    write_file(files[3], good[:100])
    assert counts(night(butler, folder)) == {"ingested": 7, "failed": 1}
    write_file(files[3], good)
    again = night(butler, folder)
    assert counts(again) == {"skipped": 7, "ingested": 1}
    assert again[files[3].name].outcome == "ingested"
    assert all(one.ref for one in again.values())


@pytest.mark.parametrize("mode", MODES)
def test_another_file_under_labels_that_are_there_is_skipped_or_fails_and_stays(
    butler: Butler, folder: Path, mode: str
) -> None:
    (file,) = write_night(folder, 1)
    night(butler, folder, mode="copy")
    other = file.read_bytes()[:-1] + b"x"
    write_file(file, other)
    assert counts(night(butler, folder, mode=mode)) == {"skipped": 1}
    assert file.read_bytes() == other
    outcomes = night(butler, folder, mode=mode, skip_existing=False)
    assert [type(one.error) for one in outcomes.values()] == [DatasetExistsError]
    assert file.read_bytes() == other


def test_without_tolerance_one_bad_file_keeps_all_out(butler: Butler, folder: Path) -> None:
    files = write_night(folder, 8)
    write_file(files[7], b"not FITS")
    with pytest.raises(FormatError, match="shot0001-3"):
        night(butler, folder, strict=True)
    assert count(butler) == 0
    assert list(butler.datastore.inventory.paths()) == []


def test_what_concerns_all_files_stops_the_night(butler: Butler, folder: Path) -> None:
    write_night(folder, 8)
    butler.registry.collections.register("Nightcam/raw", CollectionType.RUN)
    butler.registry.collections.freeze("Nightcam/raw")
    with pytest.raises(PermissionDeniedError, match="frozen"):
        night(butler, folder)


def test_several_processes_read_headers(butler: Butler, folder: Path) -> None:
    files = write_night(folder, 40)
    write_file(files[20], b"not FITS")
    outcomes = night(butler, folder, workers=2)
    assert list(outcomes) == [file.name for file in files]
    assert counts(outcomes) == {"ingested": 39, "failed": 1}


def test_a_dry_run_tells_what_would_be_ingested_and_ingests_nothing(butler: Butler, folder: Path) -> None:
    files = write_night(folder, 8)
    outcomes = night(butler, folder, dry_run=True)
    assert counts(outcomes) == {"new": 8}
    one = outcomes[files[5].name]
    assert (one.dataset_type, one.run) == ("raw", "Nightcam/raw")
    assert dict(one.data_id or {}) == {"camera": "Nightcam", "visit": 2, "sensor": 1}
    assert len(butler.registry.query("SELECT FROM visit")) == 0
    night(butler, *files[:4])
    assert counts(night(butler, folder, dry_run=True)) == {"skipped": 4, "new": 4}


def test_a_run_and_a_type_may_be_named(butler: Butler, folder: Path) -> None:
    write_night(folder, 2)
    assert {
        (one.ref.dataset_type.name, one.ref.run)
        for one in butler.raws.ingest_each([folder], "bias", run="u/me/bias")
        if one.ref
    } == {("bias", "u/me/bias")}


# What is still being written --------------------------------------------------


def test_a_file_that_was_written_to_a_moment_ago_is_left_for_the_next_time(
    butler: Butler, folder: Path
) -> None:
    files = write_night(folder, 4)
    day = 24 * 3600.0
    for file, age in zip(files, (0.0, -2.0, 2 * day, 3 * day), strict=True):
        write_file(file, file.read_bytes(), age=age)
    assert [one.outcome for one in night(butler, folder, settle=day).values()] == [
        "deferred",
        "deferred",  # by a server whose clock is ahead
        "ingested",
        "ingested",
    ]
    assert counts(night(butler, folder, settle=0.0)) == {"skipped": 2, "ingested": 2}


def test_a_file_that_is_named_is_taken_at_once(butler: Butler, folder: Path) -> None:
    (file,) = write_night(folder, 1, age=0.0)
    assert counts(night(butler, file)) == {"ingested": 1}


def test_a_file_cut_short_is_waited_for_until_its_writer_must_be_dead(butler: Butler, folder: Path) -> None:
    (file,) = write_night(folder, 1)
    whole = file.read_bytes()
    for content in (b"", whole[:100], whole[:2880], whole[:-2880] + b"x"):
        write_file(file, content, age=60.0)
        assert counts(night(butler, folder)) == {"deferred": 1}
        write_file(file, content, age=3600.0)
        assert counts(night(butler, folder)) == {"failed": 1}
    write_file(file, whole, age=60.0)
    assert counts(night(butler, folder)) == {"ingested": 1}


@pytest.mark.parametrize("mode", MODES)
def test_a_file_that_grows_while_it_is_taken_in_is_left_for_the_next_time(
    butler: Butler, folder: Path, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = write_night(folder, 4)

    def grow(file: Path) -> None:
        if file == files[2]:
            with file.open("ab") as stream:
                stream.write(b"more")

    def read_while_it_grows(name: str) -> Any:
        found = read_through(name)
        grow(Path(name))
        return found

    def fingerprint_while_it_grows(file: Path) -> Any:
        found = fingerprint(file)
        grow(file)
        return found

    def copy_while_it_grows(file: Path, target: Path) -> Any:
        found = copy_file(file, target)
        grow(file)
        return found

    monkeypatch.setattr(intake, "read_through", read_while_it_grows)
    monkeypatch.setattr(intake, "fingerprint", fingerprint_while_it_grows)
    monkeypatch.setattr(intake, "copy_file", copy_while_it_grows)
    outcomes = night(butler, folder, mode=mode)
    assert counts(outcomes) == {"ingested": 3, "deferred": 1}
    assert outcomes[files[2].name].outcome == "deferred"
    assert files[2].read_bytes().endswith(b"more")
    assert list(butler.verify()) == []


@pytest.mark.parametrize("mode", MODES)
def test_a_file_that_really_grows_is_taken_when_it_is_whole_and_not_before(
    butler: Butler, folder: Path, mode: str
) -> None:
    whole = shot(1, 0)
    file = folder / "shot.fits"
    folder.mkdir()
    written = 0

    def write() -> None:
        nonlocal written
        with file.open("ab", buffering=0) as stream:
            for start in range(0, len(whole), 128):
                written += stream.write(whole[start : start + 128])
                taken_once.wait(0.02)

    taken_once = threading.Event()
    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen: list[str] = []
        while not (seen and seen[-1] == "ingested"):
            outcomes = night(butler, folder, mode=mode, settle=0.0)
            seen += [one.outcome for one in outcomes.values()]
        assert set(seen[:-1]) <= {"deferred"}
    finally:
        taken_once.set()
        writer.join()
    (ref,) = [one.ref for one in outcomes.values()]
    assert ref is not None
    assert ref.artifacts
    assert ref.artifacts[0].sha256 == hashlib.sha256(whole).digest()
    assert written == len(whole)
    assert list(butler.verify()) == []
