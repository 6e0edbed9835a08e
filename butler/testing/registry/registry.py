"""The suites of all ports together."""

from __future__ import annotations

import pickle

from butler.registry import Registry
from butler.testing.registry.administration import AdministrationTests
from butler.testing.registry.collections import CollectionsTests
from butler.testing.registry.contents import HOSTILE_TEXTS
from butler.testing.registry.definitions import DefinitionsTests
from butler.testing.registry.fixtures import RAW, found, put
from butler.testing.registry.layers import LayersTests
from butler.testing.registry.lookup import LookupTests
from butler.testing.registry.maintenance import MaintenanceTests
from butler.testing.registry.provenance import ProvenanceTests
from butler.testing.registry.puts import PutsTests
from butler.testing.registry.queries import QueriesTests
from butler.testing.registry.removal import RemovalsTests
from butler.values import DatasetType

__all__ = ["RegistryTests"]


class RegistryTests(
    LookupTests,
    DefinitionsTests,
    CollectionsTests,
    PutsTests,
    QueriesTests,
    RemovalsTests,
    ProvenanceTests,
    LayersTests,
    MaintenanceTests,
    AdministrationTests,
):
    """Conformance of a `~butler.registry.Registry` that has every capability."""

    def test_what_one_copy_writes_another_finds(self, observatory: Registry) -> None:
        copy: Registry = pickle.loads(pickle.dumps(observatory))
        (ref,) = put(copy, RAW)
        copy.close()
        assert found(observatory, ["r/one"]) == ref.id

    def test_every_way_to_a_dataset_gives_the_same(self, observatory: Registry) -> None:
        (ref,) = put(observatory, {}, dataset_type="census")
        ways = (
            observatory.lookup.find("census", {}, ["r/one"]),
            observatory.queries.datasets("census", ["r/one"], {})[0],
            *observatory.lookup.with_artifacts([ref]),
        )
        assert {*ways, ref} == {ref}

    def test_a_text_is_only_ever_a_text_from_one_end_to_the_other(self, observatory: Registry) -> None:
        observatory.definitions.register_dataset_type(DatasetType("note", "Text", ("label",)))
        for text in HOSTILE_TEXTS:
            observatory.definitions.register_units("label", [{"label": text, "doc": text}])
            (ref,) = put(observatory, {"label": text}, dataset_type="note", run=text)
            assert observatory.lookup.find("note", {"label": text}, [text]) == ref
            assert list(observatory.queries.datasets("note", [text], {"label": text})) == [ref]
            assert [row.doc for row in observatory.queries.units("label", {"label": text})] == [text]
            rows = observatory.query("SELECT run FROM dataset WHERE label = :x", {"x": text})
            assert rows.scalar() == text
        assert len(observatory.definitions.cameras()) == 2
