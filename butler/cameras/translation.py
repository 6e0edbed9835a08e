"""Fields by a class of astro-metadata-translator, the optional extra ``translators``.

The class is looked up among those that the package knows; a name out of a
camera's YAML is never imported.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any

from butler.cameras.headers import FileHeaders
from butler.errors import ConfigError, NotSupportedError

__all__ = ["translate"]

_PROPERTIES: Mapping[str, str] = {
    "visit": "visit_id",
    "visit_name": "observation_id",
    "sensor": "detector_num",
    "physical_filter": "physical_filter",
    "obs_begin": "datetime_begin",
    "exposure_time": "exposure_time",
    "dark_time": "dark_time",
    "observation_type": "observation_type",
    "observation_reason": "observation_reason",
    "target_name": "object",
    "science_program": "science_program",
    "seq_num": "observation_counter",
    "tracking_ra": "tracking_radec",
    "tracking_dec": "tracking_radec",
    "sky_angle": "boresight_rotation_angle",
    "azimuth": "altaz_begin",
    "zenith_angle": "altaz_begin",
    "airmass": "boresight_airmass",
}
"""The end isn't asked for: begin and exposure time give it, written ends overlap."""


def translate(translator: str, headers: FileHeaders, fields: Collection[str]) -> dict[str, Any]:
    """Let a translator class say what it can.

    Parameters
    ----------
    translator : `str`
        Its short name, such as that of the instrument, or its dotted path.
    headers : `FileHeaders`
        Of one file.
    fields : `~collections.abc.Collection` [`str`]
        Which are wanted.

    Returns
    -------
    values : `dict`
        Field → `bool`, `int`, `float`, `str` in the field's unit, or
        `astropy.time.Time`. Fields of which the class says nothing are absent.

    Raises
    ------
    NotSupportedError
        If the package isn't installed.
    ConfigError
        If it has no such class, or the class fails on these headers.
    """
    try:
        from astro_metadata_translator import MetadataTranslator, ObservationInfo
    except ImportError as error:
        raise NotSupportedError(
            f"translator {translator!r} needs the package astro-metadata-translator",
            hint="Install Butler with its extra 'translators'.",
        ) from error
    known = {}
    for short, found in MetadataTranslator.translators.items():
        known[short] = known[f"{found.__module__}.{found.__qualname__}"] = found
    if translator not in known:
        near = difflib.get_close_matches(translator, known, 1) or list(MetadataTranslator.translators)
        raise ConfigError(f"there is no translator {translator!r}", hint=f"Known are {', '.join(near)}.")
    wanted = {name: _PROPERTIES[name] for name in fields if name in _PROPERTIES}
    try:
        information = ObservationInfo(
            _merged(headers),
            filename=str(headers.path),
            translator_class=known[translator],
            subset=set(wanted.values()),
            quiet=True,
        )
        values = {
            name: _plain(name, getattr(information, _PROPERTIES[name]))
            for name in fields
            if name in _PROPERTIES
        }
    except Exception as error:  # a translator may fail in any way on a foreign header
        raise ConfigError(f"translator {translator} fails: {error}") from error
    return {name: value for name, value in values.items() if value is not None}


def _merged(headers: FileHeaders) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for index in dict.fromkeys((headers.image, 0)):
        for card in headers.hdus[index].cards:
            try:
                merged.setdefault(card.keyword, card.value)
            except Exception:  # one card that can't be parsed needn't spoil the others
                continue
    return merged


def _plain(field: str, value: Any) -> Any:
    if value is None:
        return None
    match field:
        case "tracking_ra":
            return float(value.icrs.ra.deg)
        case "tracking_dec":
            return float(value.icrs.dec.deg)
        case "azimuth":
            return float(value.az.deg)
        case "zenith_angle":
            return float(90 - value.alt.deg)
        case "sky_angle":
            return float(value.deg)
        case "exposure_time" | "dark_time":
            return float(value.to_value("s"))
    return value
