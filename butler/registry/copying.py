"""Rows as a stream that PostgreSQL's COPY reads, a chunk in memory at a time."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["copy_rows"]

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_ESCAPED = re.compile(r"[\\\t\n\r]")


class _CopyStream(io.RawIOBase):
    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._rest = b""
        self.failure: Exception | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        try:
            while size < 0 or len(self._rest) < size:
                line = next(self._lines, None)
                if line is None:
                    break
                self._rest += line
        except Exception as error:
            self.failure = error
            raise
        size = len(self._rest) if size < 0 else size
        chunk, self._rest = self._rest[:size], self._rest[size:]
        return chunk


def copy_rows(cursor: Any, statement: str, rows: Iterable[Iterable[Any]]) -> None:
    """Run ``COPY … FROM STDIN`` with these rows; `None` is null.

    Raises
    ------
    Exception
        What ``rows`` raises, itself: the driver would tell of a cancelled
        statement instead.
    """
    stream = _CopyStream(("\t".join(map(_field, row)) + "\n").encode() for row in rows)
    try:
        cursor.copy_expert(statement, stream)
    except Exception:
        if stream.failure is not None:
            raise stream.failure from None
        raise


def _field(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bytes):
        return f"\\\\x{value.hex()}"
    text = str(value)
    return text.translate(_ESCAPES) if _ESCAPED.search(text) else text
