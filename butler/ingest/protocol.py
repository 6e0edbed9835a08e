"""Writing datasets so that nothing can be half done.

Bytes are written under their final names, by an id that is made here; then
one statement makes them datasets. No database transaction is open while bytes
move, and nothing is announced: what a writer leaves that dies in between
belongs to nobody, and goes when it is older than the grace period.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

from butler.arguments import mapping, name
from butler.datastore.interfaces import inventory_of
from butler.datastore.lots import Lot
from butler.datastore.storage_classes import storage_class as find_storage_class
from butler.errors import (
    ButlerError,
    CollectionNotFoundError,
    DatabaseUnavailableError,
    InvalidDataIdError,
    NotSupportedError,
)
from butler.ingest.file_names import FileNames
from butler.ingest.item import PutItem, PutState
from butler.roots import Roots
from butler.units import UNITS, ValueType
from butler.values import Artifact, DataId, DatasetRef, DatasetType, new_dataset_ids

if TYPE_CHECKING:
    from butler.datastore.interfaces import Datastore
    from butler.registry import Registry

__all__ = ["PutProtocol", "refuse_astray"]

_PLAIN_TYPES = {
    unit.name: unit.python_type for unit in UNITS.values() if unit.value_type is not ValueType.RANGE
}
"""What values of units are, as programs give them; a range is read by the registry."""


class PutProtocol:
    """The steps of a put, and the way back from each.

    Parameters
    ----------
    registry : `~butler.registry.Registry`
        Where datasets are registered.
    datastore : `~butler.datastore.Datastore`
        Where their bytes go.
    """

    def __init__(self, registry: Registry, datastore: Datastore) -> None:
        self.registry = registry
        self.datastore = datastore
        self.roots = Roots(registry, datastore)
        self._names = FileNames()
        self._described: dict[str, bool] = {}
        """Of runs that were opened: whether somebody has described their environment."""

    def prepare(
        self,
        dataset_type: str,
        data_ids: Sequence[Mapping[str, Any]],
        run: str,
        *,
        written: bool = True,
        ask: bool = False,
        skip_existing: bool = False,
    ) -> list[PutItem]:
        """Prepare datasets of one type, before a byte is written.

        The registry is asked where that is needed: for data IDs that aren't
        complete, units that weren't seen before, and the first time that this
        process puts into a run, before that is made.

        Parameters
        ----------
        dataset_type : `str`
            What they are.
        data_ids : sequence of `~collections.abc.Mapping`
            As people write them.
        run : `str`
            Where they go.
        written : `bool`
            Whether files are to be written for them; else none is named, and
            the run is left to whoever registers them.
        ask : `bool`
            Whether to ask in any case: what can be refused is refused now.
        skip_existing : `bool`
            Whether what the run has is given as ``existing``, instead of
            being an error, where the registry is asked.

        Raises
        ------
        ButlerError
            As `butler.registry.interfaces.puts.Puts.prepare` and ``open_run`` raise.
        """
        _refuse_component(dataset_type)
        name(run, "run")
        if written:
            self.roots.check()
        of_type = self.registry.definitions.dataset_type(dataset_type)
        find_storage_class(of_type.storage_class)
        template = self.datastore.template(dataset_type, of_type.storage_class) if written else ""
        ask = ask or (written and run not in self._described)
        known = None if ask else self._known(of_type, data_ids, template)
        existing: list[UUID | None]
        if known is None:
            puts = self.registry.puts
            prepared = puts.prepare(run, dataset_type, data_ids, skip_existing=skip_existing)
            for one in prepared:
                self._names.learn(one.data_id, one.names)
            known, existing = [one.data_id for one in prepared], [one.existing for one in prepared]
            if written:
                self._open(run)
        else:
            existing = [None] * len(known)
        return [
            PutItem(
                dataset_id,
                of_type,
                data_id,
                run,
                self._names.fill(template, run, dataset_type, data_id) if written else "",
                there,
            )
            for dataset_id, data_id, there in zip(new_dataset_ids(len(known)), known, existing, strict=True)
        ]

    def is_to_describe(self, run: str) -> bool:
        """Whether a run's environment is to be described here, as nobody is known to have; said once."""
        self._open(run)
        described = self._described[run]
        self._described[run] = True
        return not described

    def _open(self, run: str) -> None:
        """Make sure of a run once a process: it is made, or refused before a byte is written."""
        if run not in self._described:
            self._described[run] = self.registry.puts.open_run(run)

    def _known(
        self, dataset_type: DatasetType, data_ids: Sequence[Mapping[str, Any]], template: str
    ) -> list[DataId] | None:
        """Give data IDs that are complete as they are, if all are, and nothing must be asked of units."""
        units = dataset_type.units
        types = [_PLAIN_TYPES.get(unit) for unit in units]
        known = []
        for given in data_ids:
            data_id = mapping(given, "data_id")
            if len(data_id) != len(units) or [type(data_id.get(unit)) for unit in units] != types:
                return None
            complete = DataId({unit: data_id[unit] for unit in units})
            if template and not self._names.knows(template, complete):
                return None
            known.append(complete)
        return known

    def complete(self, dataset_type: str, data_id: Mapping[str, Any], run: str) -> DataId:
        """Complete a data ID, without looking for what is there."""
        of_type = self.registry.definitions.dataset_type(dataset_type)
        if known := self._known(of_type, [data_id], ""):
            return known[0]
        (prepared,) = self.registry.puts.prepare(run, dataset_type, [data_id], skip_existing=True)
        return prepared.data_id

    def lot_of(self, number: int) -> Lot[Datastore]:
        """Begin to write so many files: one alone is made durable as it is written."""
        return self.datastore.lot() if number > 1 else Lot(self.datastore)

    # Registering ------------------------------------------------------------

    def put(self, items: Sequence[PutItem]) -> None:
        """Make what was written datasets, all of it, by one statement.

        A run that was removed since it was opened is made anew.

        Raises
        ------
        ButlerError
            As `butler.registry.interfaces.puts.Puts.put` raises. If the answer was lost, nobody knows what
            became of it, and `undone_on_error` leaves the bytes.
        """
        run = items[0].run

        def put(refs: Sequence[DatasetRef], roots: Mapping[str, str]) -> None:
            self.registry.puts.put(run, refs, roots=roots)

        try:
            self.tell(items, put)
        except CollectionNotFoundError:
            self._described.pop(run, None)
            self._open(run)
            self.tell(items, put)

    def tell(
        self, items: Sequence[PutItem], told: Callable[[Sequence[DatasetRef], Mapping[str, str]], object]
    ) -> None:
        """Tell the registry of what was written and is durable now, by one statement that may be repeated.

        Parameters
        ----------
        items : sequence of `PutItem`
            What was written; perhaps nothing.
        told : callable
            Called with the datasets, and the roots under which they were written.

        Raises
        ------
        ButlerError
            As ``told`` raises; as it was at the first time, if that was lost and the second is refused. Or
            if what was written can't be made durable: nobody is told of it.
        """
        for item in items:
            for artifact in item.artifacts:
                refuse_astray(artifact, self.datastore.name)
        self.flush(items)
        roots = {self.datastore.name: self.datastore.root}

        def tell() -> None:
            with self.registering(items):
                for item in items:
                    item.told()
                told([item.ref for item in items], roots)

        try:
            tell()
        except DatabaseUnavailableError as lost:
            if not lost.may_be_done:
                raise
            try:
                tell()  # perhaps only the answer was lost: the same again is no error
            except ButlerError as again:
                raise lost from again

    def flush(self, items: Sequence[PutItem]) -> None:
        """Make durable what was written; what is already costs nothing.

        Raises
        ------
        ButlerError
            If it can't be made durable, or the root isn't there any more.
        """
        if items:
            self.roots.check()  # it may have been unmounted while it was written to
        for lot in dict.fromkeys(item.lot for item in items if item.lot is not None):
            lot.flush()

    @contextmanager
    def registering(self, items: Sequence[PutItem]) -> Iterator[None]:
        """Note what the registry says of those of which it is told: refused ones are as they were before.

        Nothing else may be done inside: whatever fails there counts as a refusal.
        """
        try:
            yield
        except BaseException as error:
            # Whoever is interrupted, or lost the answer, doesn't know what the registry did.
            unknown = not isinstance(error, ButlerError) or (
                isinstance(error, DatabaseUnavailableError) and error.may_be_done
            )
            for item in items:
                item.not_registered(known=not unknown)
            raise
        for item in items:
            item.registered()

    # The way back -----------------------------------------------------------

    @contextmanager
    def undone_on_error(self, items: Sequence[PutItem]) -> Iterator[None]:
        """Delete what was written, if anything goes wrong, but not what may be registered."""
        try:
            yield
        except BaseException:
            # Whatever is left undone here is found by the reaper. What went wrong first is told, not what
            # it led to.
            with suppress(Exception):
                self.discard(items)
            raise

    def discard(self, items: Sequence[PutItem]) -> None:
        """Delete the bytes of what isn't registered; of what may be, they stay for the grace period.

        Raises
        ------
        DatastoreRootError
            If the root doesn't bear its mark any more: what was written may lie elsewhere.
        """
        left = [item for item in items if item.is_loose]
        if left:
            self.roots.check()
        kept = {
            (artifact.datastore, artifact.file)
            for item in items
            if item.is_needed
            for artifact in item.artifacts
        }
        for item in left:
            self._discard(item, kept)
            item.state = PutState.PREPARED

    def _discard(self, item: PutItem, kept: Set[tuple[str, str]]) -> None:
        """Delete a dataset's files that no other has, also those of which a broken-off write didn't tell."""
        if item.artifacts:
            self.datastore.remove(one for one in item.artifacts if (one.datastore, one.file) not in kept)
            return
        inventory = inventory_of(self.datastore)
        if inventory is None:  # it has promised that a put which fails leaves nothing
            return
        inventory.discard(
            inventory.expected_paths(
                item.id, item.hint, item.dataset_type.storage_class, item.dataset_type.name
            )
        )


def refuse_astray(artifact: Artifact, datastore: str) -> None:
    """Refuse an artifact of another datastore than is written to: the registry would take it for one of that.

    Raises
    ------
    NotSupportedError
    """
    if artifact.datastore != datastore:
        raise NotSupportedError(
            f"{artifact.path!r} was put into datastore {artifact.datastore!r}, not into {datastore!r}",
            hint="A put goes to one datastore as yet: let it return artifacts of its own name.",
            details={"datastore": artifact.datastore, "path": artifact.path},
        )


def _refuse_component(dataset_type: str) -> None:
    if "." in name(dataset_type, "dataset_type"):
        raise InvalidDataIdError(
            f"{dataset_type} is a component; only whole datasets can be put",
            hint=f"Put {dataset_type.split('.')[0]}.",
        )
