"""Files that are cut short, that lie, or that aren't FITS."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from butler.cameras import CameraDefinition, check, draft, match, observe
from butler.errors import ArtifactMissingError, FormatError

WriteFits = Callable[..., Path]

BLOCK = 2880


def lying(keyword: bytes, value: bytes) -> Callable[[bytes], bytes]:
    """Overwrite the last occurrence of a card."""

    def lie(whole: bytes) -> bytes:
        start = whole.rindex(keyword.ljust(8) + b"=")
        card = (keyword.ljust(8) + b"= " + value).ljust(80)
        return whole[:start] + card + whole[start + 80 :]

    return lie


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda whole: b"", "it is empty"),
        (lambda whole: b"not FITS at all", "of a format that nobody here knows"),
        (lambda whole: whole[: BLOCK // 2], "cut short"),
        (lambda whole: whole[: BLOCK + 100], "cut short"),
        (lambda whole: whole[: 2 * BLOCK], "cut short"),
        (lambda whole: whole[: 2 * BLOCK + 399], "promises 400 bytes"),
        (lambda whole: whole.replace(b"END" + b" " * 77, b" " * 80), "cut short"),
        (lambda whole: whole[:BLOCK].replace(b"END" + b" " * 77, b" " * 80) * 4001, "doesn't end"),
        (lying(b"NAXIS1", b"999999999999999"), "promises"),
        (lying(b"NAXIS1", b"-10"), "NAXIS1 is -10"),
        (lying(b"NAXIS1", b"T"), "NAXIS1 is True"),
        (lying(b"NAXIS1", b"'ten'"), "NAXIS1 is 'ten'"),
        (lying(b"NAXIS", b"1000000000"), "NAXIS is 1000000000"),
        (lying(b"NAXIS", b"3"), "can't be understood"),
        (lying(b"BITPIX", b"7'"), "can't be understood"),
        (lying(b"GCOUNT", b"-3"), "GCOUNT is -3"),
        (lying(b"PCOUNT", b"9999999"), "promises"),
        (lambda whole: gzip.compress(whole)[:200], "can't be unpacked"),
        (lambda whole: b"\x1f\x8bnonsense", "can't be unpacked"),
        (lambda whole: gzip.compress(whole[: 2 * BLOCK + 10]), "promises"),
    ],
)
def test_a_damaged_file_is_refused_by_name(
    made_up: CameraDefinition, write_fits: WriteFits, damage: Callable[[bytes], bytes], reason: str
) -> None:
    file = write_fits()
    file.write_bytes(damage(file.read_bytes()))
    for ask in (lambda: observe(made_up, file), lambda: match([made_up], file), lambda: draft([file])):
        with pytest.raises(FormatError) as refusal:
            ask()
        assert str(file) in str(refusal.value)
        assert reason in str(refusal.value)


def test_a_file_whose_last_block_is_not_padded_is_whole(
    made_up: CameraDefinition, write_fits: WriteFits
) -> None:
    file = write_fits()
    file.write_bytes(file.read_bytes()[: 2 * BLOCK + 400])
    assert observe(made_up, file).visit == 12


def test_what_follows_the_last_hdu_does_no_harm(made_up: CameraDefinition, write_fits: WriteFits) -> None:
    file = write_fits()
    file.write_bytes(file.read_bytes() + b"\0" * 5000)
    assert observe(made_up, file).visit == 12


@pytest.mark.parametrize("name", ["nowhere.fits", "nul\0.fits"])
def test_a_file_that_is_not_there_is_missing_not_damaged(
    made_up: CameraDefinition, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ArtifactMissingError):
        observe(made_up, tmp_path / name)


@pytest.mark.parametrize("name", [".", "pipe.fits"])
def test_what_is_not_a_file_is_refused_at_once(made_up: CameraDefinition, tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe.fits")
    with pytest.raises(FormatError, match="isn't a regular file"):
        observe(made_up, tmp_path / name)


def test_a_check_goes_on_after_a_bad_file(
    made_up: CameraDefinition, write_fits: WriteFits, tmp_path: Path
) -> None:
    good = write_fits()
    bad = tmp_path / "bad.fits"
    bad.write_bytes(good.read_bytes()[:3000])
    reports = check(made_up, [tmp_path / "nowhere.fits", bad, tmp_path, good])
    assert [report.ok for report in reports] == [False, False, False, True]
    assert "cut short" in reports[1].problem
