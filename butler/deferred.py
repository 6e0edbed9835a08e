"""A dataset that was found, and is read when asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from butler.context import Context
from butler.reading import read
from butler.values import DatasetRef

__all__ = ["DeferredDataset"]


class DeferredDataset:
    """A dataset that was found, and is read when asked.

    Parameters
    ----------
    context : `~butler.context.Context`
        In which it was found.
    ref : `~butler.DatasetRef`
        The dataset, with its artifacts.
    component : `str`, optional
        Read instead of the whole.
    """

    def __init__(self, context: Context, ref: DatasetRef, component: str | None = None) -> None:
        self._context = context
        self.ref = ref
        self.component = component

    def get(self, *, component: str | None = None, parameters: Mapping[str, Any] | None = None) -> Any:
        """Read it, or a component or a part of it; see `butler.Butler.get`."""
        return read(self._context, self.ref, component or self.component, parameters)

    def __repr__(self) -> str:
        return f"<DeferredDataset {self.ref}>"
