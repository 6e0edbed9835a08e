"""A datastore of another kind, as a third party would write it: over two others, by the first interface alone."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from butler.datastore import Datastore, Datastores, open_datastore
from butler.errors import NotSupportedError
from butler.testing.datastore import DatastoreTests
from butler.values import Artifact, ArtifactFault


class Mirror(Datastore):
    """Writes everything to two datastores, and reads from the first that has all of it."""

    def __init__(self, first: Datastore, second: Datastore) -> None:
        self._both = (first, second)

    @property
    def name(self) -> str:
        return self._both[0].name

    @property
    def root(self) -> str:
        return self._both[0].root

    @property
    def members(self) -> Mapping[str, Datastore]:
        return {**self._both[0].members, **self._both[1].members}

    def template(self, dataset_type: str, storage_class: str) -> str:
        return self._both[0].template(dataset_type, storage_class)

    def put(
        self,
        obj: Any,
        dataset_id: UUID,
        hint: str,
        storage_class: str,
        dataset_type: str,
        identity: Mapping[str, Any],
    ) -> tuple[Artifact, ...]:
        first, second = self._both
        written = first.put(obj, dataset_id, hint, storage_class, dataset_type, identity)
        try:
            return (*written, *second.put(obj, dataset_id, hint, storage_class, dataset_type, identity))
        except BaseException:
            first.remove(written)
            raise

    def get(
        self,
        artifacts: Sequence[Artifact],
        storage_class: str,
        component: str | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Any:
        for one, other in (self._both, self._both[::-1]):
            # What is of neither goes to each: that it isn't at hand is for it to say.
            share = [artifact for artifact in artifacts if artifact.datastore not in other.members]
            mine = [artifact for artifact in share if artifact.datastore in one.members]
            if mine and all(map(one.exists, mine)):
                return one.get(share, storage_class, component, parameters)
        return self._both[0].get(artifacts, storage_class, component, parameters)

    def uri(self, artifact: Artifact) -> str:
        return self._one_of(artifact).uri(artifact)

    def exists(self, artifact: Artifact) -> bool:
        return self._one_of(artifact).exists(artifact)

    def check(self, artifact: Artifact, *, checksum: bool = True) -> ArtifactFault | None:
        return self._one_of(artifact).check(artifact, checksum=checksum)

    def remove(self, artifacts: Iterable[Artifact]) -> None:
        shares: dict[Datastore, list[Artifact]] = {one: [] for one in self._both}
        for artifact in artifacts:
            shares[self._one_of(artifact)].append(artifact)
        for one, share in shares.items():
            one.remove(share)

    def _one_of(self, artifact: Artifact) -> Datastore:
        first, second = self._both
        return second if artifact.datastore in second.members else first


class TestMirror(DatastoreTests):
    def open(self, folder: Path, *, disassemble: tuple[str, ...] = ()) -> Datastore:
        here, there = (
            open_datastore({"root": name, "disassemble": disassemble}, folder, name)
            for name in ("here", "there")
        )
        return Mirror(here, there)

    def stored(self, datastore: Datastore) -> set[str]:
        return {path for member in datastore.members.values() for path in member.inventory.paths()}

    def test_what_one_has_lost_the_other_has(self, datastore: Datastore) -> None:
        artifacts = self.put(datastore, "kept twice", "Text")
        for number in (0, 1):
            datastore.remove(artifacts[:number])
            assert datastore.get(artifacts, "Text") == "kept twice"

    def test_as_a_member_of_several_it_is_still_asked_for_the_whole_dataset(
        self, datastore: Datastore, tmp_path: Path
    ) -> None:
        several = Datastores([open_datastore({"root": "main"}, tmp_path), datastore], "main")
        artifacts = self.put(datastore, "kept twice", "Text")
        several.remove(artifacts[:1])
        assert several.get(artifacts, "Text") == "kept twice"
        assert sorted(several.members) == ["here", "main", "there"]

    def test_it_takes_no_files_and_says_so(self, datastore: Datastore) -> None:
        for ask in (lambda: datastore.intake, lambda: datastore.inventory):
            with pytest.raises(
                NotSupportedError, match=r"'here' \(Mirror\) has no (intake of files|inventory)"
            ):
                ask()


def test_it_is_short() -> None:
    assert len(inspect.getsource(Mirror).splitlines()) < 100


def test_what_can_be_lacked_is_lacked_by_several_that_write_to_it(tmp_path: Path) -> None:
    here, there, main = (open_datastore({"root": name}, tmp_path, name) for name in ("a", "b", "main"))
    several = Datastores([main, Mirror(here, there)], "a")
    assert len(several.put("text", uuid4(), "run/note", "Text", "note", {})) == 2
    for ask in (lambda: several.intake, lambda: several.inventory):
        with pytest.raises(NotSupportedError, match="'a'"):
            ask()
