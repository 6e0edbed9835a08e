"""The identity of a dataset in FITS: keywords of the primary header, and a table of the inputs.

=========  ==========================================================
keyword    meaning
=========  ==========================================================
BTLRFMT    version of Butler's layout of the file
BTLRID     id of the dataset
BTLRTYPE   its dataset type
BTLRRUN    its run, percent-encoded where it isn't ASCII
BTLRDATA   its data ID, as JSON
BTLRCOMP   the component that the file holds, if it isn't the whole
BTLRMORE   whatever else the identity has, as JSON
=========  ==========================================================

The ids of the inputs are the column ``id`` of the extension ``BTLRINPUTS``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

__all__ = [
    "FORMAT_KEYWORD",
    "IDENTITY_KEYWORDS",
    "INPUTS",
    "identity_from_header",
    "identity_header",
    "inputs_table",
]

FORMAT_KEYWORD = "BTLRFMT"
INPUTS = "BTLRINPUTS"
_VERSION = 1
_PLAIN = {
    "id": "BTLRID",
    "dataset_type": "BTLRTYPE",
    "run": "BTLRRUN",
    "component": "BTLRCOMP",
}
_COMMENTS = {
    "id": "dataset id",
    "dataset_type": "dataset type",
    "run": "run",
    "component": "component",
}
_PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")
IDENTITY_KEYWORDS = frozenset({FORMAT_KEYWORD, "BTLRDATA", "BTLRMORE", *_PLAIN.values()})


def identity_header(identity: Mapping[str, Any]) -> Any:
    """Header cards that carry an identity, without its inputs.

    Returns
    -------
    header : `astropy.io.fits.Header`
    """
    from astropy.io import fits

    header = fits.Header()
    header[FORMAT_KEYWORD] = (_VERSION, "Butler's file layout")
    for key, keyword in _PLAIN.items():
        if key in identity:
            header[keyword] = (quote(str(identity[key]), safe=_PRINTABLE), _COMMENTS[key])
    if "data_id" in identity:
        header["BTLRDATA"] = json.dumps(dict(identity["data_id"]))
    more = {key: identity[key] for key in identity if key not in {*_PLAIN, "data_id", "inputs"}}
    if more:
        header["BTLRMORE"] = json.dumps(more)
    return header


def inputs_table(identity: Mapping[str, Any]) -> list[Any]:
    """Extension that lists the inputs; none if there are none."""
    from astropy.io import fits

    inputs = [str(each) for each in identity.get("inputs", ())]
    if not inputs:
        return []
    width = max(map(len, inputs))
    return [fits.BinTableHDU.from_columns([fits.Column("id", f"{width}A", array=inputs)], name=INPUTS)]


def identity_from_header(header: Any) -> dict[str, Any] | None:
    """Undo `identity_header`."""
    if FORMAT_KEYWORD not in header:
        return None
    identity: dict[str, Any] = {
        key: unquote(header[keyword]) for key, keyword in _PLAIN.items() if keyword in header
    }
    if "BTLRDATA" in header:
        identity["data_id"] = json.loads(header["BTLRDATA"])
    if "BTLRMORE" in header:
        identity |= json.loads(header["BTLRMORE"])
    return identity
