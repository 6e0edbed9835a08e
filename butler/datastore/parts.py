"""Parts of files: an HDU, or whatever a format has, or a member of a zip file.

A zip file is a container for files of any format: its member is taken out, and
read by the formatter as a file of its own.
"""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import Any

from butler.datastore.formatter_choice import FormatterChoice
from butler.datastore.formatters import Formatter
from butler.datastore.formatters.content import beginning
from butler.datastore.formatters.packing import check_expansion
from butler.datastore.paths import check_part
from butler.datastore.storage_classes import StorageClass
from butler.datastore.system_errors import typed
from butler.errors import FormatError, nearest

__all__ = ["ZIP", "look_at", "read_artifact", "reader_of", "reads_members"]

ZIP = ".zip"
"""Extension of a file whose members are parts."""

_ZIP = b"PK\x03\x04"


def reads_members(formatter: Formatter, file: Path) -> bool:
    """Whether a file is a zip file of files that the formatter reads, and not one of the formatter's own."""
    return beginning(file).startswith(_ZIP) and not any(
        each.startswith(_ZIP) for each in formatter.signatures
    )


def reader_of(
    formatters: FormatterChoice,
    name: str | None,
    dataset_type: str,
    whole: StorageClass,
    file: Path,
    parts: Sequence[str],
    start: bytes | None = None,
) -> Formatter:
    """Give the formatter of a file, or of its members, as `FormatterChoice.reader` chooses it.

    Raises
    ------
    InvalidNameError
        If a part has a name that none can have.
    """
    for part in parts:
        check_part(part)
    reader = formatters.reader(name, dataset_type, whole, file, start)
    if not parts or name is not None or not reads_members(reader, file):
        return reader
    with _member(file, parts[0]) as member:
        return formatters.reader(None, dataset_type, whole, member)


def look_at(formatter: Formatter, file: Path, parts: Sequence[str]) -> None:
    """Look at a file before it is ingested, and for the parts of it that are to be datasets.

    Raises
    ------
    FormatError
        If it is visibly not of its format, has no such part, or two names are of one part.
    NotSupportedError
        If the format has no parts.
    """
    if not parts:
        formatter.validate(file)
        return
    if reads_members(formatter, file):
        for part in parts:
            with _member(file, part) as member:
                formatter.validate(member)
        places: Sequence[object] = parts
    else:
        formatter.validate(file)
        places = formatter.find_parts(file, parts)
    found: dict[object, str] = {}
    for place, part in zip(places, parts, strict=True):
        if place in found:
            raise FormatError(
                f"{found[place]!r} and {part!r} are one part of {str(file)!r}",
                hint="A part is one dataset: give each once.",
                details={"file": str(file), "parts": [found[place], part]},
            )
        found[place] = part


def read_artifact(
    formatter: Formatter,
    file: Path,
    part: str,
    *,
    storage_class: str,
    component: str | None,
    parameters: Mapping[str, Any],
) -> Any:
    """Read from a file, or from a part of it, as `Formatter.read` does."""
    if not part:
        return formatter.read(file, storage_class=storage_class, component=component, parameters=parameters)
    if reads_members(formatter, file):
        with _member(file, part) as member:
            return formatter.read(
                member, storage_class=storage_class, component=component, parameters=parameters
            )
    return formatter.read_part(
        file, part, storage_class=storage_class, component=component, parameters=parameters
    )


@contextmanager
def _member(file: Path, name: str) -> Iterator[Path]:
    """Take one member out of a zip file, for as long as the context lasts, under the end of its own name."""
    with TemporaryDirectory(prefix="butler-") as folder:
        member = Path(folder) / (Path(name).name or "member")
        _take_out(file, name, member)
        yield member


def _take_out(file: Path, name: str, target: Path) -> None:
    try:
        with typed(file), zipfile.ZipFile(file) as packed:
            found = [info for info in packed.infolist() if info.filename == name and not info.is_dir()]
            if len(found) != 1:
                raise _not_one(file, name, packed, len(found))
            (info,) = found
            check_expansion(file, f"its member {name!r}", info.file_size, info.compress_size)
            with packed.open(info) as source, target.open("xb") as taken:
                copyfileobj(source, taken, 1 << 20)
    # A member that is encrypted, or packed in a way that isn't known here, is a RuntimeError.
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError) as error:
        raise FormatError(
            f"{name!r} can't be taken out of the zip file {str(file)!r}: {error}",
            hint="The file is damaged, cut short, encrypted, or packed in a way that isn't known here.",
            details={"file": str(file), "part": name},
        ) from error


def _not_one(file: Path, name: str, packed: zipfile.ZipFile, count: int) -> FormatError:
    return FormatError(
        f"{str(file)!r} has {count} members {name!r}" if count else f"{str(file)!r} has no member {name!r}",
        hint="Pack it anew with one name each." if count else nearest(name, packed.namelist()),
        details={"file": str(file), "part": name},
    )
