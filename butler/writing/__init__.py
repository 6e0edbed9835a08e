"""Writing datasets so that nothing can be half done: objects, and files that exist."""

from __future__ import annotations

from butler.writing.files import FileWriter
from butler.writing.intake import GivenFile, Intake, TakenFile

__all__ = ["FileWriter", "GivenFile", "Intake", "TakenFile"]
