"""The Butler: puts objects under their data IDs, and gives them back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import butler.reading as reading
from butler.arguments import data_id_of, mapping, name, names
from butler.collections import Collections
from butler.context import Context
from butler.delegates import delegate
from butler.ingest.files import FileIngest
from butler.ingest.objects import ObjectWriter
from butler.ingest.protocol import PutProtocol
from butler.ingest.raws.namespace import Raws
from butler.ingest.requests import IngestRequest
from butler.maintenance.namespace import Maintenance
from butler.provenance.namespace import Provenance
from butler.query.namespace import Query
from butler.removal import Removals
from butler.repository import open_repository
from butler.values import DatasetRef, IngestMode

if TYPE_CHECKING:
    from butler.datastore.interfaces import Datastore
    from butler.deferred import DeferredDataset
    from butler.ingest.requests import GivenFile
    from butler.registry import Registry

__all__ = ["Butler"]


class Butler:
    """A search path, a run, one registry and one datastore.

    What isn't needed every day is in its name spaces: `query` lists datasets,
    `raws` ingests files by their headers; `collections`, `removal`,
    `provenance` and `maintenance` are about what their names say.

    Safe to share between threads, to use after a fork, and to send to worker
    processes: it reconnects where it arrives.

    Parameters
    ----------
    repo : `pathlib.Path` or `str`, optional
        The repository's folder.
    run : `str`, optional
        The run collection that `put` puts into; it is made at its first use.
    collections : sequence of `str`, optional
        Searched by `get`, in this order; the run comes first.
    role : `str`
        ``writer``, or ``reader`` for an account that may only read.
    registry : `str` or `~butler.registry.Registry`, optional
        Name of a layer to work in, in place of the repository's own registry;
        or a registry of another implementation.
    datastore : `~butler.datastore.Datastore`, optional
        In place of the repository's own.

    Raises
    ------
    ConfigError, DatabaseUnavailableError, SchemaVersionError
        If the folder isn't a repository that can be opened; the message says what to do.
    """

    def __init__(
        self,
        repo: Path | str | None = None,
        *,
        run: str | None = None,
        collections: Sequence[str] | str = (),
        role: str = "writer",
        registry: Registry | str | None = None,
        datastore: Datastore | None = None,
    ) -> None:
        given = tuple(names(collections, "collections"))
        run = None if run is None else name(run, "run")
        path = (run, *(each for each in given if each != run)) if run else given
        options: dict[str, Any] = {"run": run, "collections": path, "role": role, "registry": registry}
        repo, registry, datastore = open_repository(repo, role=role, registry=registry, datastore=datastore)
        self._again = partial(type(self), repo, datastore=datastore, **options)
        self._context = context = Context(registry, datastore, path, run)
        protocol = PutProtocol(registry, datastore)
        self._objects = ObjectWriter(protocol)
        self._files = FileIngest(protocol)
        self.query = Query(context)
        self.raws = Raws(context)
        self.collections = Collections(context)
        self.removal = Removals(context)
        self.provenance = Provenance(context, self._objects)
        self.maintenance = Maintenance(context)

    def __enter__(self) -> Butler:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the registry's connections."""
        self.registry.close()

    def __repr__(self) -> str:
        return f"<Butler run={self.run!r} collections={self.search_path!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return (self._again, ())

    @property
    def registry(self) -> Registry:
        """Where datasets are registered."""
        return self._context.registry

    @property
    def datastore(self) -> Datastore:
        """Where their bytes lie."""
        return self._context.datastore

    @property
    def run(self) -> str | None:
        """The run that is put into."""
        return self._context.run

    @property
    def search_path(self) -> tuple[str, ...]:
        """The collections that are searched, in this order."""
        return self._context.search_path

    def find(
        self,
        dataset: str | DatasetRef,
        data_id: Mapping[str, Any] | None = None,
        /,
        *,
        collections: Sequence[str] | str | None = None,
        as_of: datetime | str | None = None,
        **units: Any,
    ) -> DatasetRef:
        """Find a dataset without reading it.

        Parameters
        ----------
        dataset : `str` or `~butler.DatasetRef`
            Dataset type, or the dataset itself.
        data_id : `~collections.abc.Mapping`, optional
            Its data ID, as people write it; or more of it in keywords.
        collections : sequence of `str`, optional
            Searched instead of the Butler's own.
        as_of : `datetime.datetime` or `str`, optional
            Find what was there at that time, with a time zone.

        Raises
        ------
        DatasetNotFoundError
            At once, naming what was searched and what is near.
        """
        return reading.find(self._context, dataset, data_id_of(data_id, units), collections, as_of)

    def get(
        self,
        dataset: str | DatasetRef,
        data_id: Mapping[str, Any] | None = None,
        /,
        *,
        parameters: Mapping[str, Any] | None = None,
        component: str | None = None,
        collections: Sequence[str] | str | None = None,
        as_of: datetime | str | None = None,
        **units: Any,
    ) -> Any:
        """Read a dataset, or a component or a part of it, as an object of its storage class's Python type.

        Parameters
        ----------
        dataset, data_id : as for `find`
            Also ``calexp.wcs``, which names a component.
        parameters : `~collections.abc.Mapping`, optional
            What part of it: ``bbox`` (x, y, width, height in 0-based pixels)
            of an image, ``columns`` and ``rows`` of a table.
        component : `str`, optional
            Read this component alone.
        collections, as_of, **units : as for `find`
            Where to look for it.

        Raises
        ------
        DatasetNotFoundError
            At once.
        ArtifactMissingError, ChecksumError, FormatError
            If it is registered, but its bytes aren't what they should be.
        StorageClassError
            If it has no such component or parameter.
        """
        given = data_id_of(data_id, units)
        ref, part = reading.find_component(self._context, dataset, component, given, collections, as_of)
        return reading.read(self._context, ref, part, mapping(parameters, "parameters") or None)

    def get_deferred(
        self,
        dataset: str | DatasetRef,
        data_id: Mapping[str, Any] | None = None,
        /,
        *,
        collections: Sequence[str] | str | None = None,
        as_of: datetime | str | None = None,
        **units: Any,
    ) -> DeferredDataset:
        """Find a dataset now, as `find` does, and read it later, perhaps in parts."""
        from butler.deferred import DeferredDataset

        given = data_id_of(data_id, units)
        found = reading.find_component(self._context, dataset, None, given, collections, as_of)
        return DeferredDataset(self._context, *found)

    def exists(
        self,
        dataset: str | DatasetRef,
        data_id: Mapping[str, Any] | None = None,
        /,
        *,
        collections: Sequence[str] | str | None = None,
        as_of: datetime | str | None = None,
        **units: Any,
    ) -> bool:
        """Tell whether a dataset, named as for `get`, is registered and its bytes are there now."""
        return reading.exists(self._context, dataset, data_id_of(data_id, units), collections, as_of)

    def uri(
        self,
        dataset: str | DatasetRef,
        data_id: Mapping[str, Any] | None = None,
        /,
        *,
        component: str | None = None,
        collections: Sequence[str] | str | None = None,
        as_of: datetime | str | None = None,
        **units: Any,
    ) -> str:
        """Give the URI of the file of a dataset, or of a component, named as for `get`.

        Raises
        ------
        ArtifactMissingError
            If it isn't one file: name the component.
        """
        given = data_id_of(data_id, units)
        ref, part = reading.find_component(self._context, dataset, component, given, collections, as_of)
        return reading.uri(self._context, ref, part)

    # Writing -------------------------------------------------------------

    def put(
        self,
        obj: Any,
        dataset_type: str,
        data_id: Mapping[str, Any] | None = None,
        /,
        *,
        run: str | None = None,
        **units: Any,
    ) -> DatasetRef:
        """Put an object under its data ID; whatever goes wrong, nothing of it is left.

        Parameters
        ----------
        obj : object
            An instance of the storage class's Python type.
        dataset_type, data_id : as for `find`
            What it is.
        run : `str`, optional
            The run to put it into, instead of the Butler's own.

        Returns
        -------
        ref : `~butler.DatasetRef`
            With the artifacts that were written.

        Raises
        ------
        DatasetExistsError
            If the run has one with this data ID.
        DatasetTypeNotFoundError, UnitNotFoundError
            If a name isn't registered.
        InvalidDataIdError, AmbiguousDataIdError
            If the data ID doesn't fit the type.
        StorageClassError
            If the object isn't of the type's storage class.
        """
        (ref,) = self.put_many([(obj, data_id_of(data_id, units))], dataset_type, run=run)
        return ref

    def put_many(
        self, objects: Iterable[tuple[Any, Mapping[str, Any]]], dataset_type: str, *, run: str | None = None
    ) -> list[DatasetRef]:
        """Put many objects of one type, each with its data ID: all of them or none.

        Errors are those of `put`; one error names every bad row.
        """
        return self._objects.put(objects, dataset_type, self._context.run_to_use(run))

    def ingest(
        self,
        files: Iterable[GivenFile],
        dataset_type: str,
        *,
        mode: IngestMode | str = IngestMode.COPY,
        run: str | None = None,
        formatter: str | None = None,
    ) -> list[DatasetRef]:
        """Ingest files that exist, as they are: all or none, and those that the run has already not again.

        Give millions in parts of some ten thousand.

        Parameters
        ----------
        files : iterable of (`pathlib.Path`, `~collections.abc.Mapping`)
            Each with its data ID; then with its part, if it is one of several
            datasets in the file: an HDU by number, name or ``NAME,EXTVER``, or a
            member of a zip file; and with its `~butler.datastore.fingerprint.Fingerprint`,
            size and SHA-256, if it is ingested in place and needn't be read.
        dataset_type : `str`
            What they are.
        mode : `~butler.IngestMode` or `str`
            ``copy``, ``move``, ``hardlink``, ``symlink`` or ``in-place``.
            By ``symlink`` the bytes stay their owner's: they are lost when
            he moves them, also by ingesting them with ``move``.
        run : `str`, optional
            As for `put`.
        formatter : `str`, optional
            Reads the files; by default the one whose files they are like.

        Raises
        ------
        DatasetExistsError
            If the run has another file under the same data ID.
        FormatError
            If a file is visibly not of its format, or has no such part.
        NotSupportedError
            If its format has no parts.
        ButlerError
            As for `put`.
        """
        request = IngestRequest(
            dataset_type, self._context.run_to_use(run), IngestMode(name(mode, "mode")), formatter
        )
        return self._files.ingest_all(files, request)

    # Short ways ----------------------------------------------------------

    quantum = delegate("provenance", Provenance.quantum)
    """Record a piece of work; see `butler.provenance.namespace.Provenance.quantum`."""
    associate = delegate("collections", Collections.associate)
    """Put datasets into a tagged collection; see `butler.collections.Collections.associate`."""
    unstore = delegate("removal", Removals.unstore)
    """Give up the bytes of datasets; see `butler.removal.Removals.unstore`."""
    remove = delegate("removal", Removals.remove)
    """Remove datasets; see `butler.removal.Removals.remove`."""
    verify = delegate("maintenance", Maintenance.verify)
    """Compare registry and datastore; see `butler.maintenance.namespace.Maintenance.verify`."""
