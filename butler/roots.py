"""The roots of datastores: written to while they are where the registry says, and bear their marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from butler.context import agreed_roots
from butler.datastore.marks import RootState, check_mark, encode_mark
from butler.errors import DatastoreRootError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from butler.datastore.interfaces import Datastore
    from butler.registry import Registry
    from butler.values import RegisteredDatastore

__all__ = ["Roots", "add_datastore"]


class Roots:
    """The one check that is made before anything is written to a datastore or deleted from it.

    The registry is asked once; afterwards a check reads a small file. It is
    made before each lot, and before what became of the lot is recorded: a
    file system that was unmounted in between is met by the second.

    Parameters
    ----------
    registry : `~butler.registry.Registry`
        Knows where the roots are and what their marks must be.
    datastore : `~butler.datastore.Datastore`
        Whose members are checked.
    """

    def __init__(self, registry: Registry, datastore: Datastore) -> None:
        self._registry = registry
        self._datastore = datastore
        self._known: Mapping[str, RegisteredDatastore] | None = None

    @property
    def registered(self) -> Mapping[str, RegisteredDatastore]:
        """All that the registry knows, once those that are configured are seen to agree.

        Raises
        ------
        ConfigError
            If one is configured with another root.
        """
        if self._known is None:
            self._known = agreed_roots(self._registry, self._datastore)
        return self._known

    def check(self, name: str | None = None, *, steady: bool = False) -> None:
        """Refuse to go on with a datastore whose root isn't where it should be, or doesn't bear its mark.

        Parameters
        ----------
        name : `str`, optional
            Of a member; by default the one that is written to. Of one that
            isn't registered nothing is asked: the registry refuses it.
        steady : `bool`
            Whether a mark that was set anew since it was first read is
            refused, too: what is older than it is another's matter then.

        Raises
        ------
        ConfigError
            If a datastore is configured with another root than is registered.
        DatastoreRootError
            If the root isn't there, isn't mounted, bears no mark or another's.
        NotSupportedError
            If the datastore has no mark.
        """
        name = self._datastore.name if name is None else name
        known = self.registered.get(name)
        if known is None:
            return
        root = self._datastore.members[name].mark
        try:
            check_mark(root, known.mark)
        except DatastoreRootError:
            if steady:
                raise
            self._known = agreed_roots(self._registry, self._datastore)
            if name not in self._known or self._known[name].mark == known.mark:
                raise
            check_mark(root, self._known[name].mark)  # it was set anew since

    def check_all(self) -> None:
        """Check all members that are registered."""
        for name in self._datastore.members:
            self.check(name)


def add_datastore(registry: Registry, datastore: Datastore) -> bool:
    """Register a datastore, and mark its root if it is new.

    Parameters
    ----------
    registry : `~butler.registry.Registry`
        As a writer.
    datastore : `~butler.datastore.Datastore`
        One with a single root.

    Returns
    -------
    new : `bool`
        Whether it wasn't registered before; then the root bears its mark now.

    Raises
    ------
    DatastoreRootError
        If it is new and its root is another's, or has something of another's
        in it: nothing is registered. If it isn't, and the root doesn't bear
        its mark.
    DefinitionConflictError
        If it is registered elsewhere, or shares files with another.
    """
    known = registry.definitions.datastores().get(datastore.name)
    root = datastore.mark
    if known is None:
        root.refuse_shared()
        if not isinstance(found := root.read(), RootState):
            raise DatastoreRootError(
                f"{datastore.root} bears a mark already: it is a datastore's root, {found[:400]!r}",
                hint="Give this datastore a root of its own. If that one is given up for good, delete the"
                " mark's file first.",
                details={"datastore": datastore.name, "root": datastore.root},
            )
    new = registry.definitions.register_datastore(datastore.name, datastore.root)
    mark = registry.definitions.datastores()[datastore.name].mark
    if new:
        root.write(encode_mark(mark), instead_of=None)
    else:
        check_mark(root, mark)
    return new
