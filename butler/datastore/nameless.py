"""That a file is nobody's, found by reading it: never by failing to, nor for want of a reader."""

from __future__ import annotations

import codecs
from functools import partial
from pathlib import Path

from butler.datastore.fingerprint import changed_since, fingerprint, read_chunks, regular_file
from butler.datastore.format_errors import typed_read
from butler.datastore.formatters import formatter_named
from butler.datastore.formatters.content import beginning, what_it_is
from butler.datastore.identify import read_identity, readers
from butler.datastore.plugins import plugins
from butler.errors import ChecksumError, FormatError

__all__ = ["lacks_identity"]

_PROGRAM = b"\x7fELF"
"""Also how core dumps begin."""

_PLAIN = {None, "empty", "a program", "an HTML page"}
"""What text may be said to be by how it begins, in which nobody keeps an identity."""

_WORDS = b"dataset_type"
"""What is in every identity, in whatever text a formatter writes it."""


def lacks_identity(file: Path, name: str) -> bool:
    """Read a file whole, and tell whether neither it nor its name says what it is.

    Parameters
    ----------
    file : `~pathlib.Path`
        The file.
    name : `str`
        The name that it has in its datastore.

    Raises
    ------
    ButlerError
        Why that can't be known.
    """
    before = regular_file(file)
    if read_identity(file, name) is not None:
        return False
    for plugin in plugins("butler.formatters"):
        formatter_named(plugin, "what a file says")  # one that can't be loaded could have written it
    start = beginning(file)
    able = readers(start, name)
    for formatter in able:
        typed_read(formatter, name, partial(formatter.validate, file))
    if able or start.startswith(_PROGRAM):
        fingerprint(file)  # a disk that fails fails here
    else:
        _read_text(file, name, start)
    if changed_since(before, file):
        raise ChecksumError(f"{name!r} changed while it was read", hint="Wait until its writer has ended.")
    return True


def _read_text(file: Path, name: str, start: bytes) -> None:
    """Read what nobody's format begins like: it must be text, without the words of an identity."""
    kind = what_it_is(start)
    if kind not in _PLAIN:
        raise _unknown(name, kind or "")
    decode = codecs.getincrementaldecoder("utf-8")().decode
    end = b""
    for chunk in read_chunks(file):
        if b"\0" in chunk:
            raise _unknown(name)
        if _WORDS in end + chunk:
            raise FormatError(
                f"{name!r} has the words of an identity, which nobody here can read",
                hint="Look at it: its beginning may be damaged, or a plug-in wrote it.",
                details={"path": name},
            )
        end = chunk[-len(_WORDS) :]
        try:
            decode(chunk)
        except UnicodeDecodeError:
            raise _unknown(name) from None
    try:
        decode(b"", final=True)
    except UnicodeDecodeError:
        raise _unknown(name) from None


def _unknown(name: str, kind: str = "") -> FormatError:
    return FormatError(
        f"{name!r} is {kind or 'of a format'} that nobody here can read, so that it may say what it is",
        hint="Install the plug-in that reads it, or look at it and delete it by hand.",
        details={"path": name},
    )
