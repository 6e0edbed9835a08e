"""What every `~butler.registry.interfaces.Puts` must do."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from butler.errors import (
    ArtifactMissingError,
    ButlerError,
    CollectionNotFoundError,
    DatasetExistsError,
    DatasetTypeNotFoundError,
    InvalidDataIdError,
    UnitNotFoundError,
)
from butler.registry import Registry
from butler.registry.interfaces.puts import HeldRun, LooseFile, Registered
from butler.testing.registry.capabilities import CapabilityTests
from butler.testing.registry.contents import HOSTILE_TEXTS, UNSENDABLE_TEXTS, artifact
from butler.testing.registry.fixtures import RAW, found, put, written
from butler.values import DataId, DatasetType, new_dataset_id

__all__ = ["PutsTests"]

_OTHER = {**RAW, "sensor": 2}
_TWO_WEEKS = 14 * 24 * 3600 * 1000
"""In milliseconds, as an id counts them."""

_NAMES = {
    "visit": {
        "visit_name",
        "night",
        "observation_type",
        "target_name",
        "physical_filter",
        "abstract_filter",
    },
    "sensor": {"sensor_name"},
    "physical_filter": {"abstract_filter"},
}
"""What a file name may say of a unit."""

_WRONG: tuple[tuple[Mapping[str, Any], type[ButlerError]], ...] = (
    ({**RAW, "camera": "Cma"}, UnitNotFoundError),
    ({**RAW, "visit": 9}, UnitNotFoundError),
    ({"camera": "Cam", "visit": 1}, InvalidDataIdError),
    ({**RAW, "tract": 1}, InvalidDataIdError),
    ({**RAW, "vist": 1}, InvalidDataIdError),
    ({**RAW, "sensor": 1.5}, InvalidDataIdError),
    ({**RAW, "sensor": None}, InvalidDataIdError),
    ({**RAW, "sensor": 2**40}, InvalidDataIdError),
)


class PutsTests(CapabilityTests):
    """Registering datasets, so that nothing is half done."""

    # Looked at before ------------------------------------------------------------------

    def test_a_run_that_is_not_there_is_made_before_something_is_put(self, observatory: Registry) -> None:
        assert not observatory.puts.open_run("r/new")
        assert not observatory.puts.open_run("r/new")
        (ref,) = put(observatory, RAW, run="r/new")
        assert ref.run == "r/new"
        assert found(observatory, ["r/new"]) == ref.id

    def test_a_collection_that_is_no_run_is_not_put_into(self, observatory: Registry) -> None:
        with pytest.raises(ButlerError, match="best"):
            observatory.puts.open_run("best")
        with pytest.raises(ButlerError, match="best"):
            observatory.puts.put("best", [written(RAW)])
        with pytest.raises(CollectionNotFoundError, match="r/none"):
            observatory.puts.put("r/none", [written(RAW)])

    def test_a_data_id_is_completed_before_something_is_put(self, observatory: Registry) -> None:
        prepare = observatory.puts.prepare
        (plain,) = prepare("r/none", "raw", [RAW])
        assert plain.data_id == RAW
        assert plain.existing is None
        assert {unit: set(names) <= _NAMES[unit] for unit, names in plain.names.items()} == dict.fromkeys(
            plain.names, True
        )
        assert prepare("r/one", "raw", []) == []

    def test_what_a_run_has_is_told_before_something_is_put(self, observatory: Registry) -> None:
        (ref,) = put(observatory, RAW)
        prepare = observatory.puts.prepare
        with pytest.raises(DatasetExistsError, match=str(ref.id)):
            prepare("r/one", "raw", [RAW])
        prepared = prepare("r/one", "raw", [_OTHER, RAW], skip_existing=True)
        assert [one.existing for one in prepared] == [None, ref.id]
        assert [one.existing for one in prepare("r/two", "raw", [RAW])] == [None]

    def test_what_can_be_refused_is_refused_before_something_is_put(self, observatory: Registry) -> None:
        prepare = observatory.puts.prepare
        for data_id, error in _WRONG:
            with pytest.raises(error) as caught:
                prepare("r/one", "raw", [data_id])
            assert caught.value.hint
        with pytest.raises(DatasetTypeNotFoundError, match="rwa"):
            prepare("r/one", "rwa", [RAW])
        with pytest.raises(ButlerError) as caught:
            prepare("r/one", "raw", [RAW, {**RAW, "sensor": 9}, {"camera": "Cam"}, {**RAW, "visit": 9}])
        assert [row["row"] for row in caught.value.details["rows"]] == [2, 3, 4]

    # Put -----------------------------------------------------------------------------

    def test_a_dataset_of_several_artifacts_is_put_whole(self, observatory: Registry) -> None:
        artifacts = [artifact("a", "image"), artifact("b", "wcs")]
        ref = written(RAW, artifacts=artifacts)
        assert observatory.puts.put("r/one", [ref]) == 1
        assert observatory.lookup.get_dataset(ref.id).artifacts == tuple(artifacts)
        assert found(observatory, ["r/one"]) == ref.id

    def test_datasets_of_several_types_are_put_together_or_not_at_all(self, observatory: Registry) -> None:
        refs = [written(RAW), written({}, "census")]
        wrong = written({**RAW, "visit": 9})
        with pytest.raises(UnitNotFoundError):
            observatory.puts.put("r/one", [*refs, wrong])
        assert found(observatory, ["r/one"]) is None
        assert observatory.puts.put("r/one", refs) == 2
        assert [observatory.lookup.get_dataset(ref.id).dataset_type.name for ref in refs] == ["raw", "census"]

    def test_a_dataset_without_artifacts_is_not_put(self, observatory: Registry) -> None:
        bare, other = written(RAW, artifacts=()), written(_OTHER)
        with pytest.raises(ArtifactMissingError, match=str(bare.id)):
            observatory.puts.put("r/one", [other, bare])
        assert found(observatory, ["r/one"], _OTHER) is None

    def test_the_same_again_is_no_error_and_anything_else_is(self, observatory: Registry) -> None:
        put = observatory.puts.put
        ref, other = written(RAW), written(_OTHER)
        assert put("r/one", [ref]) == 1
        assert put("r/one", [ref]) == 0
        assert put("r/one", [ref, other]) == 1
        for changed in (
            replace(ref, artifacts=(artifact("elsewhere"),)),
            replace(ref, data_id=DataId({**RAW, "sensor": 3})),
            replace(ref, id=new_dataset_id()),
        ):
            with pytest.raises(DatasetExistsError):
                put("r/one", [changed])
        with pytest.raises(DatasetExistsError):
            put("r/two", [ref])

    def test_a_run_holds_one_dataset_of_a_type_and_data_id(self, observatory: Registry) -> None:
        (ref,) = put(observatory, RAW)
        with pytest.raises(DatasetExistsError, match=str(ref.id)):
            put(observatory, RAW)
        assert put(observatory, RAW, run="r/two")[0].id != ref.id

    def test_one_error_names_every_bad_dataset_and_none_is_put(self, observatory: Registry) -> None:
        given = [RAW, {**RAW, "sensor": 9}, {"camera": "Cam"}, {**RAW, "visit": 9}]
        with pytest.raises(ButlerError) as caught:
            observatory.puts.put("r/one", [written(data_id) for data_id in given])
        assert [row["row"] for row in caught.value.details["rows"]] == [2, 3, 4]
        for data_id, error in _WRONG:
            with pytest.raises(error):
                observatory.puts.put("r/one", [written(data_id)])
        assert found(observatory, ["r/one"]) is None

    def test_what_lies_in_a_datastore_that_is_not_there_any_more_is_not_put(
        self, observatory: Registry
    ) -> None:
        put, ref = observatory.puts.put, written(RAW)
        with pytest.raises(ButlerError, match="elsewhere"):
            put("r/one", [written(RAW, artifacts=[replace(artifact("a"), datastore="elsewhere")])])
        root = observatory.definitions.datastores()["store"].root
        with pytest.raises(ButlerError, match="moved"):
            put("r/one", [ref], roots={"store": f"{root}moved/"})
        assert put("r/one", [ref], roots={"store": root}) == 1

    def test_an_old_id_is_put_into_a_held_run_alone(self, observatory: Registry) -> None:
        puts = observatory.puts
        assert timedelta(hours=1) <= puts.grace_period() < timedelta(milliseconds=_TWO_WEEKS)
        old = replace(written(RAW), id=UUID(int=new_dataset_id().int - (_TWO_WEEKS << 80)))
        with pytest.raises(ArtifactMissingError, match=str(old.id)):
            puts.put("r/one", [old])
        puts.hold("r/one", datetime.now(UTC) + timedelta(days=1))
        assert puts.put("r/one", [old]) == 1
        puts.release("r/one")
        assert puts.put("r/one", [old]) == 0, "it is looked at before its age"

    def test_the_clock_that_judges_ids_goes_on_and_has_a_zone(self, observatory: Registry) -> None:
        before, after = observatory.puts.now(), observatory.puts.now()
        assert before <= after
        assert after.utcoffset() is not None

    # Files of nobody -------------------------------------------------------------------

    def test_a_loose_file_that_is_older_than_the_root_s_mark_stays(self, observatory: Registry) -> None:
        old = UUID(int=new_dataset_id().int - (_TWO_WEEKS << 80))
        file = LooseFile(f"x_{old.hex}.json", datetime.now(UTC))
        with observatory.puts.claim_loose_files("store", [file]) as paths:
            assert paths == frozenset()

    def test_a_loose_file_may_be_deleted_when_no_dataset_can_get_it_any_more(self, aged: Registry) -> None:
        puts, now = aged.puts, datetime.now(UTC)
        long_ago = now - timedelta(milliseconds=_TWO_WEEKS)
        old = [UUID(int=new_dataset_id().int - (_TWO_WEEKS << 80)) for _ in range(2)]
        puts.hold("r/two", now + timedelta(days=1))
        assert puts.put("r/two", [replace(written(RAW), id=old[0])]) == 1
        files = {
            "registered": LooseFile(f"x_{old[0].hex}.json", long_ago),
            "old": LooseFile(f"x_{old[1].hex}.json", now),
            "young": LooseFile(f"x_{new_dataset_id().hex}.json", long_ago),
            "another version": LooseFile(f"x_{uuid4().hex}.json", long_ago),
            "of another version and young": LooseFile(f"x_{uuid4().hex}.json", now),
            "named by no id": LooseFile("x.json", long_ago),
        }
        called = {file.path: what for what, file in files.items()}

        def claimed() -> set[str]:
            with puts.claim_loose_files("store", list(files.values())) as paths:
                return {called[path] for path in paths}

        assert claimed() == set(), "each may be meant for the run that is held"
        puts.release("r/two")
        assert claimed() == {"old", "another version"}
        with puts.claim_loose_files("store", []) as paths:
            assert paths == frozenset()
        with pytest.raises(ButlerError, match="elsewhere"), puts.claim_loose_files("elsewhere", []):
            pass

    # Registered in bulk ----------------------------------------------------------------

    def test_many_datasets_are_registered_at_once(self, observatory: Registry) -> None:
        register = observatory.puts.register
        rows = [
            (new_dataset_id(), DataId(camera="Cam", visit=v, sensor=s), artifact(f"{v}-{s}"))
            for v in (1, 2)
            for s in (1, 2)
        ]
        *first, last = rows
        assert register("r/one", "raw", "store", first) == Registered(3, {})
        assert [found(observatory, ["r/one"], data_id) for _, data_id, _ in first] == [
            row[0] for row in first
        ]
        with pytest.raises(DatasetExistsError):
            register("r/one", "raw", "store", [(new_dataset_id(), RAW, artifact("again"))])
        same = (new_dataset_id(), first[0][1], artifact("1-1"))
        other = (new_dataset_id(), first[1][1], artifact("other"))
        assert register("r/one", "raw", "store", iter([same, other, last]), skip_existing=True) == Registered(
            1, {same[0]: first[0][0], other[0]: first[1][0]}
        )
        assert register("r/one", "raw", "store", []) == Registered(0, {})

    def test_one_bad_row_of_many_registers_none(self, observatory: Registry) -> None:
        good = (new_dataset_id(), RAW, artifact("a"))
        for data_id, error in (
            ({**RAW, "visit": 9}, UnitNotFoundError),
            ({"camera": "Cam", "visit": 1}, InvalidDataIdError),
            ({**RAW, "tract": 1}, InvalidDataIdError),
        ):
            bad = (new_dataset_id(), data_id, artifact("b"))
            with pytest.raises(error):
                observatory.puts.register("r/one", "raw", "store", [good, bad])
        assert found(observatory, ["r/one"]) is None
        assert observatory.lookup.datasets_at("store", [good[2].path]) == {}

    def test_old_ids_and_those_of_other_versions_come_into_a_held_run_alone(
        self, observatory: Registry
    ) -> None:
        puts = observatory.puts
        old = UUID(int=new_dataset_id().int - (_TWO_WEEKS << 80))
        rows = {each: (each, RAW, artifact(str(each))) for each in (old, uuid4())}
        for each, error in zip(rows, (ArtifactMissingError, InvalidDataIdError), strict=True):
            with pytest.raises(error, match=str(each)):
                puts.register("r/one", "raw", "store", [rows[each]])
        assert puts.holds() == []
        assert puts.held_runs() == []
        puts.hold("r/one", datetime.now(UTC) + timedelta(days=1), "an import")
        (hold,) = puts.holds()
        assert puts.held_runs() == [HeldRun(observatory.name, "r/one", hold.held_by, hold.until)]
        assert (hold.run, hold.reason) == ("r/one", "an import")
        assert hold.since < datetime.now(UTC) + timedelta(hours=1) < hold.until
        # The same again makes it longer, and never shorter.
        puts.hold("r/one", datetime.now(UTC) + timedelta(hours=1), "an import")
        assert puts.holds() == [hold]
        assert puts.register("r/one", "raw", "store", [rows[old]]) == Registered(1, {})
        assert puts.release("r/one")
        assert not puts.release("r/one")
        assert puts.holds() == []
        assert puts.held_runs() == []
        # What is there is known, whatever its age.
        again = puts.register("r/one", "raw", "store", [rows[old]], skip_existing=True)
        assert again == Registered(0, {old: old})

    def test_a_hold_is_of_a_run_and_has_an_end(self, observatory: Registry) -> None:
        hold, now = observatory.puts.hold, datetime.now(UTC)
        for until in (now - timedelta(days=1), now + timedelta(days=1000)):
            with pytest.raises(InvalidDataIdError, match="can't be held until"):
                hold("r/one", until)
        with pytest.raises(CollectionNotFoundError, match="r/none"):
            hold("r/none", now + timedelta(days=1))
        with pytest.raises(ButlerError):
            hold("r/one", now + timedelta(days=1), "a line\nand another")

    # Hostile and busy callers ------------------------------------------------------------

    def test_a_text_that_is_put_is_only_ever_a_text(self, observatory: Registry) -> None:
        puts = observatory.puts
        observatory.definitions.register_dataset_type(DatasetType("note", "Text", ("label",)))
        for text in HOSTILE_TEXTS:
            observatory.definitions.register_units("label", [{"label": text}])
            (ref,) = put(observatory, {"label": text}, dataset_type="note", run=text)
            assert (ref.data_id["label"], ref.run) == (text, text)
            row = (new_dataset_id(), {"label": text}, artifact(ref.id.hex, "copy"))
            assert puts.register("r/one", "note", "store", [row]) == Registered(1, {})
            assert observatory.lookup.get_dataset(row[0]).data_id == ref.data_id
            with pytest.raises(ButlerError):
                puts.put("r/two", [written(RAW, artifacts=[replace(artifact("a"), datastore=text)])])
        assert found(observatory, ["r/two"]) is None

    def test_a_text_that_can_not_be_stored_is_not_put(self, observatory: Registry) -> None:
        puts = observatory.puts
        for text in UNSENDABLE_TEXTS:
            whole = artifact("a")
            artifacts = (
                replace(whole, path=text),
                replace(whole, component=text),
                replace(whole, formatter=text),
            )
            for attempt in (
                lambda text: puts.open_run(text),
                lambda text: puts.prepare("r/one", "raw", [{**RAW, "camera": text}]),
                lambda text: puts.prepare(text, "raw", [RAW]),
                lambda text: puts.put("r/one", [written({**RAW, "camera": text})]),
                lambda text: puts.put(text, [written(RAW)]),
                lambda text: puts.register(
                    "r/one", "raw", "store", [(new_dataset_id(), {**RAW, "camera": text}, artifact("a"))]
                ),
            ):
                with pytest.raises(ButlerError):
                    attempt(text)
            for one in artifacts:
                with pytest.raises(ButlerError):
                    puts.register("r/one", "raw", "store", [(new_dataset_id(), RAW, one)])
                with pytest.raises(ButlerError):
                    puts.put("r/one", [written(RAW, artifacts=[one])])
        assert found(observatory, ["r/one"]) is None

    def test_many_threads_put_at_once(self, observatory: Registry) -> None:
        ids = [DataId(camera=c, visit=v, sensor=s) for c in ("Cam", "Spec") for v in (1, 2) for s in (1, 2)]
        with ThreadPoolExecutor(8) as pool:
            refs = [refs[0] for refs in pool.map(lambda data_id: put(observatory, data_id), ids)]
            assert list(pool.map(lambda data_id: found(observatory, ["r/one"], data_id), ids)) == [
                ref.id for ref in refs
            ]
