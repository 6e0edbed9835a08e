"""A first YAML of a camera, guessed from headers of its files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from butler.cameras.conversion import convert
from butler.cameras.definition import CameraDefinition, HeaderMap
from butler.cameras.examination import examine
from butler.cameras.fits_file import read_headers
from butler.cameras.headers import FileHeaders
from butler.cameras.names import MAX_NAME_BYTES, checked_name
from butler.cameras.quiet import quiet_astropy
from butler.cameras.rules import FIELDS, FieldRule, as_text, find, read_rule
from butler.errors import ButlerError, ConfigError, InvalidNameError
from butler.strict import Document, parse_yaml

__all__ = ["draft"]

Rule = dict[str, Any]

_CAMERA_KEYWORDS = ("INSTRUME", "TELESCOP", "CAMERA", "DETECTOR", "OBSERVAT", "ORIGIN")
_VISIT_NUMBERS = ("EXPNUM", "EXPID", "EXP_ID", "OBSNUM", "FRAMENUM", "FRAMENO", "RUNNUM", "VISIT")
_VISIT_NAMES = ("ROOTNAME", "OBSID", "OBS_ID", "EXP-ID", "FRAMEID", "OBS-ID", "DPR_ID", "ARCFILE")
_BEGINS = ("DATE-BEG", "DATE-OBS", "DATEOBS", "DATE_OBS", "UTC-OBS")
_BEGINS_MJD = ("MJD-BEG", "MJD-STR", "EXPSTART", "MJD-OBS", "MJD")
_TIMES_OF_DAY = ("UT", "UTC", "TIME-OBS", "UT-OBS", "UTSTART", "UTC-OBS", "UT-STR", "UTIME", "TIME")
_EXPOSURE_TIMES = ("EXPTIME", "EXPOSURE", "XPOSURE", "EXP_TIME", "ITIME", "TEXPTIME")
_POINTINGS = (
    ("TELRA", "TELDEC"),
    ("RA_APER", "DEC_APER"),
    ("RA_OBS", "DEC_OBS"),
    ("RA_TARG", "DEC_TARG"),
    ("RA", "DEC"),
    ("OBJCTRA", "OBJCTDEC"),
)
_SENSORS = (
    *("CCDNUM", "DET-ID", "DETID", "CHIPID", "CCDID", "CCDCHIP", "CHIP", "IMAGEID"),
    *("DETECTOR", "DETNAME", "CCDNAME", "CHIPNAME"),
)
_FILTERS = ("FILTER", "FILTNAM", "FILTNAME", "FILTERS", "FILTER01", "FILT", "BAND")
_FILTER_WHEELS = re.compile(r"FILTER[0-9]")
_OTHERS: Mapping[str, tuple[str, ...]] = {
    "dark_time": ("DARKTIME", "DARK-TIME"),
    "observation_type": ("OBSTYPE", "IMAGETYP", "IMGTYPE", "OBS_TYPE", "DATA-TYP"),
    "target_name": ("OBJECT", "TARGNAME", "TARGET"),
    "science_program": ("PROPID", "PROPOSID", "PROG-ID", "PROGID", "PROP-ID", "PROGRAM"),
    "seq_num": ("SEQNUM", "SEQ_NUM", "SEQNO"),
    "sky_angle": ("ROTPA", "POSANG", "ORIENTAT", "PA"),
    "azimuth": ("AZ", "AZIMUTH", "TELAZ", "AZSTART"),
    "zenith_angle": ("ZD", "ZDSTART", "ZENITH"),
    "airmass": ("AIRMASS", "SECZ", "AMSTART"),
}
_PLACES = ("keyword", "join", "separator")
_TYPE_WORDS = {"object": "science", "light": "science", "light frame": "science", "zero": "bias"}
_TIME_SYSTEMS = ("utc", "tai", "tt", "tdb")


@dataclass(frozen=True)
class _Guess:
    rule: Rule
    note: str


def draft(files: Iterable[Path]) -> str:
    """Write a first YAML of the camera that some files are of.

    Every guess carries a comment with a value that it gives. The text reads
    back with `CameraDefinition.read`; where a file can't be ingested with it yet,
    its first lines say why.

    Parameters
    ----------
    files : iterable of `~pathlib.Path`
        FITS files of one camera; the more sensors, filters and visits among
        them, the better the guesses.

    Returns
    -------
    yaml : `str`
        The text.

    Raises
    ------
    FormatError
        If a file isn't FITS or is cut short.
    ConfigError
        If there are no files, they are of several cameras, or nothing in
        their headers tells a camera.
    """
    samples = [read_headers(Path(file)).with_image("first") for file in files]
    if not samples:
        raise ConfigError("there is no file to draft from", hint="Name some raw files of the camera.")
    with quiet_astropy():
        text = _Draft(samples).text()
    problems = _problems(text, samples)
    return "".join(f"# Not yet: {_one_line(problem, 300)}\n" for problem in problems) + text


class _Draft:
    """The guesses from some headers, and the YAML that says them."""

    def __init__(self, samples: Sequence[FileHeaders]) -> None:
        self.samples = samples
        self.match = self._match()
        instrument = next(iter(self.match.values()))
        self.camera = _as_name("camera", instrument)
        # Only what needs neither sensors nor filters is converted with it.
        self.no_camera = CameraDefinition(
            name=self.camera, headers=HeaderMap(match={}, fields={}, translator="none"), sensors=()
        )

    def text(self) -> str:
        """Write everything."""
        fields: dict[str, _Guess | None] = dict.fromkeys(FIELDS)
        fields["obs_begin"] = self._begin()
        fields["exposure_time"] = self._first("exposure_time", _EXPOSURE_TIMES)
        fields["visit"], fields["visit_name"] = self._visit(fields["obs_begin"])
        fields["tracking_ra"], fields["tracking_dec"] = self._pointing()
        for name, keywords in _OTHERS.items():
            fields[name] = self._first(name, keywords)
        if (guess := fields["observation_type"]) is not None:
            words = {w: _TYPE_WORDS[w.lower()] for w in self._written(guess.rule) if w.lower() in _TYPE_WORDS}
            if words:
                fields["observation_type"] = _Guess({**guess.rule, "table": words}, guess.note)
        sensors, fields["sensor"] = self._sensors()
        filters, fields["physical_filter"] = self._filters()
        images = max(sum(len(s.axes(i)) >= 2 for i in range(len(s.hdus))) for s in self.samples)
        lines = [
            f"camera: {_flow(self.camera)}  # guess: what the headers call it",
            "doc: ''  # what it is, in a sentence",
            "night_offset_hours: -12  # guess: hours from UTC to the date of the evening",
            "",
            "sensors:",
            *(f"  - {_flow(sensor)}" for sensor in sensors),
            "",
            *(
                ["filters:  # guess: add abstract_filter, wavelength_min and wavelength_max in nm"]
                if filters
                else []
            ),
            *(f"  - {_flow(one)}" for one in filters),
            *([""] if filters else []),
            "headers:",
            f"  match: {_flow(self.match)}",
            f"  image_hdu: first  # guess: of {images} images in a file"
            if images > 1
            else "  image_hdu: first",
            "  fields:",
            *(_field_line(name, guess) for name, guess in fields.items()),
            *self._dataset_types(),
        ]
        return "\n".join(lines) + "\n"

    def _match(self) -> dict[str, str]:
        match: dict[str, str] = {}
        for keyword in _CAMERA_KEYWORDS:
            values = self._written({"keyword": keyword})
            if keyword == "INSTRUME" and len(values) > 1:
                raise ConfigError(
                    f"the files are of several cameras: INSTRUME is {', '.join(sorted(values))}",
                    hint="Draft from the files of one camera.",
                )
            if len(values) == 1 and len(match) < 2:
                match[keyword] = next(iter(values))
            if keyword == "TELESCOP" and match:
                return match
        if match:
            return match
        raise ConfigError(
            f"no header has one of {', '.join(_CAMERA_KEYWORDS)}, the same in all files",
            hint="Write 'match' by hand, with a keyword that only this camera's files have.",
        )

    def _begin(self) -> _Guess | None:
        systems = {system.lower() for system in self._written({"keyword": "TIMESYS"})}
        scale = systems.pop() if len(systems) == 1 else "utc"
        more = {"time_scale": scale} if scale in _TIME_SYSTEMS[1:] else {}
        return self._one_of(
            "obs_begin",
            [
                *({"keyword": keyword, **more} for keyword in _BEGINS),
                *(
                    {"keyword": k, "format": "mjd", **more}
                    for k in _BEGINS_MJD
                    if k not in ("MJD-OBS", "MJD")
                ),
                *(
                    {"join": [day, hour], "separator": "T", **more}
                    for day in _BEGINS
                    for hour in _TIMES_OF_DAY
                    if day != hour
                ),
                *({"keyword": keyword, "format": "mjd", **more} for keyword in _BEGINS_MJD),
            ],
        )

    def _visit(self, begin: _Guess | None) -> tuple[_Guess, _Guess | None]:
        exposures = len(self._written(begin.rule)) if begin else 1
        numbers: list[Rule] = [
            *({"keyword": keyword} for keyword in _VISIT_NUMBERS),
            *({"keyword": keyword, "number": "base36"} for keyword in _VISIT_NAMES),
        ]
        name = self._one_of("visit_name", [{"keyword": k} for k in _VISIT_NAMES], least=exposures)
        number = self._one_of("visit", numbers, least=exposures)
        return number or _Guess({"number": "datetime"}, "no header numbers it, its begin does"), name

    def _pointing(self) -> tuple[_Guess | None, _Guess | None]:
        for ra, dec in _POINTINGS:
            sexagesimal = any(":" in value or " " in value for value in self._written({"keyword": ra}))
            unit = {"unit": "hour"} if sexagesimal else {}
            east, north = (
                self._one_of("tracking_ra", [{"keyword": ra, **unit}]),
                self._first("tracking_dec", [dec]),
            )
            if east and north:
                return east, north
        return None, None

    def _sensors(self) -> tuple[list[Rule], _Guess]:
        nx, ny = (
            max((s.axes()[axis] for s in self.samples if len(s.axes()) > axis), default=0) for axis in (0, 1)
        )
        size = {"nx": nx, "ny": ny} if nx and ny else {}
        for keyword in _SENSORS:
            written = self._in_every_file({"keyword": keyword})
            if keyword in self.match or not written:
                continue
            if all(re.fullmatch(r"[0-9]{1,9}", value) for value in written):
                sensors: list[Rule] = [
                    {"sensor": n, **size} for n in sorted({int(value) for value in written})
                ]
            else:
                names = sorted({_as_name("sensor", value) for value in written})
                if names != sorted(written):
                    continue
                sensors = [{"sensor": n, "sensor_name": name, **size} for n, name in enumerate(names, 1)]
            return sensors, _Guess({"keyword": keyword}, _sample(written))
        return [{"sensor": 1, **size}], _Guess({"constant": 1}, "no header names a sensor")

    def _filters(self) -> tuple[list[Rule], _Guess | None]:
        wheels = sorted({k for s in self.samples for k in s.hdus[0] if _FILTER_WHEELS.fullmatch(k)})
        candidates: list[Rule] = [{"keyword": keyword} for keyword in _FILTERS]
        if wheels:
            candidates.append(
                {"join": wheels, "separator": "+"} if len(wheels) > 1 else {"keyword": wheels[0]}
            )
        for rule in candidates:
            if written := self._written(rule):
                names = {_as_name("filter", value): value for value in sorted(written)}
                filters = [
                    {"physical_filter": name, **({} if name == value else {"aliases": [value]})}
                    for name, value in names.items()
                ]
                return filters, _Guess(rule, _sample(written))
        return [], None

    def _dataset_types(self) -> list[str]:
        names = [sample.path.name for sample in self.samples]
        words = [re.split(r"[_.-]", name) for name in names]
        lines = ["  dataset_types:"]
        if len({len(parts) for parts in words}) == 1:
            for position in range(len(words[0])):
                others = {tuple(parts[:position] + parts[position + 1 :]) for parts in words}
                values = sorted({parts[position] for parts in words})
                # The same name but for one word: several files of one exposure.
                if 1 < len(values) <= 5 and len(others) * len(values) == len(set(names)) and all(values):
                    if not all(re.fullmatch(r"[A-Za-z]\w*", word) for word in values):
                        continue
                    rules = ({"dataset_type": k, "file_name": f"(?<![^_.-]){k}(?![^_.-])"} for k in values)
                    return [*lines, *(f"    - {_flow(rule)}  # guess: by the files' names" for rule in rules)]
        return [*lines, "    - {dataset_type: raw}  # guess: every file"]

    def _first(self, name: str, keywords: Iterable[str]) -> _Guess | None:
        return self._one_of(name, [{"keyword": keyword} for keyword in keywords])

    def _one_of(self, name: str, candidates: Iterable[Rule], least: int = 1) -> _Guess | None:
        """Take the first rule that gives a value that can be right for every file, and enough of them."""
        for candidate in candidates:
            rule = _parsed(candidate, FIELDS[name])
            try:
                found = [find(rule, sample) for sample in self.samples]
                values = {str(convert(FIELDS[name], f.value, rule, self.no_camera)) for f in found if f}
            except ButlerError:
                continue
            if all(found) and len(values) >= least:
                return _Guess(candidate, _sample({as_text(f.value) for f in found if f}))
        return None

    def _in_every_file(self, candidate: Rule) -> set[str]:
        found = [_look(candidate, sample) for sample in self.samples]
        return {value for value in found if value is not None} if all(found) else set()

    def _written(self, candidate: Rule) -> set[str]:
        return {value for sample in self.samples if (value := _look(candidate, sample)) is not None}


def _look(candidate: Rule, sample: FileHeaders) -> str | None:
    try:
        found = find(_parsed({k: v for k, v in candidate.items() if k in _PLACES}, "text"), sample)
    except ConfigError:
        return None
    return None if found is None else as_text(found.value)


def _parsed(candidate: Rule, value_type: str) -> FieldRule:
    return read_rule(Document(candidate, "draft"), value_type)


def _problems(text: str, samples: Sequence[FileHeaders]) -> list[str]:
    definition = CameraDefinition.from_document(parse_yaml(text.encode(), "the draft"))
    found = [examine(definition, sample).errors for sample in samples]
    return list(dict.fromkeys(errors[0].message for errors in found if errors))


def _field_line(name: str, guess: _Guess | None) -> str:
    if guess is not None:
        return f"    {name}: {_flow(guess.rule)}  # guess: {guess.note}"
    if name in ("obs_begin", "exposure_time"):
        usual = {"obs_begin": "DATE-OBS", "exposure_time": "EXPTIME"}[name]
        return f"    {name}: {{keyword: {usual}}}  # not found: name the keyword"
    return f"    # {name}: not found"


def _as_name(unit: str, written: str) -> str:
    """Turn what a header says into a name, by leaving out what names can't hold."""
    plain = "".join("-" if c in "/\\" else c for c in written if c.isprintable()).strip(" .")
    short = plain.encode()[:MAX_NAME_BYTES].decode(errors="ignore").strip()
    try:
        return checked_name(unit, short)
    except InvalidNameError:
        return unit


def _flow(value: Any) -> str:
    import yaml

    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6)
    return text.removesuffix("...\n").strip()


def _sample(values: Iterable[str]) -> str:
    return _one_line(", ".join(sorted(values)[:3]), 60)


def _one_line(text: str, length: int) -> str:
    printable = "".join(c if c.isprintable() else " " for c in text)
    return printable if len(printable) <= length else f"{printable[: length - 1]}…"
