"""What a backup says about itself, and whether it is still what was written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from butler.errors import ButlerError, ChecksumError, FormatError

__all__ = ["DUMP", "INVENTORY", "MANIFEST", "Manifest", "read_backup", "write_sums"]

DUMP = "database.dump"
INVENTORY = "inventory.parquet"
MANIFEST = "manifest.json"
_SUMS = "SHA256SUMS"
_FORMAT = 1
_LINE = re.compile(r"([0-9a-f]{64})  ([\w.]+)")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.

    Parameters
    ----------
    made : `str`
        When its snapshot was taken: ISO 8601, UTC.
    butler, postgresql, postgis : `str`
        Versions that made it.
    schema_version : `str`
        Revision of the schema.
    role_prefix : `str`
        What the names of the database's roles begin with.
    snapshot : `str`
        Identifier of the snapshot that dump and inventory share.
    registries : `list` [`str`]
        The base and its layers.
    datastores : `~collections.abc.Mapping`
        Name to root URI.
    artifacts, bytes : `int`
        How many the inventory lists, and their size.
    format : `int`
        Of the backup itself.
    """

    made: str
    butler: str
    postgresql: str
    postgis: str
    schema_version: str
    role_prefix: str
    snapshot: str
    registries: list[str]
    datastores: Mapping[str, str]
    artifacts: int
    bytes: int
    format: int = _FORMAT

    def write(self, folder: Path) -> None:
        """Write it into a backup's folder."""
        (folder / MANIFEST).write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


def write_sums(folder: Path) -> None:
    """Write the checksums of a backup's files, as the program ``sha256sum`` checks them."""
    lines = [f"{_sha256(folder / name)}  {name}\n" for name in (DUMP, INVENTORY, MANIFEST)]
    (folder / _SUMS).write_text("".join(lines), encoding="utf-8")


def read_backup(folder: Path) -> Manifest:
    """Check every file of a backup, and give what it holds.

    Raises
    ------
    FormatError
        If the folder holds no backup, or one of a later version.
    ChecksumError
        If a file isn't what was written.
    """
    try:
        listed = _LINE.findall((folder / _SUMS).read_text(encoding="utf-8"))
        altered = [name for digest, name in listed if _sha256(folder / name) != digest]
        known = {name for _, name in listed}
    except FileNotFoundError as error:
        raise _no_backup(folder, f"there is no {error.filename}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise _no_backup(folder, error) from error
    if missing := {DUMP, INVENTORY, MANIFEST} - known:
        raise _no_backup(folder, f"{_SUMS} doesn't list {', '.join(sorted(missing))}")
    if altered:
        raise ChecksumError(
            f"{', '.join(altered)} of backup {folder} isn't what was written",
            hint="Take another backup, or another copy of this one.",
            details={"backup": str(folder), "files": altered},
        )
    content = json.loads((folder / MANIFEST).read_bytes())
    if content.get("format") != _FORMAT or content.keys() != {field.name for field in fields(Manifest)}:
        raise FormatError(
            f"backup {folder} is of format {content.get('format')}; this Butler reads {_FORMAT}",
            hint="Restore it by the version of Butler that made it: "
            f"{content.get('butler', 'its manifest.json says which')}.",
        )
    return Manifest(**content)


def _no_backup(folder: Path, why: object) -> ButlerError:
    return FormatError(
        f"{folder} is no whole backup: {why}",
        hint="Name a folder that 'butler db backup' made.",
        details={"backup": str(folder)},
    )


def _sha256(file: Path) -> str:
    import hashlib

    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
