"""What every `~butler.registry.interfaces.Collections` must do."""

from __future__ import annotations

from uuid import uuid4

import pytest

from butler.errors import (
    ButlerError,
    CollectionNotFoundError,
    DatasetExistsError,
    DatasetNotFoundError,
    DefinitionConflictError,
    InvalidNameError,
    PermissionDeniedError,
)
from butler.registry import Registry
from butler.testing.registry.capabilities import CapabilityTests
from butler.testing.registry.contents import BROKEN_NAMES, HOSTILE_TEXTS, UNSENDABLE_TEXTS, Contents
from butler.testing.registry.fixtures import RAW, found, put
from butler.values import Collection, CollectionType

__all__ = ["CollectionsTests"]


def _names(registry: Registry, pattern: str = "*") -> list[str]:
    return [collection.name for collection in registry.collections.matching(pattern)]


def _only(registry: Registry, name: str) -> Collection:
    (collection,) = registry.collections.matching(name)
    return collection


class CollectionsTests(CapabilityTests):
    """Runs, tagged and chained collections, and what is in them."""

    def test_a_collection_is_registered_once(self, observatory: Registry) -> None:
        collections = observatory.collections
        for collection_type in CollectionType:
            name = f"new/{collection_type}"
            assert collections.register(name, collection_type, "New.")
            assert not collections.register(name, collection_type)
            registered = _only(observatory, name)
            assert (registered.type, registered.doc, registered.frozen) == (collection_type, "New.", False)
            assert registered.owner
            for other in {*CollectionType} - {collection_type}:
                with pytest.raises(DefinitionConflictError, match=name):
                    collections.register(name, other)

    def test_a_type_of_collection_that_there_is_not_is_refused(self, observatory: Registry) -> None:
        with pytest.raises(ButlerError, match="heap"):
            observatory.collections.register("new", "heap")  # type: ignore[arg-type]
        assert _names(observatory, "new") == []

    def test_collections_are_listed_by_pattern(self, observatory: Registry, contents: Contents) -> None:
        observatory.collections.chain("all", ["r/two", "r/one"])
        assert _names(observatory) == sorted(each.name for each in contents.collections)
        assert _names(observatory, "r/*") == ["r/one", "r/two"]
        assert _names(observatory, "?est") == ["best"]
        assert _names(observatory, "r_one") == _names(observatory, "r%") == []
        chain = _only(observatory, "all")
        assert (chain.type, chain.doc, chain.members) == (
            CollectionType.CHAINED,
            "All there is.",
            ("r/two", "r/one"),
        )

    def test_what_a_collection_holds_is_counted_by_type(self, archive: Registry) -> None:
        collections = archive.collections
        assert collections.contents("r/one") == {"census": 1, "raw": 2}
        assert collections.contents("r/two") == {"raw": 3}
        assert collections.contents("best") == {"raw": 1}
        assert collections.contents("all") == {}, "a chain holds collections"
        with pytest.raises(CollectionNotFoundError, match="r/oen") as caught:
            collections.contents("r/oen")
        assert caught.value.hint

    # What is in them -----------------------------------------------------------------

    def test_a_tag_holds_one_of_a_data_id(self, observatory: Registry) -> None:
        collections = observatory.collections
        (one,), (two,) = put(observatory, RAW), put(observatory, RAW, run="r/two")
        assert collections.associate("best", [one.id]) == 1
        assert collections.associate("best", [one.id]) == 0
        with pytest.raises(DatasetExistsError, match=str(one.id)):
            collections.associate("best", [two.id])
        assert collections.disassociate("best", [one.id, two.id]) == 1
        assert collections.associate("best", [two.id]) == 1
        with pytest.raises(DatasetNotFoundError):
            collections.associate("best", [uuid4()])
        assert found(observatory, ["best"]) == two.id

    def test_a_tag_changes_what_a_chain_finds(self, observatory: Registry) -> None:
        (one,), (two,) = put(observatory, RAW), put(observatory, RAW, run="r/two")
        observatory.collections.chain("inner", ["best", "r/two"])
        observatory.collections.chain("all", ["inner", "r/one"])
        assert found(observatory, ["all"]) == two.id
        observatory.collections.associate("best", [one.id])
        assert found(observatory, ["all"]) == one.id
        observatory.collections.chain("all", ["r/two"])
        assert found(observatory, ["all"]) == two.id

    def test_a_run_holds_its_inputs_beside_what_it_makes(self, observatory: Registry) -> None:
        (one,) = put(observatory, RAW)
        assert observatory.collections.associate("r/two", [one.id]) == 1
        assert found(observatory, ["r/two"]) == one.id
        with pytest.raises(DatasetExistsError):
            put(observatory, RAW, run="r/two")
        assert observatory.collections.disassociate("r/two", [one.id]) == 1
        assert found(observatory, ["r/two"]) is None

    def test_a_chain_never_holds_itself(self, observatory: Registry) -> None:
        collections = observatory.collections
        collections.chain("inner", ["r/one"])
        collections.chain("all", ["inner"])
        with pytest.raises(DefinitionConflictError, match="itself"):
            collections.chain("inner", ["all"])
        with pytest.raises(CollectionNotFoundError):
            collections.chain("all", ["nobody"])
        assert _only(observatory, "inner").members == ("r/one",)

    def test_a_frozen_collection_takes_nothing(self, observatory: Registry) -> None:
        collections = observatory.collections
        (ref,) = put(observatory, RAW)
        for name in ("r/one", "best", "all"):
            collections.freeze(name)
            assert _only(observatory, name).frozen
        with pytest.raises(PermissionDeniedError, match="frozen"):
            put(observatory, {**RAW, "sensor": 2})
        with pytest.raises(PermissionDeniedError, match="frozen"):
            collections.associate("best", [ref.id])
        with pytest.raises(PermissionDeniedError, match="frozen"):
            collections.chain("all", ["r/one"])
        collections.freeze("best", False)
        assert collections.associate("best", [ref.id]) == 1

    def test_a_collection_that_is_not_there_is_named(self, observatory: Registry) -> None:
        collections = observatory.collections
        for attempt in (
            lambda: collections.freeze("nobody"),
            lambda: collections.chain("nobody", []),
            lambda: collections.associate("nobody", []),
            lambda: collections.disassociate("nobody", []),
        ):
            with pytest.raises(CollectionNotFoundError, match="nobody"):
                attempt()

    # Hostile callers -----------------------------------------------------------------

    def test_a_text_that_names_a_collection_is_only_ever_a_text(
        self, observatory: Registry, contents: Contents
    ) -> None:
        collections = observatory.collections
        for text in HOSTILE_TEXTS:
            assert collections.register(text, CollectionType.RUN, text)
            assert [each.doc for each in collections.matching() if each.name == text] == [text]
            (ref,) = put(observatory, RAW, run=text)
            assert ref.run == text
            assert collections.contents(text) == {"raw": 1}
            collections.chain("all", [text])
            assert found(observatory, ["all"]) == ref.id
        assert len(_names(observatory)) == len(contents.collections) + len(HOSTILE_TEXTS)

    def test_a_name_of_a_collection_that_breaks_the_rules_is_refused(
        self, observatory: Registry, contents: Contents
    ) -> None:
        for name in (*BROKEN_NAMES, *UNSENDABLE_TEXTS):
            with pytest.raises(InvalidNameError):
                observatory.collections.register(name, CollectionType.RUN)
        assert len(_names(observatory)) == len(contents.collections)

    def test_a_text_that_can_not_be_stored_names_no_collection(self, observatory: Registry) -> None:
        collections = observatory.collections
        for text in UNSENDABLE_TEXTS:
            for attempt in (
                lambda text: collections.matching(text),
                lambda text: collections.contents(text),
                lambda text: collections.chain("all", [text]),
                lambda text: collections.associate(text, []),
                lambda text: collections.register("new", CollectionType.RUN, text),
            ):
                with pytest.raises(ButlerError):
                    attempt(text)
        assert _names(observatory, "new") == []
