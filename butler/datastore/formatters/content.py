"""What a file is, by how it begins: its name may lie."""

from __future__ import annotations

from pathlib import Path

from butler.datastore.system_errors import typed
from butler.errors import FormatError

__all__ = ["beginning", "not_of_its_format", "what_it_is"]

BEGINNING = 512
"""Bytes that tell one format from another."""

_FORMATS = (
    (b"SIMPLE  =", "FITS"),
    (b"\x89HDF\r\n\x1a\n", "HDF5"),
    (b"PAR1", "Parquet"),
    (b"ARROW1", "Arrow"),
    (b"#ASDF", "ASDF"),
    (b"# %ECSV", "ECSV"),
    (b"\x1f\x8b", "packed by gzip"),
    (b"BZh", "packed by bzip2"),
    (b"\xfd7zXZ\0", "packed by xz"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd"),
    (b"\x1f\x9d", "packed by compress"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"%PDF-", "a PDF document"),
    (b"\x80\x02", "a pickle"),
    (b"\x80\x03", "a pickle"),
    (b"\x80\x04", "a pickle"),
    (b"\x80\x05", "a pickle"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x7fELF", "a program"),
    (b"#!", "a program"),
    (b"{", "JSON"),
)
_PAGES = (b"<!doctype html", b"<html")


def beginning(path: Path) -> bytes:
    """First bytes of a file."""
    with typed(path), path.open("rb") as stream:
        return stream.read(BEGINNING)


def what_it_is(start: bytes) -> str | None:
    """Name for what begins like this; `None` if nobody knows."""
    if not start:
        return "empty"
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(_PAGES):
        return "an HTML page"
    if text.startswith(b"<?xml"):
        return "XML"
    if not any(start):
        return "nothing but zeros"
    return next((name for signature, name in _FORMATS if start.startswith(signature)), None)


def not_of_its_format(shown: str, start: bytes, wanted: str) -> FormatError:
    """Error for a file that begins as none of its format does; it says what the file is."""
    found = what_it_is(start)
    why = "it is cut short" if found == wanted else f"it is {found or 'of a format that nobody here knows'}"
    return FormatError(
        f"{shown!r} can't be read as {wanted}: {why}",
        hint="The file is damaged, or not of this format: get it again, or name its format.",
        details={"file": shown, "found": found, "wanted": wanted},
    )
