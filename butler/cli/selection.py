"""The datasets that a command works on."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import typer

from butler.cli.failures import ExitStatus
from butler.cli.missing import nothing_found

if TYPE_CHECKING:
    from butler.butler import Butler
    from butler.values import DatasetRef

__all__ = ["found_datasets"]


def found_datasets(
    butler: Butler, dataset_type: str, data_id: Mapping[str, str], collections: Sequence[str]
) -> list[DatasetRef]:
    """Find datasets; that there are none is an answer that ends the command."""
    refs = list(butler.query.datasets(dataset_type, data_id, collections=collections))
    if not refs:
        print("no datasets found")
        print(nothing_found(butler, data_id), file=sys.stderr)
        raise typer.Exit(ExitStatus.FAILED)
    return refs
