"""The parameter and the component ``bbox`` of images."""

from __future__ import annotations

from collections.abc import Mapping
from operator import index
from typing import Any

from butler.errors import StorageClassError

__all__ = ["box_slices", "whole_box"]


def box_slices(parameters: Mapping[str, Any], shape: tuple[int, ...]) -> tuple[slice, slice] | None:
    """Slices of rows and columns for the parameter ``bbox``; `None` if it isn't given.

    Parameters
    ----------
    parameters : `~collections.abc.Mapping`
        ``bbox`` is (x, y, width, height): 0-based column and row of the
        first pixel, and the size, in pixels.
    shape : `tuple` [`int`]
        Of the array.

    Raises
    ------
    StorageClassError
        If it isn't a box, or not inside the array.
    """
    if "bbox" not in parameters:
        return None
    box = parameters["bbox"]
    details = {"bbox": box, "shape": shape}
    try:
        x, y, width, height = map(index, box)
    except (TypeError, ValueError) as error:
        raise StorageClassError(
            f"bbox {box!r} isn't a box", hint="Give four integers: x, y, width, height.", details=details
        ) from error
    if len(shape) < 2:
        raise StorageClassError(
            f"bbox {box!r} is for images; this array has shape {shape}",
            hint="Read it whole.",
            details=details,
        )
    rows, columns = shape[-2:]
    if x < 0 or y < 0 or width < 1 or height < 1 or x + width > columns or y + height > rows:
        raise StorageClassError(
            f"bbox {tuple(box)!r} isn't inside the image, which is {columns} wide and {rows} high",
            hint="Give x, y, width, height, counted from 0, with at least one pixel.",
            details=details,
        )
    return slice(y, y + height), slice(x, x + width)


def whole_box(shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Box (x, y, width, height) of a whole image, in pixels."""
    rows, columns = (1, *shape)[-2:]
    return (0, 0, columns, rows)
