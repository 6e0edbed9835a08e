"""What a storage can have beside: a quicker way to write small files whose bytes are known."""

from __future__ import annotations

from abc import ABC, abstractmethod

__all__ = ["WritesDocuments"]


class WritesDocuments(ABC):
    """A storage to which the bytes of a new file can be given.

    To one that isn't they are written as those of any file are, by ``create``.
    """

    @abstractmethod
    def write(self, path: str, content: bytes) -> None:
        """Write a new file, which is at the path when it is whole and durable, as ``create`` does.

        Raises
        ------
        DatasetExistsError
            If the path is taken, also if that happens meanwhile.
        """
