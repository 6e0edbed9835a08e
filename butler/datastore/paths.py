"""The names of artifacts: templates, hints, paths and file URIs."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes, urlsplit
from uuid import UUID

from butler.errors import ConfigError, InvalidNameError, NotSupportedError

__all__ = [
    "PART_BYTES",
    "artifact_path",
    "check_hint",
    "check_part",
    "check_template",
    "component_in_name",
    "file_uri",
    "id_in_name",
    "is_file_uri",
    "local_file",
]

SEGMENT_BYTES = 200
"""Longest segment of a hint; leaves room for the id, component and extension in a file name of 255."""

PART_BYTES = 255
"""Longest name of a part, percent-encoded, as the registry has it."""

_PLAIN_IN_PARTS = "/+,=@"
_LITERAL = "A-Za-z0-9._+,=@/-"
_HINT = re.compile(f"[{_LITERAL}]+")
_TEMPLATE = re.compile(rf"(?:[{_LITERAL}]|\{{[a-z][a-z0-9_]*\}})+")
_UNRESERVED = re.compile("[A-Za-z0-9/_.~-]+")
_ID_IN_NAME = re.compile(r"_([0-9a-f]{32})(?:-([a-z]+))?(?:\.[A-Za-z0-9.]+)?$")


def check_template(template: object, where: str) -> str:
    """Check the syntax of a file-name template.

    Parameters
    ----------
    template : object
        Text with fields in braces, such as ``{run}/{dataset_type}``.
    where : `str`
        The configuration key, for the message.

    Raises
    ------
    ConfigError
        If filling it couldn't give a safe relative path.
    """
    if not isinstance(template, str) or not _TEMPLATE.fullmatch(template) or _unsafe_segment(template):
        raise ConfigError(
            f"{where}: {template!r} is not a file-name template",
            hint="A relative path of letters, digits and '._+,=@-', with fields such as {run} "
            "or {data_id}, and no empty, '.' or '..' part.",
            details={"key": where, "value": template},
        )
    return template


def check_hint(hint: str) -> str:
    """Check a filled template.

    Raises
    ------
    InvalidNameError
        If it isn't a safe relative path.
    """
    if not _HINT.fullmatch(hint) or _unsafe_segment(hint):
        raise InvalidNameError(
            f"{hint!r} can't be a file name",
            hint="A relative path of letters, digits and '._+,=@-', with no empty, '.' or '..' part.",
            details={"hint": hint},
        )
    longest = max(hint.split("/"), key=len)
    if len(longest) > SEGMENT_BYTES:
        raise InvalidNameError(
            f"{longest!r} is too long for a file name: {len(longest)} bytes, at most {SEGMENT_BYTES}",
            hint="Shorten the template or the values that fill it.",
            details={"hint": hint},
        )
    return hint


def check_part(part: str) -> str:
    """Check the name of a part of a file.

    Raises
    ------
    InvalidNameError
        If no artifact can name it.
    """
    encoded = len(quote(part, safe=_PLAIN_IN_PARTS, errors="surrogateescape"))
    if "\0" in part or any(segment in {".", ".."} for segment in part.split("/")):
        raise InvalidNameError(
            f"{part!r} can't be the name of a part",
            hint="It has no NUL, and no '.' or '..' between slashes: name an HDU by its number, or pack the"
            " file anew.",
            details={"part": part},
        )
    if encoded > PART_BYTES:
        raise InvalidNameError(
            f"{part!r} is too long for the name of a part: {encoded} bytes, percent-encoded,"
            f" at most {PART_BYTES}",
            hint="Name an HDU by its number, or pack the file anew.",
            details={"part": part},
        )
    return part


def _unsafe_segment(path: str) -> bool:
    return any(segment in {"", ".", ".."} for segment in path.split("/"))


def artifact_path(hint: str, dataset_id: UUID, component: str, extension: str) -> str:
    """Path of an artifact: the hint, the id that makes it unique, the component, the extension."""
    part = f"-{component}" if component else ""
    return f"{check_hint(hint)}_{dataset_id.hex}{part}{extension}"


def id_in_name(file: Path) -> UUID | None:
    """Dataset id in a name that `artifact_path` made, if it is one."""
    match = _ID_IN_NAME.search(file.name)
    return UUID(match[1]) if match else None


def component_in_name(file: Path) -> str | None:
    """Component in a name that `artifact_path` made for one."""
    match = _ID_IN_NAME.search(file.name)
    return match[2] if match else None


def file_uri(file: Path | str) -> str:
    """Percent-encoded ``file:///…`` URI of a file; symbolic links are kept as they are, but before ``..``."""
    path = os.fspath(file)
    if not os.path.isabs(path):  # the working directory is asked for only where it matters
        path = os.path.join(os.getcwd(), path)
    if "/.." in path and ".." in path.split("/"):  # of where a link leads, not of where it lies
        folder, name = os.path.split(path)
        path = os.path.join(os.path.realpath(folder), name)
    path = os.path.abspath(path)
    return f"file://{path}" if _UNRESERVED.fullmatch(path) else Path(path).as_uri()


def is_file_uri(path: str) -> bool:
    """Whether an artifact's path is a whole URI.

    Raises
    ------
    NotSupportedError
        If it is one, but not of a local file.
    """
    try:
        parts = urlsplit(path)
    except ValueError as error:
        raise _not_local(path) from error
    if not parts.scheme and not parts.netloc:
        return False
    if parts.scheme != "file" or parts.netloc:
        raise _not_local(path)
    return True


def _not_local(path: str) -> NotSupportedError:
    return NotSupportedError(
        f"{path!r} is not the URI of a local file", hint="In-place artifacts are file:/// URIs."
    )


def local_file(uri: str) -> Path:
    """File that a ``file:///…`` URI names; also names that aren't UTF-8."""
    return Path(os.fsdecode(unquote_to_bytes(urlsplit(uri).path)))
