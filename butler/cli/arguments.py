"""Arguments and options that several commands have."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from butler.arguments import duration
from butler.errors import InvalidDataIdError

__all__ = [
    "AdministratorDsn",
    "Collections",
    "DataIdWords",
    "DatasetTypeName",
    "DatasetTypeOrComponent",
    "DryRun",
    "FormatOption",
    "Glob",
    "ListFormat",
    "ListFormatOption",
    "OutputFile",
    "TableFormat",
    "Yes",
    "read_data_id",
    "read_duration",
    "required",
]


class TableFormat(StrEnum):
    """Formats of results that have rows and columns."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    VOTABLE = "votable"
    FITS = "fits"
    ECSV = "ecsv"
    PARQUET = "parquet"


class ListFormat(StrEnum):
    """Formats of short lists."""

    TABLE = "table"
    JSON = "json"


DatasetTypeName = Annotated[str, typer.Argument(metavar="TYPE", help="Dataset type.")]
DatasetTypeOrComponent = Annotated[
    str, typer.Argument(metavar="TYPE", help="Dataset type, or one and its component, such as calexp.wcs.")
]
DataIdWords = Annotated[
    list[str] | None,
    typer.Argument(metavar="[KEY=VALUE]...", help="Data ID, such as camera=ACS visit=8560513 sensor=1."),
]
AdministratorDsn = Annotated[
    str | None,
    typer.Option(
        "--dsn",
        metavar="DSN",
        help="Log in so, instead of as the repository says; the login must be able to become the owner.",
    ),
]
Collections = Annotated[
    list[str] | None,
    typer.Option(
        "--collections",
        "-c",
        metavar="NAME",
        help="Collection to search; repeat it to search several, in that order.",
    ),
]
FormatOption = Annotated[
    TableFormat | None,
    typer.Option("--format", "-f", help="By default what the output file's name says, else table."),
]
ListFormatOption = Annotated[ListFormat, typer.Option("--format", "-f", help="Of the output.")]
OutputFile = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write there instead of to standard output."),
]
Glob = Annotated[str, typer.Argument(metavar="[GLOB]", help="Pattern of names, with * and ?.")]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Show what would be done, and do nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]


def read_duration(value: str | timedelta) -> timedelta:
    """Read a duration such as ``90s``, ``10m``, ``8h`` or ``1d``.

    Raises
    ------
    typer.BadParameter
        If it isn't written like these.
    """
    if isinstance(value, timedelta):
        return value
    try:
        found = duration(value)
    except InvalidDataIdError as error:
        raise typer.BadParameter(error.message) from None
    if found is None:
        raise typer.BadParameter(f"{value!r} is not a duration: write 90s, 10m, 8h or 1d")
    return found


def read_data_id(words: list[str] | None) -> dict[str, str]:
    """Read a data ID; the values stay texts, which the database understands.

    Raises
    ------
    typer.BadParameter
        If a word isn't written KEY=VALUE, or a key is given twice.
    """
    data_id: dict[str, str] = {}
    for word in words or ():
        key, equals, value = word.partition("=")
        if not (key and equals and value):
            raise typer.BadParameter(f"{word!r} is no part of a data ID: write KEY=VALUE, such as visit=7")
        if key in data_id:
            raise typer.BadParameter(f"{key!r} is given twice")
        data_id[key] = value
    return data_id


def required(collections: list[str] | None) -> list[str]:
    """Give the collections to search.

    Raises
    ------
    typer.BadParameter
        If there are none.
    """
    if not collections:
        raise typer.BadParameter("name a collection to search", param_hint="--collections")
    return collections
