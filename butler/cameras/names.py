"""What may be the name of a camera, sensor, filter, visit or dataset type."""

from __future__ import annotations

import unicodedata

from butler.errors import InvalidNameError

__all__ = ["MAX_NAME_BYTES", "checked_name"]

MAX_NAME_BYTES = 255


def checked_name(unit: str, name: str) -> str:
    """Give the one spelling under which a name is stored.

    Names become parts of paths, URIs and SQL rows, so what those can't carry
    is refused here, once.

    Parameters
    ----------
    unit : `str`
        What it names, for the message, such as ``camera``.
    name : `str`
        As a person or a header wrote it.

    Returns
    -------
    name : `str`
        In Unicode's normal form C.

    Raises
    ------
    InvalidNameError
        If it is empty, begins or ends with a blank, holds a control character
        or a slash, is ``.`` or ``..``, or takes more than 255 bytes.
    """
    try:
        size = len((normal := unicodedata.normalize("NFC", name)).encode())
    except UnicodeEncodeError:
        raise _refused(unit, name, "isn't text that can be stored", "Use characters of Unicode.") from None
    if not normal:
        raise _refused(unit, name, "is empty", "Give it at least one character.")
    if size > MAX_NAME_BYTES:
        raise _refused(unit, name, f"takes {size} bytes", f"Use at most {MAX_NAME_BYTES}.")
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in normal):
        raise _refused(unit, name, "holds a control character", "Use printable characters.")
    if normal != normal.strip():
        raise _refused(unit, name, "begins or ends with a blank", "Leave the blank out.")
    if normal in (".", "..") or "/" in normal or "\\" in normal:
        raise _refused(unit, name, "could be read as a path", "Use no slashes, and more than dots.")
    return normal


def _refused(unit: str, name: str, reason: str, hint: str) -> InvalidNameError:
    shown = name if len(name) <= 60 else f"{name[:57]}…"
    return InvalidNameError(
        f"{unit} name {shown!r} {reason}", hint=hint, details={"unit": unit, "name": shown}
    )
