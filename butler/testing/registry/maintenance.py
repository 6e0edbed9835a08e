"""What every `~butler.registry.interfaces.Maintenance` must do."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from butler.errors import ButlerError
from butler.registry import Registry
from butler.testing.registry.capabilities import CapabilityTests
from butler.testing.registry.contents import UNSENDABLE_TEXTS, Contents, artifact
from butler.testing.registry.fixtures import RAW, put
from butler.values import ArtifactFault, ArtifactState, DatasetState

__all__ = ["MaintenanceTests"]


class MaintenanceTests(CapabilityTests):
    """What comparing and repairing need to know, and record."""

    def test_stored_artifacts_are_listed_from_any_place_on(
        self, archive: Registry, contents: Contents
    ) -> None:
        maintenance = archive.maintenance
        stored = list(maintenance.stored_artifacts("store"))
        assert [(row.dataset_id, row.artifact) for row in stored] == [
            (ref.id, one)
            for ref in sorted(contents.datasets, key=lambda ref: ref.id)
            for one in ref.artifacts or ()
        ]
        assert {row.dataset_state for row in stored} == {DatasetState.PRESENT}
        assert maintenance.count_artifacts("store") >= len(stored)
        for n, row in enumerate(stored, 1):
            after = row.dataset_id, row.artifact.component
            assert list(maintenance.stored_artifacts("store", after)) == stored[n:]
        assert maintenance.count_artifacts("store", after) == 0
        assert list(maintenance.stored_artifacts("elsewhere")) == []
        assert maintenance.count_artifacts("elsewhere") == 0

    def test_an_artifact_that_was_listed_may_have_changed_since(self, observatory: Registry) -> None:
        maintenance = observatory.maintenance
        lost, unstored, removed = put(observatory, RAW, {**RAW, "sensor": 2}, {**RAW, "visit": 2})
        listed = {row.dataset_id: row for row in maintenance.stored_artifacts("store")}
        assert all(maintenance.is_as_recorded("store", row) for row in listed.values())
        assert not maintenance.is_as_recorded("elsewhere", listed[lost.id])
        assert not maintenance.is_as_recorded("store", replace(listed[lost.id], dataset_id=uuid4()))
        maintenance.mark_lost("store", [(lost.id, "", ArtifactFault.MISSING)])
        observatory.removal.unstore([unstored.id])
        observatory.removal.remove([removed.id])
        assert not any(maintenance.is_as_recorded("store", row) for row in listed.values())
        (now,) = maintenance.stored_artifacts("store")
        assert (now.dataset_id, now.artifact.state) == (lost.id, ArtifactState.LOST)
        assert maintenance.is_as_recorded("store", now)

    def test_whose_a_file_is_is_told(self, observatory: Registry) -> None:
        maintenance = observatory.maintenance
        (ref,) = put(observatory, RAW)
        (one,) = ref.artifacts or ()
        (claim,) = maintenance.claims_of_datasets([ref.id, uuid4()])
        root = claim.uri.removesuffix(one.path)
        assert (claim.dataset_id, claim.path, claim.datastore) == (ref.id, one.path, "store")
        assert maintenance.claims_of_datasets([uuid4()]) == []
        paths = [one.path, "nobody.json"]
        assert maintenance.claimed_files("store", root, paths) == {one.path}
        assert maintenance.claimed_files("another name", root, paths) == {one.path}
        assert maintenance.claimed_files(None, root, paths) == {one.path}
        assert maintenance.claimed_files("another name", "file:///elsewhere/", paths) == set()
        assert list(maintenance.datasets_without_artifacts()) == []

    def test_what_is_lost_is_so_until_the_same_bytes_are_found(self, observatory: Registry) -> None:
        maintenance = observatory.maintenance
        (ref,) = put(observatory, RAW)
        (one,) = ref.artifacts or ()
        assert maintenance.mark_lost("store", [(ref.id, "", ArtifactFault.SHA256)]) == 1
        assert maintenance.mark_lost("store", [(ref.id, "", ArtifactFault.MISSING)]) == 0
        assert observatory.lookup.get_dataset(ref.id).artifacts == (replace(one, state=ArtifactState.LOST),)
        (listed,) = observatory.lookup.with_artifacts([ref])
        assert listed.artifacts == (replace(one, state=ArtifactState.LOST),)
        assert maintenance.mark_found("store", [(ref.id, artifact("other"))]) == 0
        assert maintenance.mark_found("store", [(ref.id, one)]) == 1
        assert observatory.lookup.get_dataset(ref.id).artifacts == (one,)

    def test_every_fault_of_an_artifact_is_recorded(self, observatory: Registry) -> None:
        for visit, fault in zip((1, 2, 1), ArtifactFault, strict=True):
            sensor = 2 if fault == ArtifactFault.SHA256 else 1
            (ref,) = put(observatory, {"camera": "Cam", "visit": visit, "sensor": sensor})
            assert observatory.maintenance.mark_lost("store", [(ref.id, "", fault)]) == 1
            lost = observatory.query("SELECT fault FROM lost_artifact WHERE dataset_id = :id", {"id": ref.id})
            assert lost.scalar() == fault

    def test_how_far_a_comparison_has_come_is_kept(self, observatory: Registry) -> None:
        maintenance = observatory.maintenance
        assert maintenance.progress("store") is None
        (ref,) = put(observatory, RAW)
        maintenance.set_progress("store", (ref.id, "wcs"))
        come = maintenance.progress("store")
        assert come is not None
        assert (come.dataset_id, come.component, come.completed) == (ref.id, "wcs", None)
        maintenance.set_progress("store", None)
        ended = maintenance.progress("store")
        assert ended is not None
        assert ended.dataset_id is None
        assert ended.completed is not None
        assert ended.completed >= come.moved

    def test_what_was_just_registered_has_not_drifted(self, observatory: Registry) -> None:
        maintenance = observatory.maintenance
        assert [drift for drift in maintenance.drifts() if drift is not None] == []
        assert maintenance.recompute([]) == 0

    # Hostile callers -----------------------------------------------------------------

    def test_a_text_that_can_not_be_stored_is_refused(self, observatory: Registry) -> None:
        maintenance = observatory.maintenance
        (ref,) = put(observatory, RAW)
        for text in UNSENDABLE_TEXTS:
            for attempt in (
                lambda text: list(maintenance.stored_artifacts(text)),
                lambda text: maintenance.claimed_files("store", "file:///data/", [text]),
                lambda text: maintenance.mark_lost("store", [(ref.id, text, ArtifactFault.MISSING)]),
                lambda text: maintenance.set_progress("store", (ref.id, text)),
            ):
                with pytest.raises(ButlerError):
                    attempt(text)
        assert maintenance.progress("store") is None
