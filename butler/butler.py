"""The Butler: files objects under labels, and gives them back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from butler.config import RepositoryConfig
from butler.errors import (
    ArtifactMissingError,
    ButlerError,
    CollectionNotFoundError,
    ConfigError,
)
from butler.values import DatasetRef, Removal, split_component
from butler.writing.files import FileWriter
from butler.writing.intake import GivenFile, Intake, TakenFile

if TYPE_CHECKING:
    from types import TracebackType

    from butler.care.reaping import ReapedPut
    from butler.care.repair import Repair
    from butler.care.trash import Emptied
    from butler.care.verification import Fault, Verification
    from butler.datastore import Datastore
    from butler.datastore.fingerprint import Fingerprint
    from butler.deferred import DeferredDataset
    from butler.quantum import Quantum
    from butler.query import Query
    from butler.registry.base import Registry
    from butler.registry.replica import Replica

__all__ = ["Butler"]

Found = TypeVar("Found")


class Butler:
    """A search path, a run, one registry and one datastore.

    Safe to share between threads, to use after a fork, and to send to worker
    processes: it reconnects where it arrives.

    Parameters
    ----------
    repo : `pathlib.Path` or `str`, optional
        The repository's folder.
    run : `str`, optional
        The run collection that `put` files into; it is made at its first use.
    collections : sequence of `str`, optional
        Searched by `get`, in this order; the run comes first.
    role : `str`
        ``writer``, or ``reader`` for an account that may only read.
    registry : `str` or `~butler.registry.base.Registry`, optional
        Name of a layer to work in, in place of the repository's own registry;
        or a registry of another kind.
    datastore : `~butler.datastore.Datastore`, optional
        In place of the repository's own.

    Raises
    ------
    ConfigError
        If the folder isn't a repository, or its configuration is wrong.
    DatabaseUnavailableError
        If the database can't be reached.
    SchemaVersionError
        If its schema isn't the one that this version of Butler needs.
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
        given = (collections,) if isinstance(collections, str) else tuple(collections)
        self.run = run
        self.collections: tuple[str, ...] = (run, *(c for c in given if c != run)) if run else given
        config = None if repo is None else RepositoryConfig.read(repo)
        self._arguments = (config and config.repo, role, registry)
        if registry is None or isinstance(registry, str):
            if config is None:
                raise ConfigError("a Butler needs a repository, or a registry and a datastore")
            from butler.registry.postgres import PostgresRegistry

            opened = PostgresRegistry(config.dsn(role), registry or config.registry, replica=_replica(config))
            opened.check_version()
            registry = opened
        if datastore is None:
            if config is None:
                raise ConfigError("a Butler needs a repository, or a registry and a datastore")
            from butler.datastore.config import open_datastores

            datastore = open_datastores(config.datastores, config.default, config.repo)
        self.registry: Registry = registry
        self.datastore: Datastore = datastore
        self._writer = FileWriter(registry, datastore)

    def __enter__(self) -> Butler:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the registry's connections."""
        self.registry.close()

    def __repr__(self) -> str:
        return f"<Butler run={self.run!r} collections={self.collections!r}>"

    @cached_property
    def query(self) -> Query:
        """Lists of datasets."""
        from butler.query import Query

        return Query(self)

    # Reading -------------------------------------------------------------

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
            Its labels; more may be given as keywords.
        collections : sequence of `str`, optional
            Searched instead of the Butler's own.
        as_of : `datetime.datetime` or `str`, optional
            Find what was there at that time.
        **units
            Its labels.

        Raises
        ------
        DatasetNotFoundError
            At once, naming what was searched and what is near.
        """
        if isinstance(dataset, DatasetRef):
            return dataset if dataset.artifacts else self.registry.get_dataset(dataset.id)
        labels = {**(data_id or {}), **units}
        found = self.search(lambda path: self.registry.find(dataset, labels, path, as_of=as_of), collections)
        assert found is not None  # a required one is found or is an error
        return found

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
        """Read a dataset, or a component or a part of it.

        Parameters
        ----------
        dataset : `str` or `~butler.DatasetRef`
            Dataset type, such as ``calexp``; dataset type and component, such
            as ``calexp.wcs``; or the dataset itself.
        data_id : `~collections.abc.Mapping`, optional
            Its labels; more may be given as keywords.
        parameters : `~collections.abc.Mapping`, optional
            What part of it: ``bbox`` (x, y, width, height in 0-based pixels)
            of an image, ``columns`` and ``rows`` of a table.
        component : `str`, optional
            Read this component alone.
        collections : sequence of `str`, optional
            Searched instead of the Butler's own.
        as_of : `datetime.datetime` or `str`, optional
            Read what was there at that time.
        **units
            Its labels.

        Returns
        -------
        obj
            Of the storage class's Python type.

        Raises
        ------
        DatasetNotFoundError
            At once, naming what was searched and what is near.
        ArtifactMissingError, ChecksumError, FormatError
            If it is registered, but its bytes aren't what they should be.
        StorageClassError
            If it has no such component or parameter.
        """
        if isinstance(dataset, str):
            dataset, named = split_component(dataset)
            component = named or component
        ref = self.find(dataset, data_id, collections=collections, as_of=as_of, **units)
        return self._read(ref, component, parameters)

    def _read(self, ref: DatasetRef, component: str | None, parameters: Mapping[str, Any] | None) -> Any:
        if not ref.artifacts:
            from butler.care.trash import why_missing

            raise why_missing(self.registry, ref)
        return self.datastore.get(ref.artifacts, ref.dataset_type.storage_class, component, parameters)

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
        """Find a dataset now, and read it later, perhaps in parts.

        Raises
        ------
        DatasetNotFoundError
            Now, not at the first read.
        """
        from butler.deferred import DeferredDataset

        component = None
        if isinstance(dataset, str):
            dataset, component = split_component(dataset)
        ref = self.find(dataset, data_id, collections=collections, as_of=as_of, **units)
        return DeferredDataset(self, ref, component)

    def exists(
        self,
        dataset: str | DatasetRef,
        data_id: Mapping[str, Any] | None = None,
        /,
        *,
        collections: Sequence[str] | str | None = None,
        **units: Any,
    ) -> bool:
        """Tell whether a dataset is registered and its bytes are there."""
        if isinstance(dataset, DatasetRef):
            ref: DatasetRef | None = self.find(dataset)
        else:
            labels = {**(data_id or {}), **units}
            ref = self.search(
                lambda path: self.registry.find(dataset, labels, path, required=False), collections
            )
        return ref is not None and bool(ref.artifacts) and all(map(self.datastore.exists, ref.artifacts))

    def uri(
        self,
        dataset: str | DatasetRef,
        data_id: Mapping[str, Any] | None = None,
        /,
        *,
        component: str | None = None,
        collections: Sequence[str] | str | None = None,
        **units: Any,
    ) -> str:
        """Give the URI of a dataset's file.

        Raises
        ------
        ArtifactMissingError
            If it isn't one file: name the component.
        """
        ref = self.find(dataset, data_id, collections=collections, **units)
        fitting = [a for a in ref.artifacts if a.component in ("", component or "")]
        if len(fitting) != 1:
            have = ", ".join(a.component or "whole" for a in ref.artifacts) or "none"
            raise ArtifactMissingError(
                f"dataset {ref} is not one file: it has {have}",
                hint="Name one of them by component.",
                details={"dataset_id": str(ref.id)},
            )
        return self.datastore.uri(fitting[0])

    def search_path(self, collections: Sequence[str] | str | None = None) -> Sequence[str]:
        """Give the collections that are searched: those given, else the Butler's own.

        Raises
        ------
        CollectionNotFoundError
            If there are none.
        """
        searched = self.collections if collections is None else collections
        if not searched:
            raise CollectionNotFoundError(
                "no collections are given to search", hint="Name some: Butler(…, collections=[…])."
            )
        return [searched] if isinstance(searched, str) else searched

    def search(
        self, look: Callable[[Sequence[str]], Found], collections: Sequence[str] | str | None = None
    ) -> Found:
        """Search some collections, or the Butler's own.

        The Butler's run is passed over while nothing has been put into it,
        as it isn't made before.
        """
        path = self.search_path(collections)
        try:
            return look(path)
        except CollectionNotFoundError as error:
            others = [name for name in path if name != self.run]
            if self.run is None or error.details.get("collection") != self.run or not others:
                raise
            return look(others)

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
        """File an object under its labels.

        Parameters
        ----------
        obj
            An instance of the storage class's Python type.
        dataset_type : `str`
            Its type.
        data_id : `~collections.abc.Mapping`, optional
            Its labels; more may be given as keywords.
        run : `str`, optional
            The run to file it in, instead of the Butler's own.
        **units
            Its labels.

        Returns
        -------
        ref : `~butler.DatasetRef`
            With the artifacts that were written.

        Raises
        ------
        DatasetExistsError
            If the run has one with these labels.
        DatasetTypeNotFoundError, UnitNotFoundError
            If a name isn't registered.
        InvalidDataIdError, AmbiguousDataIdError
            If the labels don't fit the type.
        StorageClassError
            If the object isn't of the type's storage class.

        Notes
        -----
        Whatever goes wrong, nothing of it is left.
        """
        (ref,) = self.put_many([(obj, {**(data_id or {}), **units})], dataset_type, run=run)
        return ref

    def put_many(
        self,
        objects: Iterable[tuple[Any, Mapping[str, Any]]],
        dataset_type: str,
        *,
        run: str | None = None,
        quantum: Quantum | None = None,
    ) -> list[DatasetRef]:
        """File many objects of one type: all of them or none.

        Parameters
        ----------
        objects : iterable of (object, `~collections.abc.Mapping`)
            Each with its labels.
        dataset_type : `str`
            Their type.
        run : `str`, optional
            The run to file them in, instead of the Butler's own.
        quantum : `~butler.quantum.Quantum`, optional
            The quantum that made them.

        Returns
        -------
        refs : `list` [`~butler.DatasetRef`]
            In the order of the objects.

        Raises
        ------
        ButlerError
            As for `put`; one error names every bad row.
        """
        return self._writer.put(objects, dataset_type, self._into(run), quantum)

    def ingest(
        self,
        files: Iterable[
            tuple[Path | str, Mapping[str, Any]] | tuple[Path | str, Mapping[str, Any], Fingerprint]
        ],
        dataset_type: str,
        *,
        mode: str = "copy",
        run: str | None = None,
        formatter: str | None = None,
    ) -> list[DatasetRef]:
        """File files that exist, as they are; those that the run has already are left as they are.

        Parameters
        ----------
        files : iterable of (`pathlib.Path`, `~collections.abc.Mapping`)
            Each with its labels; and with its
            `~butler.datastore.fingerprint.Fingerprint`, size and SHA-256, if
            it is ingested in place and needn't be read.
        dataset_type : `str`
            Their type.
        mode : `str`
            ``copy``, ``move``, ``hardlink``, ``symlink`` or ``in-place``.
        run : `str`, optional
            The run to file them in, instead of the Butler's own.
        formatter : `str`, optional
            Reads the files; by default the one whose files they are like.

        Returns
        -------
        refs : `list` [`~butler.DatasetRef`]
            In the order of the files, also of those that were there.

        Raises
        ------
        DatasetExistsError
            If the run has another file under the same labels.
        FormatError
            If a file is visibly not of its format.
        ButlerError
            As for `put`. All files are filed or none.

        Notes
        -----
        Give millions of files in parts of some ten thousand: each part is
        filed or isn't, and the same again goes on where it ended.
        """
        given = [GivenFile(file if isinstance(file, Path) else Path(file), *more) for file, *more in files]
        taken = self._writer.take(given, Intake(dataset_type, self._into(run), mode, formatter))
        return [one.ref for one in taken if isinstance(one, TakenFile)]

    def ingest_each(self, files: Sequence[GivenFile], intake: Intake) -> list[TakenFile | ButlerError]:
        """File files, and tell what became of each; see `butler.writing.files.FileWriter.take`."""
        return self._writer.take(files, intake)

    def _into(self, run: str | None) -> str:
        """Give the run to file into."""
        into = run or self.run
        if into is None:
            raise ConfigError("there is no run to file into", hint="Name one: Butler(…, run='u/me/first').")
        return into

    # Collections ---------------------------------------------------------

    def associate(self, collection: str, datasets: Iterable[DatasetRef | UUID]) -> int:
        """Put datasets into a tagged collection, or into a run as its inputs.

        A run is then searched for what it reads as for what it makes.

        Returns
        -------
        new : `int`
            How many were new to it.

        Raises
        ------
        DatasetExistsError
            If it holds another dataset of the same type and labels.
        """
        return self.registry.associate(collection, [_id(dataset) for dataset in datasets])

    def disassociate(self, collection: str, datasets: Iterable[DatasetRef | UUID]) -> int:
        """Take datasets out of a tagged collection, or a run's inputs; returns how many were in it."""
        return self.registry.disassociate(collection, [_id(dataset) for dataset in datasets])

    # Removing ------------------------------------------------------------

    def unstore(
        self,
        datasets: Iterable[DatasetRef | UUID],
        *,
        reason: str = "",
        force: bool = False,
        dry_run: bool = False,
    ) -> list[Removal]:
        """Give up the bytes of datasets; their labels, collections and provenance stay.

        Their files go to the trash, and can be restored until it is emptied.

        Parameters
        ----------
        datasets : iterable of `~butler.DatasetRef` or `uuid.UUID`
            Which.
        reason : `str`
            Why; recorded with who and when.
        force : `bool`
            Also those that a tagged collection holds.
        dry_run : `bool`
            Only say what would be done.

        Returns
        -------
        outcomes : `list` [`~butler.values.Removal`]
            How many are ``unstored``, were ``done before``, or are ``kept``
            and why: frozen, certified, tagged, of another registry.

        Raises
        ------
        DatasetNotFoundError
            If one isn't registered; then nothing is done.
        """
        return self.registry.unstore(
            [_id(dataset) for dataset in datasets], reason=reason, force=force, dry_run=dry_run
        )

    def remove(
        self,
        datasets: Iterable[DatasetRef | UUID],
        *,
        reason: str = "",
        force: bool = False,
        dry_run: bool = False,
    ) -> list[Removal]:
        """Remove datasets: their names are free again, their provenance stays.

        Their files go to the trash, and can be restored until it is emptied.
        A read as of an earlier time says who removed them, when and why.

        Parameters
        ----------
        datasets, reason, dry_run
            As for `unstore`.
        force : `bool`
            Also those that a tagged collection holds, which they leave.

        Returns
        -------
        outcomes : `list` [`~butler.values.Removal`]
            How many are ``removed``, were ``done before``, or are ``kept``
            and why.
        """
        return self.registry.remove(
            [_id(dataset) for dataset in datasets], reason=reason, force=force, dry_run=dry_run
        )

    def remove_collection(
        self,
        name: str,
        *,
        datasets: bool = False,
        reason: str = "",
        force: bool = False,
        dry_run: bool = False,
    ) -> list[Removal]:
        """Remove a collection, and take it out of the chains that have it.

        Parameters
        ----------
        name : `str`
            Its name, which stays known to reads as of an earlier time.
        datasets : `bool`
            Remove its datasets too, as `remove` does. A run goes with its
            datasets only, and stays if one of them is kept.
        reason, force, dry_run
            As for `remove`.

        Raises
        ------
        PermissionDeniedError
            If it is frozen, certifies calibrations, or is a run with datasets
            that aren't to be removed.
        """
        return self.registry.remove_collection(
            name, datasets=datasets, reason=reason, force=force, dry_run=dry_run
        )

    def restore(self, datasets: Iterable[DatasetRef | UUID]) -> int:
        """Bring back datasets that were unstored or removed, with the tags that they left.

        Returns
        -------
        restored : `int`
            How many; those that are there already don't count.

        Raises
        ------
        ArtifactMissingError
            If the files of one are deleted. Nothing is restored then.
        DatasetExistsError
            If another has its name by now.
        PermissionDeniedError
            If its run is frozen or was removed.
        """
        return self.registry.restore([_id(dataset) for dataset in datasets])

    def empty_trash(
        self,
        *,
        older_than: timedelta | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Emptied:
        """Delete the files of what was unstored or removed.

        A file that several datasets have goes with the last of them; one that
        was ingested in place stays.

        Parameters
        ----------
        older_than : `datetime.timedelta`, optional
            How long they have been in the trash; by default the repository's
            own delay. Only the owner may name a shorter one.
        on_progress : callable, optional
            Called with how many are done, and 0.

        Returns
        -------
        emptied : `~butler.care.trash.Emptied`
            What went, and what couldn't be deleted.
        """
        from butler.care.trash import empty_trash

        return empty_trash(self.registry, self.datastore, older_than=older_than, on_progress=on_progress)

    # Work and care -------------------------------------------------------

    @contextmanager
    def quantum(
        self,
        task: str,
        data_id: Mapping[str, Any] | None = None,
        /,
        *,
        inputs: Iterable[DatasetRef] = (),
        **units: Any,
    ) -> Iterator[Quantum]:
        """Record one piece of work: what it will read, what it did read, what it made.

        Parameters
        ----------
        task : `str`
            Name of the task.
        data_id : `~collections.abc.Mapping`, optional
            What it works on; more may be given as keywords.
        inputs : iterable of `~butler.DatasetRef`
            What it will read. What it reads besides is added as it is read.
        **units
            What it works on.

        Yields
        ------
        quantum : `~butler.quantum.Quantum`
            Reads and writes through this.

        Notes
        -----
        If the block raises, the quantum stays in the registry as failed, with
        its inputs.
        """
        from butler.quantum import Quantum

        if self.run is None:
            raise ConfigError("there is no run to work in", hint="Name one: Butler(…, run='u/me/first').")
        with Quantum(self, task, {**(data_id or {}), **units}, list(inputs)) as quantum:
            yield quantum

    def verify(
        self,
        *,
        checksum: bool = True,
        incremental: bool = False,
        time_limit: timedelta | None = None,
        older_than: timedelta = timedelta(0),
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Verification:
        """Compare registry and datastore, and name each difference.

        What layers over the registry filed is compared too, and what the
        database derives from regions.

        Parameters
        ----------
        checksum : `bool`
            Whether to read every byte, or only compare existence and size.
        incremental : `bool`
            Whether to go on where the last incremental one stopped. After
            the end it begins anew.
        time_limit : `datetime.timedelta`, optional
            Stop after so long.
        older_than : `datetime.timedelta`
            Leave out unfinished puts, and files that nobody has, which are
            younger: their writer may be at work.
        on_progress : callable, optional
            Called with artifacts done and artifacts in all.

        Returns
        -------
        faults : `~butler.care.verification.Verification`
            An iterator of `~butler.care.verification.Fault`, found as they are
            asked for; it says how far it came.

        Raises
        ------
        PermissionDeniedError
            If it is to be incremental, and the role may not record it.
        """
        from butler.care.verification import Verification

        return Verification(
            self.registry,
            self.datastore,
            checksum=checksum,
            incremental=incremental,
            time_limit=time_limit,
            older_than=older_than,
            on_progress=on_progress,
        )

    def repair(
        self,
        faults: Iterable[Fault],
        *,
        delete_orphans: bool = False,
        older_than: timedelta = timedelta(days=1),
        dry_run: bool = False,
    ) -> Iterator[Repair]:
        """Repair what a verification found, each as it is asked for.

        The last good copy of anything is never deleted: what is gone or
        altered is recorded as lost, a file that nobody has is registered if
        it says what it is, and left otherwise.

        Parameters
        ----------
        faults : iterable of `~butler.care.verification.Fault`
            What `verify` found.
        delete_orphans : `bool`
            Whether to delete files that no dataset of any registry has, and
            that can't be registered.
        older_than : `datetime.timedelta`
            Leave alone puts and files that are younger: their writer may be
            at work.
        dry_run : `bool`
            Whether to plan only.

        Yields
        ------
        repair : `~butler.care.repair.Repair`
            What was done, or why it wasn't.
        """
        from butler.care.repair import Repairer

        repairer = Repairer(
            self.registry, self.datastore, delete_orphans=delete_orphans, older_than=older_than
        )
        plan = repairer.plan(faults)
        return plan if dry_run else repairer.carry_out(plan)

    def reap(
        self, *, older_than: timedelta = timedelta(days=1), dry_run: bool = False
    ) -> Iterator[ReapedPut]:
        """Clear up after puts that began longer ago than this and never ended, each as it is asked for.

        Their files are deleted, and they are forgotten; a writer that is at
        work all the same gets an error when it ends. Those that went into
        layers over the registry are cleared up too.

        Parameters
        ----------
        older_than : `datetime.timedelta`
            How long ago they began.
        dry_run : `bool`
            Whether to list them only.

        Yields
        ------
        put : `~butler.care.reaping.ReapedPut`
            What was cleared up, or why it wasn't.
        """
        from butler.care.reaping import reap

        return reap(self.registry, self.datastore, older_than=older_than, dry_run=dry_run)

    def __reduce__(self) -> tuple[Any, ...]:
        repo, role, registry = self._arguments
        return (_reopen, (repo, self.run, self.collections, role, registry, self.datastore))


def _reopen(
    repo: Any, run: str | None, collections: Sequence[str], role: str, registry: Any, datastore: Any
) -> Butler:
    return Butler(repo, run=run, collections=collections, role=role, registry=registry, datastore=datastore)


def _replica(config: RepositoryConfig) -> Replica | None:
    if config.replica is None:
        return None
    from butler.registry.replica import Replica

    return Replica(config.replica)


def _id(dataset: DatasetRef | UUID) -> UUID:
    return dataset.id if isinstance(dataset, DatasetRef) else dataset
