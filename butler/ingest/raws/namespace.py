"""Raw files, as a Butler sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from butler.arguments import items, name, path
from butler.context import Context
from butler.values import DatasetRef, IngestMode

if TYPE_CHECKING:
    from butler.ingest.raws.outcomes import Outcome

__all__ = ["SETTLE", "Raws"]

SETTLE = 5.0
"""Seconds for which a file in a folder must not have been written to."""


class Raws:
    """Raw files, ingested by what their headers say: ``butler.raws``.

    Parameters
    ----------
    context : `~butler.context.Context`
        Into which they are ingested.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def ingest(
        self,
        files: Iterable[Path | str],
        dataset_type: str | None = None,
        *,
        camera: str | None = None,
        mode: IngestMode | str = IngestMode.COPY,
        run: str | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> list[DatasetRef]:
        """Ingest raw files under the data IDs that their headers give, and stop at the first that can't be.

        Every header is read before anything is registered; then visits and
        what was observed in them are, and then the files: those of one dataset
        type and run all or none, one such group after the other. The same
        files again change nothing.

        Parameters
        ----------
        files : iterable of `pathlib.Path`
            FITS files of registered cameras.
        dataset_type : `str`, optional
            What they are; by default what the camera's rules say, else
            ``raw``. One that isn't registered is made, as an Exposure of a
            visit and a sensor.
        camera : `str`, optional
            The camera; by default the one whose rules fit the header.
        mode : `~butler.IngestMode` or `str`
            ``copy``, ``move``, ``hardlink``, ``symlink`` or ``in-place``.
        run : `str`, optional
            The run to put them into; by default the Butler's, else
            ``<camera>/raw``.
        on_progress : callable, optional
            Called with files done and files in all.

        Returns
        -------
        refs : `list` [`~butler.DatasetRef`]
            In the order of the files.

        Raises
        ------
        UnitNotFoundError
            If the camera isn't registered.
        ConfigError
            If a file is of no registered camera, or its header doesn't give
            what is needed.
        FormatError
            If a file isn't FITS, or is cut short.
        DefinitionConflictError
            If a visit is registered otherwise than a header says.

        Notes
        -----
        All headers are read before anything is registered, so that a bad file
        leaves nothing behind.
        """
        outcomes = self.ingest_each(
            files, dataset_type, camera=camera, mode=mode, run=run, on_progress=on_progress
        )
        return [one.ref for one in outcomes if one.ref]

    def ingest_each(
        self,
        files: Iterable[Path | str],
        dataset_type: str | None = None,
        *,
        camera: str | None = None,
        mode: IngestMode | str = IngestMode.COPY,
        run: str | None = None,
        strict: bool = True,
        skip_existing: bool = False,
        settle: float = SETTLE,
        dry_run: bool = False,
        workers: int = 1,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Iterator[Outcome]:
        """Ingest files, and those in folders, and tell what became of each.

        Nothing is done that isn't asked for: iterate to the end. Several
        processes may do the same at once: each file is registered once.

        Parameters
        ----------
        files : iterable of `pathlib.Path`
            As for `ingest`; of a folder the files that
            `~butler.ingest.raws.folders.found_files` gives.
        dataset_type, camera, mode, run : as for `ingest`
            What they are, and where they go.
        strict : `bool`
            Whether a file that can't be ingested keeps all others out, and is
            raised; else the others are ingested, some hundreds at a time.
        skip_existing : `bool`
            Whether files whose data IDs the run has are passed over without
            comparing bytes; else other bytes under the same data ID are an
            error.
        settle : `float`
            Seconds for which a file in a folder must not have been written
            to; else it is left for the next time.
        dry_run : `bool`
            Whether only to tell what would be done.
        workers : `int`
            How many processes read headers; a program that asks for more than
            1 must be one that can be imported, as `multiprocessing` explains.
        on_progress : callable, optional
            Called with files done and files in all.

        Yields
        ------
        outcome : `~butler.ingest.raws.outcomes.Outcome`
            One a file, in their order.

        Raises
        ------
        ButlerError
            As `ingest`, if strict; else what concerns all files: a frozen
            run, an unknown camera, a database that is gone.
        """
        from butler.ingest.raws.night import RawRequest, ingest_each

        request = RawRequest(dataset_type, IngestMode(name(mode, "mode")), run, strict, skip_existing)
        yield from ingest_each(
            self._context,
            [path(file, "one of files") for file in items(files, "files", "paths")],
            request,
            camera=camera,
            settle=settle,
            dry_run=dry_run,
            workers=workers,
            on_progress=on_progress,
        )
