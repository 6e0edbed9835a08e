"""A dataset that was found, and is read when asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from butler.values import DatasetRef

if TYPE_CHECKING:
    from butler.butler import Butler

__all__ = ["DeferredDataset"]


class DeferredDataset:
    """A dataset that was found, and is read when asked.

    Parameters
    ----------
    butler : `~butler.Butler`
        That found it.
    ref : `~butler.DatasetRef`
        The dataset.
    component : `str`, optional
        Read instead of the whole.
    """

    def __init__(self, butler: Butler, ref: DatasetRef, component: str | None = None) -> None:
        self._butler = butler
        self.ref = ref
        self.component = component

    def get(self, *, component: str | None = None, parameters: Mapping[str, Any] | None = None) -> Any:
        """Read it, or a component or a part of it; see `Butler.get`."""
        return self._butler.get(self.ref, component=component or self.component, parameters=parameters)

    def __repr__(self) -> str:
        return f"<DeferredDataset {self.ref}>"
