"""What a registry holds while it is tested, as plain data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from butler.values import (
    Artifact,
    Collection,
    CollectionType,
    DataId,
    DatasetRef,
    DatasetType,
    new_dataset_ids,
)

__all__ = [
    "BROKEN_NAMES",
    "HOSTILE_TEXTS",
    "UNSENDABLE_TEXTS",
    "Contents",
    "artifact",
    "camera",
    "make_contents",
]

HOSTILE_TEXTS = (
    "'; DROP SCHEMA butler CASCADE; --",
    '"; DROP TABLE dataset; --',
    "') OR 1=1; --",
    "$$; SELECT 1; $$",
    "%s %(x)s {0} {x} :x",
    "\\'; --",
    "a\\b",
    "été 🔭",
    "\U0001f52d" * 10,
    "NULL",
    "x" * 250,
)
"""Texts that must come back as they were given, and do nothing else."""

BROKEN_NAMES = ("", " ", "a\nb", "x" * 300, "/a", "a//b", "../a")
"""Names of which none can be a collection's or a dataset type's."""

UNSENDABLE_TEXTS = ("a\x00b", "\ud800")
"""Texts that no registry can hold: NUL, and half a character."""


@dataclass(frozen=True)
class Contents:
    """What a registry holds while it is tested.

    Parameters
    ----------
    cameras, skymaps : `tuple` [`dict`]
        As `~butler.registry.interfaces.Definitions` registers them.
    units : `dict` [`str`, `list` [`dict`]]
        View to rows.
    dataset_types : `tuple` [`~butler.DatasetType`]
        With all their units, in the units' order.
    datastores : `dict` [`str`, `str`]
        Name to root.
    collections : `tuple` [`~butler.values.Collection`]
        A chain's members come before it.
    datasets : `tuple` [`~butler.DatasetRef`]
        With their artifacts; one that has none was unstored.
    tagged : `dict` [`str`, `tuple` [`uuid.UUID`]]
        Tagged collection to the datasets in it.
    """

    cameras: tuple[Mapping[str, Any], ...]
    skymaps: tuple[Mapping[str, Any], ...]
    units: Mapping[str, Sequence[Mapping[str, Any]]]
    dataset_types: tuple[DatasetType, ...]
    datastores: Mapping[str, str]
    collections: tuple[Collection, ...]
    datasets: tuple[DatasetRef, ...]
    tagged: Mapping[str, tuple[UUID, ...]]


def make_contents() -> Contents:
    """Make them, with new ids of datasets.

    Two cameras have visits of the same numbers, but for visit 3, which
    ``Cam`` alone has. Both look at one patch. Runs ``r/one`` and ``r/two``
    have datasets of one data ID; the chain ``all`` finds that of ``r/two``.
    """
    raw = DatasetType("raw", "Dict", ("camera", "sensor", "visit"))
    coadd = DatasetType("coadd", "Dict", ("skymap", "tract", "patch"))
    census = DatasetType("census", "Text", (), "One for all.")
    ids = iter(new_dataset_ids(6))

    def dataset(run: str, dataset_type: DatasetType, data_id: DataId, *components: str) -> DatasetRef:
        dataset_id = next(ids)
        artifacts = tuple(artifact(f"{dataset_id.hex}{each}", each) for each in components)
        return DatasetRef(dataset_id, dataset_type, data_id, run, artifacts)

    datasets = (
        dataset("r/one", raw, DataId(camera="Cam", sensor=1, visit=1), ""),
        dataset("r/one", raw, DataId(camera="Spec", sensor=1, visit=1), ""),
        dataset("r/one", census, DataId()),
        dataset("r/two", raw, DataId(camera="Cam", sensor=1, visit=1), ""),
        dataset("r/two", raw, DataId(camera="Cam", sensor=1, visit=2), ""),
        dataset("r/two", raw, DataId(camera="Cam", sensor=2, visit=2), "image", "wcs"),
    )
    visits = (("Cam", 1), ("Cam", 2), ("Cam", 3), ("Spec", 1), ("Spec", 2))
    field = _square(10, 0)
    return Contents(
        cameras=(camera("Cam"), camera("Spec")),
        skymaps=(
            {
                "skymap": "rings",
                "doc": "One tract.",
                "tracts": [{"tract": 0, "region": field, "patches": [{"patch": 0, "region": field}]}],
            },
        ),
        units={
            "visit": [
                {"camera": name, "visit": n, "visit_name": f"{name} {n}", "exposure_time": 30.0}
                for name, n in visits
            ],
            "observed_sensor": [
                {"camera": name, "visit": n, "sensor": sensor, "region": field}
                for name, n in visits
                if n != 3
                for sensor in (1, 2)
            ],
        },
        dataset_types=(raw, coadd, census),
        datastores={"store": "file:///data/"},
        collections=(
            Collection("r/one", CollectionType.RUN, doc="A run."),
            Collection("r/two", CollectionType.RUN, doc="Another run."),
            Collection("best", CollectionType.TAGGED, doc="The best."),
            Collection("inner", CollectionType.CHAINED, doc="A part of all.", members=("best", "r/two")),
            Collection("all", CollectionType.CHAINED, doc="All there is.", members=("inner", "r/one")),
        ),
        datasets=datasets,
        tagged={"best": (datasets[1].id,)},
    )


def camera(name: str) -> dict[str, Any]:
    """Make the definition of a camera with two sensors and a filter."""
    return {
        "camera": name,
        "sensors": [{"sensor": n, "sensor_name": f"S{n}"} for n in (1, 2)],
        "filters": [{"physical_filter": f"{name}-r", "abstract_filter": f"{name} r"}],
    }


def artifact(name: str, component: str = "") -> Artifact:
    """Make up an artifact of three bytes in ``store``."""
    return Artifact(
        "store", f"{name}.json", "json", 3, hashlib.sha256(name.encode()).digest(), component=component
    )


def _square(ra: float, dec: float) -> list[tuple[float, float]]:
    return [(ra, dec), (ra + 1, dec), (ra + 1, dec + 1), (ra, dec + 1)]
