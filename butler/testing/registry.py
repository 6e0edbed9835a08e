"""What every `Registry` must do.

Subclass `RegistryTests` in a test module and give it an empty registry; pytest runs the rest::

    class TestMyRegistry(RegistryTests):
        @pytest.fixture
        def registry(self, tmp_path):
            registry = MyRegistry(...)
            yield registry
            registry.close()
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from butler.errors import (
    AmbiguousDataIdError,
    ArtifactMissingError,
    ButlerError,
    CollectionNotFoundError,
    DatasetExistsError,
    DatasetNotFoundError,
    DatasetTypeNotFoundError,
    DefinitionConflictError,
    ExpressionError,
    InvalidDataIdError,
    InvalidNameError,
    InvalidRegionError,
    PermissionDeniedError,
    UnitNotFoundError,
)
from butler.registry.base import Existing, Filed, Registry
from butler.values import Artifact, DataId, DatasetRef, DatasetType

__all__ = ["HOSTILE_TEXTS", "RegistryTests"]

HOSTILE_TEXTS = (
    "'; DROP SCHEMA butler CASCADE; --",
    '"; DROP TABLE dataset; --',
    "') OR 1=1; --",
    "$$; SELECT 1; $$",
    "%s %(x)s {0} {x} :x",
    "\\'; --",
    "a\\b",
    "été 🔭",
    "\U0001f52d" * 10,
    "NULL",
    "x" * 250,
)
"""Texts that must come back as they were given, and do nothing else."""

_UNSENDABLE = ("a\x00b", "\ud800")
_BROKEN_NAMES = ("", " ", "a\nb", "x" * 300, "/a", "a//b", "../a")
_TEMPLATE = "{run}/{dataset_type}/{data_id}"
_RAW = DataId(camera="Cam", visit=1, sensor=1)


def _camera(name: str) -> dict[str, Any]:
    return {
        "camera": name,
        "sensors": [{"sensor": n, "sensor_name": f"S{n}"} for n in (1, 2)],
        "filters": [{"physical_filter": f"{name}-r", "abstract_filter": f"{name} r"}],
    }


def _square(ra: float, dec: float) -> list[tuple[float, float]]:
    return [(ra, dec), (ra + 1, dec), (ra + 1, dec + 1), (ra, dec + 1)]


def _artifact(name: str) -> Artifact:
    return Artifact("store", f"{name}.json", "json", 3, hashlib.sha256(name.encode()).digest())


def _put(
    registry: Registry, *data_ids: Mapping[str, Any], dataset_type: str = "raw", run: str = "r/one"
) -> list[DatasetRef]:
    """Put datasets as the Butler does, but for the bytes."""
    begun = registry.begin_put(run, dataset_type, data_ids, template=_TEMPLATE, datastore="store")
    registry.finish_put({put.id: [_artifact(put.id.hex)] for put in begun})
    return [registry.get_dataset(put.id) for put in begun]


def _found(
    registry: Registry, collections: Sequence[str], data_id: Mapping[str, Any] = _RAW, **options: Any
) -> UUID | None:
    ref = registry.find("raw", data_id, collections, required=False, **options)
    return ref.id if ref else None


class RegistryTests:
    """Conformance of a `~butler.registry.base.Registry`.

    A subclass has a fixture ``registry`` that gives an empty one.
    """

    @pytest.fixture
    def observatory(self, registry: Registry) -> Registry:
        """Give the registry with two cameras, a sky map, dataset types and collections in it."""
        for name in ("Cam", "Spec"):
            registry.register_camera(_camera(name))
            rows = [
                {"camera": name, "visit": n, "visit_name": f"{name} {n}", "exposure_time": 30.0}
                for n in (1, 2)
            ]
            assert registry.register_units("visit", rows) == 2
            registry.register_units(
                "observed_sensor",
                [
                    {"camera": name, "visit": n, "sensor": s, "region": _square(10, 0)}
                    for n in (1, 2)
                    for s in (1, 2)
                ],
            )
        registry.register_skymap(
            {
                "skymap": "rings",
                "tracts": [
                    {
                        "tract": 0,
                        "region": _square(10, 0),
                        "patches": [{"patch": 0, "region": _square(10, 0)}],
                    }
                ],
            }
        )
        for dataset_type in (
            DatasetType("raw", "Dict", ("visit", "sensor")),
            DatasetType("coadd", "Dict", ("patch",)),
            DatasetType("census", "Text", (), "One for all."),
        ):
            assert registry.register_dataset_type(dataset_type)
        registry.register_datastore("store", "file:///data/")
        for name, of_type in (("r/one", "run"), ("r/two", "run"), ("best", "tagged"), ("all", "chained")):
            assert registry.register_collection(name, of_type, f"A {of_type} collection.")
        return registry

    # Definitions ----------------------------------------------------------

    def test_definitions_given_again_change_nothing(self, observatory: Registry) -> None:
        observatory.register_camera(_camera("Cam"))
        assert (
            observatory.register_units("visit", [{"camera": "Cam", "visit": 1, "visit_name": "Cam 1"}]) == 0
        )
        assert not observatory.register_dataset_type(DatasetType("raw", "Dict", ("visit", "sensor")))
        assert not observatory.register_collection("r/one", "run")
        assert not observatory.register_datastore("store", "file:///data/")

    def test_definitions_that_differ_are_conflicts(self, observatory: Registry) -> None:
        with pytest.raises(DefinitionConflictError, match="Cam"):
            observatory.register_camera({**_camera("Cam"), "doc": "another"})
        with pytest.raises(DefinitionConflictError, match="exposure_time"):
            observatory.register_units("visit", [{"camera": "Cam", "visit": 1, "exposure_time": 31.0}])
        with pytest.raises(DefinitionConflictError, match="raw"):
            observatory.register_dataset_type(DatasetType("raw", "Dict", ("visit",)))
        with pytest.raises(DefinitionConflictError, match="r/one"):
            observatory.register_collection("r/one", "tagged")
        with pytest.raises(DefinitionConflictError, match="store"):
            observatory.register_datastore("store", "file:///elsewhere/")

    def test_what_differs_is_replaced_if_asked(self, observatory: Registry) -> None:
        row = {"camera": "Cam", "visit": 1, "exposure_time": 31.0}
        observatory.register_units("visit", [row], replace=True)
        times = observatory.query("SELECT exposure_time FROM visit WHERE camera = 'Cam' ORDER BY visit")
        assert [time for (time,) in times] == [31.0, 30.0]

    def test_definitions_come_back(self, observatory: Registry) -> None:
        assert [camera["camera"] for camera in observatory.cameras()] == ["Cam", "Spec"]
        raw = observatory.dataset_type("raw")
        assert (raw.name, raw.storage_class, set(raw.units)) == ("raw", "Dict", {"camera", "visit", "sensor"})
        assert observatory.dataset_type("census").doc == "One for all."
        with pytest.raises(DatasetTypeNotFoundError, match="'rwa'"):
            observatory.dataset_type("rwa")

    def test_collections_are_listed_by_pattern(self, observatory: Registry) -> None:
        observatory.set_chain("all", ["r/two", "r/one"])
        assert [c.name for c in observatory.collections()] == ["all", "best", "r/one", "r/two"]
        assert [c.name for c in observatory.collections("r/*")] == ["r/one", "r/two"]
        assert [c.name for c in observatory.collections("?est")] == ["best"]
        assert observatory.collections("r_one") == []
        (chain,) = observatory.collections("all")
        assert (chain.collection_type, chain.doc, chain.members) == (
            "chained",
            "A chained collection.",
            ("r/two", "r/one"),
        )

    def test_rows_that_are_wrong_are_refused_by_kind(self, observatory: Registry) -> None:
        before = list(observatory.query("SELECT camera, visit FROM visit"))
        with pytest.raises(InvalidRegionError):
            observatory.register_units(
                "visit",
                [{"camera": "Cam", "visit": 9, "visit_name": "n", "region": [(0, 95), (1, 95), (1, 96)]}],
            )
        with pytest.raises(UnitNotFoundError, match="Nobody"):
            observatory.register_units("visit", [{"camera": "Nobody", "visit": 9, "visit_name": "n"}])
        for wrong in (
            {"camera": "Cam", "visit": 9},
            {"camera": "Cam", "visit": 9, "visit_name": "n", "exposure_time": -1},
            {"camera": "Cam", "visit": 9, "visit_name": "n", "exposure_time": float("nan")},
            {"camera": "Cam", "visit": 9, "visit_name": "n", "vsit": 1},
            {"camera": "Cam", "visit": 9, "visit_name": "n", "obs_begin_tai": "2026-01-01T00:00:00Z"},
        ):
            with pytest.raises(InvalidDataIdError):
                observatory.register_units("visit", [wrong])
        assert list(observatory.query("SELECT camera, visit FROM visit")) == before

    # Putting and finding ----------------------------------------------------

    def test_a_dataset_is_found_by_its_labels_and_by_its_id(self, observatory: Registry) -> None:
        (ref,) = _put(observatory, _RAW)
        assert ref.data_id == _RAW
        assert ref.run == "r/one"
        assert ref.artifacts == (_artifact(ref.id.hex),)
        assert observatory.find("raw", _RAW, ["r/one"]) == ref
        assert (
            observatory.find("raw", {"instrument": "Cam", "exposure": "Cam 1", "detector": "S1"}, ["r/one"])
            == ref
        )
        assert observatory.get_dataset(ref.id) == ref

    def test_a_put_is_there_only_when_it_is_finished(self, observatory: Registry) -> None:
        (begun,) = observatory.begin_put("r/one", "raw", [_RAW], template=_TEMPLATE, datastore="store")
        assert begun.data_id == _RAW
        assert begun.dataset_type.units == tuple(begun.data_id)
        assert not begun.there_already
        assert _found(observatory, ["r/one"]) is None
        (intent,) = observatory.open_intents(timedelta(0))
        assert (intent.id, intent.hint, intent.datastore) == (begun.id, begun.hint, "store")
        assert observatory.open_intents(timedelta(hours=1)) == []
        observatory.finish_put({begun.id: [_artifact("a")]})
        assert _found(observatory, ["r/one"]) == begun.id
        assert observatory.open_intents(timedelta(0)) == []

    def test_a_put_given_up_is_gone_and_one_that_ended_stays(self, observatory: Registry) -> None:
        (begun,) = observatory.begin_put("r/one", "raw", [_RAW], template=_TEMPLATE, datastore="store")
        assert observatory.abandon_put([begun.id]) == [begun.id]
        with pytest.raises(DatasetNotFoundError):
            observatory.finish_put({begun.id: [_artifact("a")]})
        (ref,) = _put(observatory, _RAW)
        assert observatory.abandon_put([ref.id]) == []
        assert _found(observatory, ["r/one"]) == ref.id

    def test_a_put_given_up_is_named_until_its_bytes_are_said_to_be_gone(self, observatory: Registry) -> None:
        (begun,) = observatory.begin_put("r/one", "raw", [_RAW], template=_TEMPLATE, datastore="store")
        assert observatory.forget_puts([begun.id]) == 0
        assert [intent.given_up for intent in observatory.open_intents(timedelta(0))] == [None]
        assert observatory.abandon_put([begun.id]) == [begun.id]
        (intent,) = observatory.open_intents(timedelta(0))
        assert intent.given_up is not None
        assert observatory.abandon_put([begun.id]) == [begun.id]
        assert observatory.open_intents(timedelta(0)) == [intent]
        assert observatory.forget_puts([begun.id]) == 1
        assert observatory.open_intents(timedelta(0)) == []

    def test_puts_that_are_old_or_given_up_are_reaped_in_pages(self, observatory: Registry) -> None:
        old = [
            observatory.begin_put(
                "r/one", "raw", [{**_RAW, "sensor": n}], template=_TEMPLATE, datastore="store"
            )[0].id
            for n in (1, 2)
        ]
        assert observatory.reap_puts("store", timedelta(hours=1)) == []
        observatory.abandon_put(old[:1])
        assert [put.id for put in observatory.reap_puts("store", timedelta(hours=1))] == old[:1]
        (first,) = observatory.reap_puts("store", timedelta(0), limit=1)
        (second,) = observatory.reap_puts("store", timedelta(0), after=first.id)
        assert [first.id, second.id] == sorted(old)
        assert not first.registered
        assert first.given_up is not None
        assert observatory.reap_puts("elsewhere", timedelta(0)) == []
        with pytest.raises(DatasetNotFoundError):
            observatory.finish_put({second.id: [_artifact("late")]})
        assert observatory.forget_puts(old) == 2

    # Upkeep --------------------------------------------------------------

    def test_stored_artifacts_are_listed_from_any_place_on(self, observatory: Registry) -> None:
        refs = _put(observatory, _RAW, {**_RAW, "sensor": 2})
        assert observatory.name in {registry.name for registry in observatory.related()}
        stored = list(observatory.stored_artifacts("store"))
        assert [row.dataset_id for row in stored] == sorted(ref.id for ref in refs)
        assert {row.artifact for row in stored} == {ref.artifacts[0] for ref in refs}
        assert observatory.count_artifacts("store") == 2
        after = stored[0].dataset_id, ""
        assert list(observatory.stored_artifacts("store", after)) == stored[1:]
        assert observatory.count_artifacts("store", after) == 1
        assert list(observatory.stored_artifacts("elsewhere")) == []

    def test_whose_a_file_is_or_may_become_is_told(self, observatory: Registry) -> None:
        (ref,) = _put(observatory, _RAW)
        (begun,) = observatory.begin_put(
            "r/one", "raw", [{**_RAW, "sensor": 2}], template=_TEMPLATE, datastore="store"
        )
        artifact = ref.artifacts[0]
        claims = {claim.dataset_id: claim for claim in observatory.claims_of_datasets([ref.id, begun.id])}
        root = str(claims[ref.id].uri).removesuffix(artifact.path)
        assert (claims[ref.id].path, claims[ref.id].datastore) == (artifact.path, "store")
        assert (claims[begun.id].path, claims[begun.id].hint) == (None, begun.hint)
        paths = [artifact.path, "nobody.json"]
        assert observatory.claimed_files("store", root, paths) == {artifact.path}
        assert observatory.claimed_files("another name", root, paths) == {artifact.path}
        assert observatory.claimed_files("another name", "file:///elsewhere/", paths) == set()
        assert list(observatory.unbacked_datasets()) == []

    def test_what_is_lost_is_so_until_the_same_bytes_are_found(self, observatory: Registry) -> None:
        (ref,) = _put(observatory, _RAW)
        (artifact,) = ref.artifacts
        assert observatory.mark_lost("store", [(ref.id, "", "sha256")]) == 1
        assert observatory.mark_lost("store", [(ref.id, "", "missing")]) == 0
        (lost,) = observatory.get_dataset(ref.id).artifacts
        assert (lost.state, lost.path) == ("lost", artifact.path)
        assert observatory.mark_found("store", [(ref.id, _artifact("other"))]) == 0
        assert observatory.mark_found("store", [(ref.id, artifact)]) == 1
        assert observatory.get_dataset(ref.id) == ref

    def test_how_far_a_comparison_has_come_is_kept(self, observatory: Registry) -> None:
        assert observatory.progress("store") is None
        (ref,) = _put(observatory, _RAW)
        observatory.set_progress("store", (ref.id, "wcs"))
        found = observatory.progress("store")
        assert found is not None
        assert (found.dataset_id, found.component, found.completed) == (ref.id, "wcs", None)
        observatory.set_progress("store", None)
        ended = observatory.progress("store")
        assert ended is not None
        assert ended.dataset_id is None
        assert ended.completed is not None
        assert ended.completed >= found.moved

    def test_what_was_just_registered_has_not_drifted(self, observatory: Registry) -> None:
        assert [drift for drift in observatory.drifts() if drift is not None] == []
        assert observatory.recompute([]) == 0

    def test_a_run_holds_one_dataset_of_a_type_and_data_id(self, observatory: Registry) -> None:
        (ref,) = _put(observatory, _RAW)
        with pytest.raises(DatasetExistsError, match=str(ref.id)):
            _put(observatory, _RAW)
        begun = observatory.begin_put(
            "r/one", "raw", [_RAW], template=_TEMPLATE, datastore="store", skip_existing=True
        )
        assert [(put.id, put.there_already) for put in begun] == [(ref.id, True)]
        assert _put(observatory, _RAW, run="r/two")[0].id != ref.id

    def test_two_cameras_with_one_visit_number_do_not_meet(self, observatory: Registry) -> None:
        spec = DataId(camera="Spec", visit=1, sensor=1)
        (one,), (other,) = _put(observatory, _RAW), _put(observatory, spec)
        assert (_found(observatory, ["r/one"]), _found(observatory, ["r/one"], spec)) == (one.id, other.id)
        with pytest.raises(AmbiguousDataIdError, match="Cam, Spec"):
            observatory.find("raw", {"visit": 1, "sensor": 1}, ["r/one"])

    def test_names_and_labels_that_are_not_there_are_said_to_be(self, observatory: Registry) -> None:
        for data_id, error in (
            ({"camera": "Cma", "visit": 1, "sensor": 1}, UnitNotFoundError),
            ({"camera": "Cam", "visit": 9, "sensor": 1}, UnitNotFoundError),
            ({"camera": "Cam", "visit": 1}, InvalidDataIdError),
            ({**_RAW, "tract": 1}, InvalidDataIdError),
            ({**_RAW, "vist": 1}, InvalidDataIdError),
            ({**_RAW, "sensor": 1.5}, InvalidDataIdError),
            ({**_RAW, "sensor": None}, InvalidDataIdError),
            ({**_RAW, "sensor": 2**40}, InvalidDataIdError),
        ):
            with pytest.raises(error) as caught:
                _put(observatory, data_id)
            assert caught.value.hint
        with pytest.raises(DatasetTypeNotFoundError):
            _put(observatory, _RAW, dataset_type="rwa")
        with pytest.raises(CollectionNotFoundError):
            observatory.find("raw", _RAW, ["r/oen"])
        with pytest.raises(DatasetNotFoundError, match="visit=1"):
            observatory.find("raw", _RAW, ["r/one"])
        with pytest.raises(DatasetNotFoundError):
            observatory.get_dataset(uuid4())
        assert observatory.open_intents(timedelta(0)) == []

    def test_one_error_names_every_bad_row_and_nothing_begins(self, observatory: Registry) -> None:
        bad: list[dict[str, Any]] = [{**_RAW, "sensor": 9}, {"camera": "Cam"}, {**_RAW, "visit": 9}]
        with pytest.raises(ButlerError) as caught:
            observatory.begin_put("r/one", "raw", [_RAW, *bad], template=_TEMPLATE, datastore="store")
        assert [row["row"] for row in caught.value.details["rows"]] == [2, 3, 4]
        assert observatory.open_intents(timedelta(0)) == []

    def test_many_datasets_are_filed_at_once(self, observatory: Registry) -> None:
        rows = [
            (uuid4(), DataId(camera="Cam", visit=v, sensor=s), _artifact(f"{v}-{s}"))
            for v in (1, 2)
            for s in (1, 2)
        ]
        *first, last = rows
        assert observatory.file_datasets("r/one", "raw", "store", first) == Filed(3, {})
        assert [ref.id for ref in observatory.datasets("raw", ["r/one"], {})] == [row[0] for row in first]
        with pytest.raises(DatasetExistsError):
            observatory.file_datasets("r/one", "raw", "store", [(uuid4(), _RAW, _artifact("again"))])
        same, other = (
            (uuid4(), data_id, artifact)
            for (_, data_id, _), artifact in zip(
                first[:2], (_artifact("1-1"), _artifact("other")), strict=True
            )
        )
        assert observatory.file_datasets(
            "r/one", "raw", "store", [same, other, last], skip_existing=True
        ) == Filed(1, {same[0]: Existing(first[0][0], True), other[0]: Existing(first[1][0], False)})

    def test_a_put_that_was_overtaken_is_passed_over_if_asked(self, observatory: Registry) -> None:
        first, second = (
            observatory.begin_put("r/one", "raw", data_ids, template=_TEMPLATE, datastore="store")
            for data_ids in ([_RAW], [_RAW, DataId(camera="Cam", visit=1, sensor=2)])
        )
        assert observatory.finish_put({first[0].id: [_artifact("a")]}) == 1
        written = {put.id: [_artifact(put.id.hex)] for put in second}
        with pytest.raises(DatasetExistsError):
            observatory.finish_put(written)
        assert observatory.finish_put(written, skip_existing=True) == 1
        assert [intent.id for intent in observatory.open_intents(timedelta(0))] == [second[0].id]
        assert observatory.abandon_put(list(written)) == [second[0].id]

    def test_one_bad_row_of_many_files_none(self, observatory: Registry) -> None:
        good = (uuid4(), _RAW, _artifact("a"))
        for bad, error in (
            ({**_RAW, "visit": 9}, UnitNotFoundError),
            ({"camera": "Cam", "visit": 1}, InvalidDataIdError),
            ({**_RAW, "tract": 1}, InvalidDataIdError),
        ):
            with pytest.raises(error):
                observatory.file_datasets("r/one", "raw", "store", [good, (uuid4(), bad, _artifact("b"))])
        assert len(observatory.datasets("raw", ["r/one"], {})) == 0

    # Collections -----------------------------------------------------------------

    def test_the_first_collection_that_has_it_wins(self, observatory: Registry) -> None:
        (one,), (two,) = _put(observatory, _RAW), _put(observatory, _RAW, run="r/two")
        assert _found(observatory, ["r/one", "r/two"]) == one.id
        assert _found(observatory, ["r/two", "r/one"]) == two.id
        observatory.register_collection("inner", "chained")
        observatory.set_chain("inner", ["best", "r/two"])
        observatory.set_chain("all", ["inner", "r/one"])
        assert _found(observatory, ["all"]) == two.id
        assert [ref.id for ref in observatory.datasets("raw", ["all"], {})] == [two.id]
        assert len(observatory.datasets("raw", ["all"], {}, find_first=False)) == 2
        observatory.associate("best", [one.id])
        assert _found(observatory, ["all"]) == one.id

    def test_a_tag_holds_one_of_a_data_id(self, observatory: Registry) -> None:
        (one,), (two,) = _put(observatory, _RAW), _put(observatory, _RAW, run="r/two")
        assert observatory.associate("best", [one.id]) == 1
        assert observatory.associate("best", [one.id]) == 0
        with pytest.raises(DatasetExistsError, match=str(one.id)):
            observatory.associate("best", [two.id])
        assert observatory.disassociate("best", [one.id, two.id]) == 1
        assert observatory.associate("best", [two.id]) == 1
        with pytest.raises(DatasetNotFoundError):
            observatory.associate("best", [uuid4()])

    def test_a_run_holds_its_inputs_beside_what_it_makes(self, observatory: Registry) -> None:
        (one,) = _put(observatory, _RAW)
        assert observatory.associate("r/two", [one.id]) == 1
        assert _found(observatory, ["r/two"]) == one.id
        with pytest.raises(DatasetExistsError):
            _put(observatory, _RAW, run="r/two")
        assert observatory.disassociate("r/two", [one.id]) == 1
        assert _found(observatory, ["r/two"]) is None

    def test_a_chain_never_holds_itself(self, observatory: Registry) -> None:
        observatory.register_collection("inner", "chained")
        observatory.set_chain("inner", ["r/one"])
        observatory.set_chain("all", ["inner"])
        with pytest.raises(DefinitionConflictError, match="itself"):
            observatory.set_chain("inner", ["all"])
        with pytest.raises(CollectionNotFoundError):
            observatory.set_chain("all", ["nobody"])
        assert observatory.collections("inner")[0].members == ("r/one",)

    def test_a_frozen_collection_takes_nothing(self, observatory: Registry) -> None:
        (ref,) = _put(observatory, _RAW)
        for name in ("r/one", "best", "all"):
            observatory.freeze_collection(name)
        with pytest.raises(PermissionDeniedError, match="frozen"):
            _put(observatory, {**_RAW, "sensor": 2})
        with pytest.raises(PermissionDeniedError, match="frozen"):
            observatory.associate("best", [ref.id])
        with pytest.raises(PermissionDeniedError, match="frozen"):
            observatory.set_chain("all", ["r/one"])
        observatory.freeze_collection("best", False)
        assert observatory.associate("best", [ref.id]) == 1

    def test_the_past_is_read_as_it_was(self, observatory: Registry) -> None:
        long_ago = datetime(2000, 1, 1, tzinfo=UTC)
        (ref,) = _put(observatory, _RAW)
        assert _found(observatory, ["r/one"], as_of=long_ago) is None
        assert _found(observatory, ["r/one"], as_of=datetime.now(UTC) + timedelta(hours=1)) == ref.id
        assert len(observatory.datasets("raw", ["r/one"], {}, as_of=long_ago)) == 0
        for bad in ("yesterday", "2026-01-01T00:00:00", datetime(2026, 1, 1)):
            with pytest.raises(InvalidDataIdError):
                _found(observatory, ["r/one"], as_of=bad)

    # Queries ------------------------------------------------------------------------

    def test_a_removed_dataset_frees_its_name_and_can_be_restored(self, observatory: Registry) -> None:
        (ref,) = _put(observatory, _RAW)
        before = datetime.now(UTC)
        (planned,) = observatory.remove([ref.id], dry_run=True)
        assert _found(observatory, ["r/one"]) == ref.id
        assert observatory.remove([ref.id], reason="cloudy") == [planned]
        assert (planned.outcome, planned.datasets, planned.dataset_ids) == ("removed", 1, (ref.id,))
        assert _found(observatory, ["r/one"]) is None
        with pytest.raises(ArtifactMissingError, match="cloudy"):
            _found(observatory, ["r/one"], as_of=before)
        assert observatory.restore([ref.id]) == 1
        assert observatory.get_dataset(ref.id).artifacts == ref.artifacts
        assert _found(observatory, ["r/one"]) == ref.id

    def test_an_unstored_dataset_keeps_its_name_without_artifacts(self, observatory: Registry) -> None:
        (ref,) = _put(observatory, _RAW)
        assert [o.outcome for o in observatory.unstore([ref.id])] == ["unstored"]
        found = observatory.find("raw", _RAW, ["r/one"])
        assert found == ref
        assert found.artifacts == ()
        with pytest.raises(DatasetExistsError):
            _put(observatory, _RAW)

    @pytest.mark.parametrize("verb", ["unstore", "remove"])
    def test_what_a_tag_or_a_frozen_run_holds_is_kept_and_named(
        self, observatory: Registry, verb: str
    ) -> None:
        (ref,) = _put(observatory, _RAW)
        observatory.associate("best", [ref.id])
        (kept,) = getattr(observatory, verb)([ref.id])
        assert (kept.outcome, kept.reason, kept.dataset_ids) == ("kept", "in best", (ref.id,))
        observatory.freeze_collection("r/one")
        (kept,) = getattr(observatory, verb)([ref.id], force=True)
        assert (kept.outcome, kept.reason) == ("kept", "in r/one, which is frozen")
        assert _found(observatory, ["r/one"]) == ref.id

    def test_what_is_removed_twice_was_done_before_and_what_is_unknown_is_an_error(
        self, observatory: Registry
    ) -> None:
        (ref,) = _put(observatory, _RAW)
        observatory.remove([ref.id])
        assert [o.outcome for o in observatory.remove([ref.id])] == ["done before"]
        for verb in (observatory.remove, observatory.unstore, observatory.restore):
            with pytest.raises(DatasetNotFoundError):
                verb([uuid4()])

    def test_the_trash_is_kept_for_its_time(self, observatory: Registry) -> None:
        (ref,) = _put(observatory, _RAW)
        observatory.remove([ref.id])
        assert observatory.claim_trash("store", None, 10) == []
        with observatory.hold_trash("store", [ref.id]) as held:
            held.confirm()
            assert held.dataset_ids == frozenset()
            assert held.drop([ref.id]) == 0, "nobody has claimed it"
        assert observatory.restore([ref.id]) == 1

    def test_a_collection_goes_with_its_datasets_if_asked(self, observatory: Registry) -> None:
        (ref,) = _put(observatory, _RAW)
        observatory.set_chain("all", ["r/one", "r/two"])
        with pytest.raises(PermissionDeniedError, match="datasets"):
            observatory.remove_collection("r/one")
        planned = observatory.remove_collection("r/one", datasets=True, dry_run=True)
        assert _found(observatory, ["all"]) == ref.id
        assert observatory.remove_collection("r/one", datasets=True) == planned
        assert [o.outcome for o in planned] == ["removed", "chain changed", "collection removed"]
        assert [c.members for c in observatory.collections("all")] == [("r/two",)]
        with pytest.raises(CollectionNotFoundError):
            _found(observatory, ["r/one"])
        with pytest.raises(CollectionNotFoundError):
            observatory.remove_collection("r/one")

    def test_a_query_is_a_select_on_the_common_schema(self, observatory: Registry) -> None:
        _put(observatory, _RAW)
        rows = observatory.query(
            "SELECT v.visit, v.exposure_time FROM dataset AS d JOIN visit AS v USING (camera, visit)"
            " WHERE v.exposure_time > :least AND d.dataset_type = 'raw' AND v.visit_name LIKE '%1'",
            {"least": 29.5},
        )
        assert rows.columns == ("visit", "exposure_time")
        assert [tuple(row) for row in rows] == [(1, 30.0)]
        assert rows[0].exposure_time == 30.0
        assert observatory.query("SELECT count(*) FROM visit").scalar() == 4

    def test_a_query_writes_nothing_whoever_asks(self, observatory: Registry) -> None:
        before = len(observatory.collections())
        for sql, error in (
            ("DELETE FROM collection", ButlerError),
            ("SELECT register_collection('x', 'run')", ButlerError),
            ("SELECT 1; SELECT register_collection('x', 'run')", ExpressionError),
            ("COMMIT; SELECT register_collection('x', 'run')", ExpressionError),
            ("SELECT 1 AS x$$; COMMIT; SELECT register_collection('x', 'run') AS y$$", ExpressionError),
            ("SELECT name'\\'; COMMIT; SELECT register_collection('x', 'run') --'", ExpressionError),
            ("SELECT /* /* */ */ 1; COMMIT; SELECT register_collection('x', 'run') -- */", ExpressionError),
            ("SELECT nothing FROM nowhere", ExpressionError),
            ("", ExpressionError),
            ("SELECT '\x00'", ExpressionError),
        ):
            with pytest.raises(error):
                len(observatory.query(sql))
        assert len(observatory.collections()) == before
        observatory.register_collection("y", "run")

    def test_what_looks_on_the_same_sky_is_joined(self, observatory: Registry) -> None:
        rows = observatory.query(
            "SELECT count(*) FROM sensor_patch_join WHERE skymap = 'rings' AND patch = 0"
        )
        assert rows.scalar() == 8
        assert observatory.query("SELECT count(*) FROM visit_tract_join").scalar() == 4

    # Provenance -----------------------------------------------------------------------

    def test_a_quantum_keeps_what_it_read_and_made(self, observatory: Registry) -> None:
        one, other = _put(observatory, _RAW, {**_RAW, "sensor": 2})
        quantum = observatory.begin_quantum("r/one", "isr", {"visit": 1}, [one.id], "host")
        observatory.predict_inputs(quantum, [other.id])
        (begun,) = observatory.begin_put(
            "r/one", "census", [{}], template="x", datastore="store", quantum_id=quantum
        )
        observatory.finish_put({begun.id: [_artifact("c")]})
        with pytest.raises(InvalidDataIdError, match="predicted"):
            observatory.end_quantum(quantum, "done", [begun.id])
        observatory.end_quantum(quantum, "done", [one.id])
        with pytest.raises(InvalidDataIdError, match="running"):
            observatory.end_quantum(quantum, "failed", [])
        rows = observatory.query("SELECT dataset_id::text, actual FROM dataset_consumer")
        assert {tuple(row) for row in rows} == {(str(one.id), True), (str(other.id), False)}
        made = observatory.query("SELECT dataset_id::text FROM dataset WHERE quantum_id = :q", {"q": quantum})
        assert made.scalar() == str(begun.id)

    def test_the_first_environment_of_a_run_stays(self, observatory: Registry) -> None:
        one, other = _put(observatory, _RAW, {**_RAW, "sensor": 2})
        assert observatory.set_run_environment("r/one", one.id)
        assert not observatory.set_run_environment("r/one", other.id)
        with pytest.raises(DatasetNotFoundError):
            observatory.set_run_environment("r/two", uuid4())

    # Hostile and busy callers ------------------------------------------------------------

    @pytest.mark.parametrize("text", HOSTILE_TEXTS)
    def test_a_text_is_only_ever_a_text(self, observatory: Registry, text: str) -> None:
        assert observatory.register_collection(text, "run", text)
        assert [c.doc for c in observatory.collections() if c.name == text] == [text]
        assert observatory.register_units("label", [{"label": text, "doc": text}]) == 1
        observatory.register_dataset_type(DatasetType("note", "Text", ("label",), text))
        assert observatory.dataset_type("note").doc == text
        (ref,) = _put(observatory, {"label": text}, dataset_type="note", run=text)
        assert (ref.data_id["label"], ref.run) == (text, text)
        assert [found.id for found in observatory.datasets("note", [text], {"label": text})] == [ref.id]
        assert observatory.query("SELECT label FROM label WHERE label = :x", {"x": text}).scalar() == text
        for attempt in (
            lambda: observatory.dataset_type(text),
            lambda: observatory.find(text, {}, [text]),
            lambda: observatory.find("raw", {**_RAW, "camera": text}, [text]),
            lambda: observatory.find("raw", {text: text}, [text]),
            lambda: observatory.register_units(text, [{}]),
            lambda: observatory.register_units("label", [{text: 1}]),
            lambda: observatory.begin_put("r/one", "raw", [_RAW], template="x", datastore=text),
            lambda: observatory.begin_put(
                "r/one", "raw", [_RAW], template="{" + text + "}", datastore="store"
            ),
            lambda: observatory.begin_quantum(text, "", {}, [], text),
        ):
            with pytest.raises(ButlerError):
                attempt()
        assert len(observatory.cameras()) == 2

    @pytest.mark.parametrize("name", [*_BROKEN_NAMES, *_UNSENDABLE])
    def test_a_name_that_breaks_the_rules_is_refused(self, observatory: Registry, name: str) -> None:
        with pytest.raises(InvalidNameError):
            observatory.register_collection(name, "run")
        with pytest.raises((InvalidNameError, InvalidDataIdError)):
            observatory.register_dataset_type(DatasetType(name, "Text", ()))
        if "/" not in name:
            with pytest.raises((InvalidNameError, InvalidDataIdError)):
                observatory.register_units("label", [{"label": name}])
        assert len(observatory.collections()) == 4

    @pytest.mark.parametrize("text", _UNSENDABLE)
    def test_a_text_that_can_not_be_stored_is_refused_wherever_it_stands(
        self, observatory: Registry, text: str
    ) -> None:
        for attempt in (
            lambda: observatory.find("raw", {**_RAW, "camera": text}, ["r/one"]),
            lambda: observatory.find("raw", _RAW, [text]),
            lambda: observatory.collections(text),
            lambda: observatory.dataset_type(text),
            lambda: observatory.begin_quantum("r/one", text, {}, [], "host"),
            lambda: len(observatory.query("SELECT :x", {"x": text})),
            lambda: observatory.register_units("label", [{"label": "a", "doc": text}]),
            lambda: observatory.file_datasets(
                "r/one", "raw", "store", [(uuid4(), {**_RAW, "camera": text}, _artifact("a"))]
            ),
        ):
            with pytest.raises(ButlerError):
                attempt()
        assert len(observatory.datasets("raw", ["r/one"], {})) == 0

    def test_it_is_used_from_many_threads(self, observatory: Registry) -> None:
        ids = [DataId(camera=c, visit=v, sensor=s) for c in ("Cam", "Spec") for v in (1, 2) for s in (1, 2)]
        with ThreadPoolExecutor(8) as pool:
            refs = [refs[0] for refs in pool.map(lambda data_id: _put(observatory, data_id), ids)]
            assert list(pool.map(lambda data_id: _found(observatory, ["r/one"], data_id), ids)) == [
                r.id for r in refs
            ]

    def test_it_goes_to_workers_and_opens_again_after_it_was_closed(self, observatory: Registry) -> None:
        (ref,) = _put(observatory, _RAW)
        copy: Registry = pickle.loads(pickle.dumps(observatory))
        assert _found(copy, ["r/one"]) == ref.id
        copy.close()
        observatory.close()
        assert _found(observatory, ["r/one"]) == ref.id
