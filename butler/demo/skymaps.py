"""Sky maps for the tour: one drawn around a field, one out of a survey's table of bricks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from butler.demo.tangent_plane import to_sky

__all__ = ["skymap_around", "skymap_of_bricks"]


def skymap_around(name: str, ra: float, dec: float, *, patches: int, patch_size: float) -> dict[str, Any]:
    """Make a sky map of one square tract.

    Parameters
    ----------
    name : `str`
        Of the sky map.
    ra, dec : `float`
        Centre of the tract, ICRS, degrees.
    patches : `int`
        How many along a side.
    patch_size : `float`
        Side of a patch, degrees.

    Returns
    -------
    definition : `dict`
        As `butler.registry.interfaces.Definitions.register_skymap` takes it.
    """
    import numpy as np

    edges = (np.arange(patches + 1) - patches / 2) * patch_size

    def square(left: float, right: float, bottom: float, top: float) -> list[list[float]]:
        corners = np.array([(left, bottom), (right, bottom), (right, top), (left, top)])
        outline: list[list[float]] = to_sky(corners, ra, dec).tolist()
        return outline

    cells = [
        {
            "patch": patches * y + x,
            "cell_x": x,
            "cell_y": y,
            "region": square(edges[x], edges[x + 1], edges[y], edges[y + 1]),
        }
        for y in range(patches)
        for x in range(patches)
    ]
    outline = square(edges[0], edges[-1], edges[0], edges[-1])
    return {"skymap": name, "tracts": [{"tract": 0, "region": outline, "patches": cells}]}


def skymap_of_bricks(name: str, tables: Iterable[Path], *, patches: int) -> dict[str, Any]:
    """Make a sky map of a survey's bricks: a tract each, cut into patches.

    Parameters
    ----------
    name : `str`
        Of the sky map.
    tables : iterable of `pathlib.Path`
        FITS tables with columns ``brickid, ra1, ra2, dec1, dec2``; degrees.
    patches : `int`
        How many along a side of a brick.

    Returns
    -------
    definition : `dict`
        As `butler.registry.interfaces.Definitions.register_skymap` takes it.
    """
    from astropy.table import Table, unique, vstack

    bricks = unique(vstack([Table.read(table) for table in tables], metadata_conflicts="silent"), "brickid")
    return {"skymap": name, "tracts": [_brick(row, patches) for row in bricks]}


def _brick(row: Any, patches: int) -> dict[str, Any]:
    import numpy as np

    ras = np.linspace(row["ra1"], row["ra2"], patches + 1).tolist()
    decs = np.linspace(row["dec1"], row["dec2"], patches + 1).tolist()

    def box(left: float, right: float, bottom: float, top: float) -> list[list[float]]:
        return [[left, bottom], [right, bottom], [right, top], [left, top]]

    return {
        "tract": int(row["brickid"]),
        "region": box(ras[0], ras[-1], decs[0], decs[-1]),
        "patches": [
            {
                "patch": patches * y + x,
                "cell_x": x,
                "cell_y": y,
                "region": box(ras[x], ras[x + 1], decs[y], decs[y + 1]),
            }
            for y in range(patches)
            for x in range(patches)
        ],
    }
