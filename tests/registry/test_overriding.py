"""Whatever a registry does goes through methods that a subclass may override, and those are called."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import pytest

from butler import Butler
from butler.datastore import open_datastore
from butler.errors import PermissionDeniedError
from butler.registry import Registry
from butler.registry.interfaces import PORTS, Puts
from butler.registry.postgres import PostgresRegistry
from butler.registry.postgres.puts import PostgresPuts
from butler.roots import add_datastore
from butler.testing.registry.fixtures import RAW, RegistryFixtures, found, put, written
from butler.values import Artifact, DatasetRef


class TellingPuts(PostgresPuts):
    """Tells who was registered, and refuses what is too big."""

    told: ClassVar[list[UUID]] = []

    def put(
        self,
        run: str,
        datasets: Sequence[DatasetRef],
        *,
        roots: Mapping[str, str] | None = None,
    ) -> int:
        if any(artifact.size > 1000 for ref in datasets for artifact in ref.artifacts or ()):
            raise PermissionDeniedError("that is more than a quota allows")
        new = super().put(run, datasets, roots=roots)
        self.told.extend(ref.id for ref in datasets)
        return new


class TellingRegistry(PostgresRegistry):
    @cached_property
    def puts(self) -> Puts:
        return TellingPuts(self.calls, self.definitions)


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


class TestTellingRegistry(RegistryFixtures):
    @pytest.fixture
    def registry(self, database: Any) -> Iterator[Registry]:
        TellingPuts.told.clear()
        registry = TellingRegistry(database.dsn("writer"))
        yield registry
        registry.close()

    def test_a_method_that_is_overridden_is_the_one_that_is_called(self, observatory: Registry) -> None:
        (ref,) = put(observatory, RAW)
        assert TellingPuts.told == [ref.id]
        large = written(RAW, artifacts=[Artifact("store", "x", "json", 1001, bytes(32))])
        with pytest.raises(PermissionDeniedError, match="quota"):
            observatory.puts.put("r/two", [large])
        assert TellingPuts.told == [ref.id]
        assert found(observatory, ["r/two"]) is None

    def test_it_is_called_in_copies_and_in_related_registries(self, observatory: Registry) -> None:
        copy: Registry = pickle.loads(pickle.dumps(observatory))
        for registry in (copy, *observatory.related()):
            assert type(registry.puts) is TellingPuts
        (ref,) = put(copy, RAW)
        assert TellingPuts.told == [ref.id]
        copy.close()

    def test_all_else_is_as_it_was(self, observatory: Registry) -> None:
        for capability in PORTS.keys() - {"puts"}:
            assert (
                type(getattr(observatory, capability)).__module__ == f"butler.registry.postgres.{capability}"
            )

    def test_a_butler_calls_it_and_undoes_what_it_refuses(
        self, observatory: Registry, tmp_path: Path
    ) -> None:
        datastore = open_datastore({"type": "posix", "root": "data"}, tmp_path, "told")
        add_datastore(observatory, datastore)
        with Butler(registry=observatory, datastore=datastore, run="u/me/told") as butler:
            ref = butler.put({"a": 1}, "raw", RAW)
            assert ref.id in TellingPuts.told
            paths = files(tmp_path)
            with pytest.raises(PermissionDeniedError, match="quota"):
                butler.put({"a": "x" * 1000}, "raw", {**RAW, "sensor": 2})
            assert files(tmp_path) == paths
            assert found(observatory, ["u/me/told"], {**RAW, "sensor": 2}) is None
            assert butler.get(ref) == {"a": 1}
