"""Where one side works."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """Where one side works: a database and a folder of its own.

    Parameters
    ----------
    host : `str`
        Folder of the socket to reach the server by.
    database : `str`
        Its database.
    folder : `pathlib.Path`
        Its repository.
    data : `pathlib.Path`
        Where it writes its files.
    raws : `pathlib.Path`
        Files to ingest, which all sides share.
    survey : `int`
        How many datasets of one type the registered visits can have.
    """

    host: str
    database: str
    folder: Path
    data: Path
    raws: Path
    survey: int

    def dsn(self, user: str = "postgres", driver: str = "") -> str:
        """Give a connection string."""
        return f"postgresql{driver}://{user}@/{self.database}?host={self.host}&port=5432"
