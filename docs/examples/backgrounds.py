"""Subtracts the background of every image in a collection, and lists how high it was.

Called as ``python backgrounds.py demo ACS/raw u/me/backgrounds``; again, it takes what came since.
"""

from __future__ import annotations

import sys

import numpy as np

from butler import Butler, DatasetRef, DatasetType
from butler.errors import CollectionNotFoundError, DatasetNotFoundError

IMAGE = DatasetType("flattened", "Exposure", ("visit", "sensor"), "Exposure without its background.")
HEIGHT = DatasetType(
    "background", "Dict", ("visit", "sensor"), "Height of a background, in units of the image."
)


def is_done(butler: Butler, image: DatasetRef, run: str) -> bool:
    try:
        butler.find(HEIGHT.name, image.data_id, collections=run)
    except (CollectionNotFoundError, DatasetNotFoundError):  # the first put makes the run
        return False
    return True


def subtract(butler: Butler, image: DatasetRef) -> None:
    with butler.quantum("subtract", image.data_id) as quantum:
        exposure = quantum.get(image)
        height = float(np.median(exposure.data))
        exposure.data = exposure.data - height
        quantum.put(exposure, IMAGE.name, image.data_id)
        quantum.put({"median": height}, HEIGHT.name, image.data_id)


def main(repo: str, collection: str, run: str) -> None:
    with Butler(repo, run=run, collections=collection) as butler:
        for dataset_type in (IMAGE, HEIGHT):
            butler.registry.definitions.register_dataset_type(dataset_type)
        for image in butler.query.datasets("flt"):
            if not is_done(butler, image, run):
                subtract(butler, image)
        for height in butler.query.datasets(HEIGHT.name):
            print(height.data_id, butler.get(height)["median"], butler.uri(height))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("give a repository, a collection to read and a run to write: demo ACS/raw u/me/backgrounds")
    main(*sys.argv[1:])
