"""What a formatter is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from butler.errors import ConfigError, NotSupportedError

__all__ = ["DocumentFormatter", "Formatter"]


class Formatter(ABC):
    """Writes objects of some storage classes to files and reads them back.

    One instance serves all threads: it keeps nothing between calls. What
    comes back from `read` equals what `write` was given, without the
    identity, and depends on no open file.
    """

    name: ClassVar[str]
    """What artifacts and configurations call it."""

    extensions: ClassVar[tuple[str, ...]]
    """Of the files it writes, in lower case with the dot; then others that it reads."""

    storage_classes: ClassVar[frozenset[str]] = frozenset()
    """Those it can write and read, besides any that names it as its default."""

    signatures: ClassVar[tuple[bytes, ...]] = ()
    """How its files begin."""

    compressions: ClassVar[tuple[str, ...]] = ()
    """What `compressed` can be asked for."""

    detects_damage: ClassVar[bool] = False
    """Whether the format carries checksums that `read` holds against the
    bytes. If not, or if the file is packed as a whole, the datastore
    compares the SHA-256 at every read."""

    @property
    def extension(self) -> str:
        """Of the files that it writes: the first of `extensions`, or another that is among them."""
        return self.extensions[0]

    def compressed(self, compression: str) -> Self:
        """The same formatter, writing compressed files; it reads as before.

        Raises
        ------
        ConfigError
            If it doesn't know that compression.
        """
        raise ConfigError(
            f"formatter {self.name!r} can't compress by {compression!r}",
            hint=f"It can by {', '.join(self.compressions)}." if self.compressions else "It can't at all.",
            details={"formatter": self.name, "compression": compression},
        )

    @abstractmethod
    def write(self, obj: Any, path: Path, identity: Mapping[str, Any], *, storage_class: str) -> None:
        """Write an object to a new file, with its identity if the format has room for it.

        Parameters
        ----------
        obj : any
            Of the storage class's Python type.
        path : `~pathlib.Path`
            Where no file is yet.
        identity : `~collections.abc.Mapping`
            Anything that JSON can carry.
        storage_class : `str`
            Of the object.

        Raises
        ------
        StorageClassError
            If the format can't hold the object so that an equal one comes
            back.
        """

    @abstractmethod
    def read(
        self, path: Path, *, storage_class: str, component: str | None, parameters: Mapping[str, Any]
    ) -> Any:
        """Read an object, a component or a part of it, and no more than that.

        Parameters
        ----------
        path : `~pathlib.Path`
            The file.
        storage_class : `str`
            Of the object to return, or of the one whose component is wanted.
        component : `str` or `None`
            One that the storage class has.
        parameters : `~collections.abc.Mapping`
            Some that the storage class, or the component's, has; their
            values are as the user gave them.

        Raises
        ------
        FormatError
            If the file isn't of this format, or damaged.
        StorageClassError
            If a parameter's value doesn't fit the file.
        """

    def read_part(
        self,
        path: Path,
        part: str,
        *,
        storage_class: str,
        component: str | None,
        parameters: Mapping[str, Any],
    ) -> Any:
        """Read an object from a part of a file, as `read` does from a whole one.

        Parameters
        ----------
        path : `~pathlib.Path`
            The file.
        part : `str`
            Which part, as `find_parts` takes it.
        storage_class, component, parameters : as for `read`
            What is wanted of the part.

        Raises
        ------
        FormatError
            If the file has no such part, or as `read` does.
        NotSupportedError
            If files of this format have no parts, which is so unless it is overridden.
        """
        raise self._without_parts(path, part)

    def find_parts(self, path: Path, parts: Sequence[str]) -> list[object]:
        """Look for parts of a file before it is ingested.

        Parameters
        ----------
        path : `~pathlib.Path`
            The file.
        parts : `~collections.abc.Sequence` [`str`]
            Their names.

        Returns
        -------
        places : `list`
            Where each is: equal for two names of one part.

        Raises
        ------
        FormatError
            If the file has no such part, or several of that name.
        NotSupportedError
            If files of this format have no parts, which is so unless it is overridden.
        """
        raise self._without_parts(path, parts[0])

    def _without_parts(self, path: Path, part: str) -> NotSupportedError:
        return NotSupportedError(
            f"{part!r} can't be read from {str(path)!r}: to formatter {self.name!r} a file is one whole",
            hint="Ingest the whole file, or name a formatter whose files have parts, such as one of FITS.",
            details={"file": str(path), "part": part, "formatter": self.name},
        )

    def validate(self, path: Path) -> None:  # noqa: B027 - not every format has headers to look at
        """Look at a file's headers before it is ingested.

        Raises
        ------
        FormatError
            If it is visibly not of this format, or cut short.
        """

    def identify(self, path: Path) -> dict[str, Any] | None:
        """Identity that `write` put into the file; `None` if there is none."""
        return None


class DocumentFormatter(Formatter):
    """Writes objects that are bytes in memory before they are a file: documents, which are small."""

    @abstractmethod
    def encode(self, obj: Any, identity: Mapping[str, Any], *, storage_class: str) -> bytes:
        """Give the bytes of the file that `write` makes.

        Parameters
        ----------
        obj, identity, storage_class : as for `write`
            What the file is to hold.

        Raises
        ------
        StorageClassError
            As `write` does.
        """

    def write(self, obj: Any, path: Path, identity: Mapping[str, Any], *, storage_class: str) -> None:
        """Write what `encode` gives."""
        path.write_bytes(self.encode(obj, identity, storage_class=storage_class))
