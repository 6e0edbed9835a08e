"""Which revisions of the schema were released, and that they are what they were then.

    python setup/released.py           fails if a released revision was edited since
    python setup/released.py v0.1.0    notes the newest revision as released with that tag, unless it was

``db/migrations/RELEASED`` has a line for each: revision, tag, and the SHA-256 of its files. Tags don't come
along with every clone, nor with the source distribution; this does.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import NamedTuple

_MIGRATIONS = Path(__file__).parents[1] / "db" / "migrations"
_NOTES = _MIGRATIONS / "RELEASED"


class Release(NamedTuple):
    """With which tag a revision was released, and what its files were."""

    tag: str
    sha256: str


def releases() -> dict[str, Release]:
    """Give the releases of the revisions that were released, by revision."""
    lines = _NOTES.read_text(encoding="utf-8").splitlines() if _NOTES.exists() else []
    return {revision: Release(tag, sha256) for revision, tag, sha256 in map(str.split, lines)}


def digest(revision: str) -> str:
    """Give the SHA-256 of a revision's files: its SQL and its module."""
    files = [file for file in (_MIGRATIONS / "sql" / revision).rglob("*") if file.is_file()]
    digested = hashlib.sha256()
    for file in sorted([*files, *(_MIGRATIONS / "versions").glob(f"{revision}_*.py")]):
        digested.update(
            f"{file.relative_to(_MIGRATIONS)}\0{file.stat().st_size}\0".encode() + file.read_bytes()
        )
    return digested.hexdigest()


def edited() -> list[str]:
    """Tell of each released revision that isn't what it was."""
    return [
        f"revision {revision} was edited since {release.tag} released it"
        for revision, release in releases().items()
        if digest(revision) != release.sha256
    ]


def note(tag: str) -> None:
    """Note the newest revision as released with a tag, unless an earlier release has it."""
    revision = max(folder.name for folder in (_MIGRATIONS / "sql").iterdir())
    if revision not in releases():
        with _NOTES.open("a", encoding="utf-8") as file:
            file.write(f"{revision} {tag} {digest(revision)}\n")


def main(tags: list[str]) -> None:
    """Check, or note."""
    if problems := edited():
        sys.exit("; ".join(problems) + ": a change of the schema is a revision of its own")
    for tag in tags:
        note(tag)


if __name__ == "__main__":
    main(sys.argv[1:])
