"""Reads the registry exports of LSST's data butler: YAML with tags of its own, regions as bytes."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml


class _Loader(yaml.SafeLoader):
    """Safe, with constructors for the export's own tags."""


def _region(loader: _Loader, node: yaml.MappingNode) -> list[tuple[float, float]]:
    return vertices(bytes.fromhex(loader.construct_mapping(node)["encoded"]))


def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


def _uuid(loader: _Loader, node: yaml.ScalarNode) -> UUID:
    return UUID(_text(loader, node))


_Loader.add_constructor("!uuid", _uuid)
_Loader.add_constructor("!butler_time/tai/iso", _text)
_Loader.add_constructor("lsst.sphgeom.ConvexPolygon", _region)


def vertices(encoded: bytes) -> list[tuple[float, float]]:
    """Decode a convex polygon: a letter p, then unit vectors as little-endian doubles; to (ra, dec), degrees."""
    assert encoded[:1] == b"p"
    numbers = struct.unpack(f"<{(len(encoded) - 1) // 8}d", encoded[1:])
    return [
        (math.degrees(math.atan2(y, x)) % 360, math.degrees(math.atan2(z, math.hypot(x, y))))
        for x, y, z in zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True)
    ]


class Export:
    """One or several export files, as rows in our words."""

    def __init__(self, *files: Path) -> None:
        self._entries = [e for file in files for e in yaml.load(file.read_text(), _Loader)["data"]]

    def records(self, element: str) -> list[dict[str, Any]]:
        return [
            r
            for e in self._entries
            if e["type"] == "dimension" and e["element"] == element
            for r in e["records"]
        ]

    def dataset_types(self) -> list[dict[str, Any]]:
        return [e for e in self._entries if e["type"] == "dataset_type"]

    def datasets(self) -> Iterator[tuple[str, str, UUID, dict[str, Any]]]:
        """Give dataset type, run, id and data ID of each dataset."""
        for entry in self._entries:
            if entry["type"] != "dataset":
                continue
            for record in entry["records"]:
                ids, data_ids = record["dataset_id"], record["data_id"]
                pairs = zip(ids, data_ids, strict=True) if isinstance(ids, list) else [(ids, data_ids)]
                for dataset_id, data_id in pairs:
                    yield entry["dataset_type"], entry["run"], dataset_id, data_id

    def cameras(self) -> list[dict[str, Any]]:
        return [
            {
                "camera": name,
                "filters": [
                    {"physical_filter": f["name"], "abstract_filter": f["band"]}
                    for f in self.records("physical_filter")
                    if f["instrument"] == name
                ],
                "sensors": [
                    {
                        "sensor": d["id"],
                        "sensor_name": d["full_name"],
                        "group": d["raft"],
                        "purpose": d["purpose"],
                    }
                    for d in self.records("detector")
                    if d["instrument"] == name
                ],
            }
            for name in (record["name"] for record in self.records("instrument"))
        ]

    def visits(self) -> list[dict[str, Any]]:
        keep = [
            "physical_filter",
            "exposure_time",
            "target_name",
            "observation_reason",
            "science_program",
            "zenith_angle",
            "azimuth",
            "region",
        ]
        times = {"obs_begin_tai": "datetime_begin", "obs_end_tai": "datetime_end"}
        return [
            {
                "camera": v["instrument"],
                "visit": v["id"],
                "visit_name": v["name"],
                **{key: v[key] for key in keep if v.get(key) is not None},
                **{ours: v[theirs] for ours, theirs in times.items() if v.get(theirs) is not None},
            }
            for v in self.records("visit")
        ]

    def observed_sensors(self) -> list[dict[str, Any]]:
        return [
            {"camera": r["instrument"], "visit": r["visit"], "sensor": r["detector"], "region": r["region"]}
            for r in self.records("visit_detector_region")
        ]

    def skymaps(self) -> list[dict[str, Any]]:
        return [
            {
                "skymap": skymap["name"],
                "tracts": [
                    {
                        "tract": tract["id"],
                        "region": tract["region"],
                        "patches": [
                            {
                                "patch": p["id"],
                                "cell_x": p["cell_x"],
                                "cell_y": p["cell_y"],
                                "region": p["region"],
                            }
                            for p in self.records("patch")
                            if (p["skymap"], p["tract"]) == (skymap["name"], tract["id"])
                        ],
                    }
                    for tract in self.records("tract")
                    if tract["skymap"] == skymap["name"]
                ],
            }
            for skymap in self.records("skymap")
        ]
