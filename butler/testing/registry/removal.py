"""What every `~butler.registry.interfaces.Removals` must do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from butler.errors import (
    ArtifactMissingError,
    ButlerError,
    CollectionNotFoundError,
    DatasetExistsError,
    DatasetNotFoundError,
    PermissionDeniedError,
)
from butler.registry import Registry
from butler.testing.registry.capabilities import CapabilityTests
from butler.testing.registry.contents import HOSTILE_TEXTS, UNSENDABLE_TEXTS, Contents, artifact
from butler.testing.registry.fixtures import RAW, found, put
from butler.values import ArtifactFault, DatasetState, RemovalOutcome, new_dataset_id, new_dataset_ids

__all__ = ["RemovalsTests"]


class RemovalsTests(CapabilityTests):
    """Giving up datasets and collections, and the trash."""

    def test_a_removed_dataset_frees_its_name_and_can_be_restored(self, observatory: Registry) -> None:
        removal = observatory.removal
        (ref,) = put(observatory, RAW)
        before = datetime.now(UTC)
        (planned,) = removal.remove([ref.id], dry_run=True)
        assert found(observatory, ["r/one"]) == ref.id
        assert removal.remove([ref.id], reason="cloudy") == [planned]
        assert (planned.outcome, planned.datasets, planned.files, planned.bytes, planned.dataset_ids) == (
            RemovalOutcome.REMOVED,
            1,
            1,
            3,
            (ref.id,),
        )
        assert found(observatory, ["r/one"]) is None
        with pytest.raises(ArtifactMissingError, match="cloudy"):
            found(observatory, ["r/one"], as_of=before)
        assert observatory.lookup.get_dataset(ref.id).artifacts == ()
        assert removal.restore([ref.id]) == 1
        assert observatory.lookup.get_dataset(ref.id).artifacts == ref.artifacts
        assert found(observatory, ["r/one"]) == ref.id

    def test_an_unstored_dataset_keeps_its_name_without_artifacts(self, observatory: Registry) -> None:
        (ref,) = put(observatory, RAW)
        assert [one.outcome for one in observatory.removal.unstore([ref.id])] == [RemovalOutcome.UNSTORED]
        unstored = observatory.lookup.find("raw", RAW, ["r/one"])
        assert unstored == ref
        assert unstored.artifacts == ()
        with pytest.raises(DatasetExistsError):
            put(observatory, RAW)

    @pytest.mark.parametrize("verb", ["unstore", "remove"])
    def test_what_is_given_up_has_no_artifacts_however_it_is_asked(
        self, observatory: Registry, verb: str
    ) -> None:
        well, lost = put(observatory, RAW, {**RAW, "sensor": 2})
        observatory.maintenance.mark_lost("store", [(lost.id, "", ArtifactFault.MISSING)])
        getattr(observatory.removal, verb)([well.id, lost.id])
        assert [ref.artifacts for ref in observatory.lookup.with_artifacts([well, lost])] == [(), ()]
        assert [observatory.lookup.get_dataset(ref.id).artifacts for ref in (well, lost)] == [(), ()]

    @pytest.mark.parametrize("verb", ["unstore", "remove"])
    def test_what_a_tag_or_a_frozen_run_holds_is_kept_and_named(
        self, observatory: Registry, verb: str
    ) -> None:
        give_up = getattr(observatory.removal, verb)
        (ref,) = put(observatory, RAW)
        observatory.collections.associate("best", [ref.id])
        (kept,) = give_up([ref.id])
        assert (kept.outcome, kept.reason, kept.dataset_ids) == (RemovalOutcome.KEPT, "in best", (ref.id,))
        observatory.collections.freeze("r/one")
        (kept,) = give_up([ref.id], force=True)
        assert (kept.outcome, kept.reason) == (RemovalOutcome.KEPT, "in r/one, which is frozen")
        assert found(observatory, ["r/one"]) == ref.id

    def test_what_is_removed_twice_was_done_before_and_what_is_unknown_is_an_error(
        self, observatory: Registry
    ) -> None:
        removal = observatory.removal
        (ref,) = put(observatory, RAW)
        removal.remove([ref.id])
        assert [one.outcome for one in removal.remove([ref.id])] == [RemovalOutcome.DONE_BEFORE]
        for verb in (removal.remove, removal.unstore, removal.restore):
            with pytest.raises(DatasetNotFoundError):
                verb([uuid4()])

    def test_a_collection_goes_with_its_datasets_if_asked(self, observatory: Registry) -> None:
        removal = observatory.removal
        (ref,) = put(observatory, RAW)
        observatory.collections.chain("all", ["r/one", "r/two"])
        with pytest.raises(PermissionDeniedError, match="datasets"):
            removal.remove_collection("r/one")
        planned = removal.remove_collection("r/one", datasets=True, dry_run=True)
        assert found(observatory, ["all"]) == ref.id
        assert removal.remove_collection("r/one", datasets=True) == planned
        assert [one.outcome for one in planned] == [
            RemovalOutcome.REMOVED,
            RemovalOutcome.CHAIN_CHANGED,
            RemovalOutcome.COLLECTION_REMOVED,
        ]
        assert [one.members for one in observatory.collections.matching("all")] == [("r/two",)]
        with pytest.raises(CollectionNotFoundError):
            found(observatory, ["r/one"])
        with pytest.raises(CollectionNotFoundError):
            removal.remove_collection("r/one")

    # What is known of it afterwards ---------------------------------------------------

    def test_how_a_dataset_came_to_have_no_bytes_is_told(self, observatory: Registry) -> None:
        removal = observatory.removal
        kept, unstored, removed = put(observatory, RAW, {**RAW, "sensor": 2}, {**RAW, "visit": 2})
        before = datetime.now(UTC) - timedelta(minutes=5)
        removal.unstore([unstored.id], reason="to save space")
        removal.remove([removed.id])
        assert removal.record_of(kept.id) is removal.record_of(uuid4()) is None
        one, other = removal.record_of(unstored.id), removal.record_of(removed.id)
        assert one is not None is not other
        assert (one.state, one.reason, one.restorable) == (DatasetState.UNSTORED, "to save space", True)
        assert (other.state, other.reason, other.restorable) == (DatasetState.REMOVED, "", True)
        assert before < one.changed < before + timedelta(minutes=10)
        assert one.changed_by == other.changed_by != ""
        removal.restore([unstored.id])
        assert removal.record_of(unstored.id) is None

    def test_what_can_be_restored_is_listed_by_run_and_type(self, observatory: Registry) -> None:
        removal = observatory.removal
        one, _ = put(observatory, RAW, {**RAW, "sensor": 2})
        (census,) = put(observatory, {}, dataset_type="census")
        (elsewhere,) = put(observatory, RAW, run="r/two")
        removal.remove([one.id, census.id, elsewhere.id])
        assert set(removal.restorable("r/one")) == {one.id, census.id}
        assert removal.restorable("r/one", "raw") == [one.id]
        assert removal.restorable("r/two", "census") == removal.restorable("nobody") == []
        assert removal.restore(removal.restorable("r/one")) == 2
        assert removal.restorable("r/one") == []

    def test_the_trash_is_listed_by_who_put_what_there_and_when(self, observatory: Registry) -> None:
        removal = observatory.removal
        one, other = put(observatory, RAW, {**RAW, "sensor": 2})
        assert len(removal.trash()) == 0
        removal.remove([one.id, other.id], reason="cloudy")
        (row,) = removal.trash()
        assert (row.run, row.dataset_type, row.state, row.change_reason) == (
            "r/one",
            "raw",
            "removed",
            "cloudy",
        )
        assert (row.datasets, row.bytes) == (2, 6)
        assert row.changed_by
        assert row.restorable_until > row.changed

    def test_a_file_in_the_trash_that_is_registered_anew_is_who_has_it_now(
        self, observatory: Registry
    ) -> None:
        file = replace(artifact("a"), path="file:///elsewhere/a.json")
        for given_up in new_dataset_ids(3):
            observatory.puts.register("r/one", "raw", "store", [(given_up, RAW, file)])
            assert observatory.lookup.datasets_at("store", [file.path]) == {file.path: given_up}
            observatory.removal.remove([given_up])
            assert observatory.lookup.datasets_at("store", [file.path]).keys() == {file.path}
        kept = new_dataset_id()
        observatory.puts.register("r/two", "raw", "store", [(kept, RAW, file)])
        assert observatory.lookup.datasets_at("store", [file.path]) == {file.path: kept}

    def test_the_trash_is_kept_for_its_time(self, observatory: Registry) -> None:
        removal = observatory.removal
        assert removal.delay()
        assert removal.due() == removal.due(now=True) == (0, 0)
        (ref,) = put(observatory, RAW)
        removal.remove([ref.id])
        assert removal.due() == (0, 0)
        assert removal.due(now=True) == (1, 3)
        assert removal.claim("store", None, 10) == []
        with removal.hold("store", [ref.id]) as held:
            held.confirm()
            assert held.dataset_ids == frozenset()
            assert held.drop([ref.id]) == 0, "nobody has claimed it"
        assert removal.restore([ref.id]) == 1

    # Hostile callers -----------------------------------------------------------------

    def test_a_reason_is_only_ever_a_text(self, observatory: Registry, contents: Contents) -> None:
        removal = observatory.removal
        (ref,) = put(observatory, RAW)
        for text in HOSTILE_TEXTS:
            removal.remove([ref.id], reason=text)
            record = removal.record_of(ref.id)
            assert record is not None
            assert record.reason == text
            assert [row.change_reason for row in removal.trash()] == [text]
            assert removal.restorable(text, text) == []
            with pytest.raises(CollectionNotFoundError):
                removal.remove_collection(text)
            with pytest.raises(ButlerError):
                removal.claim(text, None, 10)
            assert removal.restore([ref.id]) == 1
        assert len(observatory.collections.matching()) == len(contents.collections)

    def test_a_reason_that_can_not_be_stored_removes_nothing(self, observatory: Registry) -> None:
        removal = observatory.removal
        (ref,) = put(observatory, RAW)
        for text in UNSENDABLE_TEXTS:
            for attempt in (
                lambda text: removal.remove([ref.id], reason=text),
                lambda text: removal.unstore([ref.id], reason=text),
                lambda text: removal.remove_collection(text),
                lambda text: removal.restorable(text),
            ):
                with pytest.raises(ButlerError):
                    attempt(text)
        assert found(observatory, ["r/one"]) == ref.id
