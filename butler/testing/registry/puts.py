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
    DatasetNotFoundError,
    DatasetTypeNotFoundError,
    InvalidDataIdError,
    UnitNotFoundError,
)
from butler.registry import Registry
from butler.registry.interfaces.puts import BegunPut, Registered
from butler.testing.registry.capabilities import CapabilityTests
from butler.testing.registry.contents import HOSTILE_TEXTS, UNSENDABLE_TEXTS, artifact
from butler.testing.registry.fixtures import RAW, TEMPLATE, found, put
from butler.values import DataId, DatasetType, new_dataset_id

__all__ = ["PutsTests"]

_OTHER = {**RAW, "sensor": 2}
_TWO_WEEKS = 14 * 24 * 3600 * 1000
"""In milliseconds, as an id counts them."""

_NOW = timedelta(0)
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


def _begin(registry: Registry, *data_ids: Mapping[str, Any], **options: Any) -> list[BegunPut]:
    return registry.puts.begin("r/one", "raw", data_ids, template=TEMPLATE, datastore="store", **options)


class PutsTests(CapabilityTests):
    """Registering datasets, so that nothing is half done."""

    # Begun, and finished or given up -------------------------------------------------

    def test_a_put_is_there_only_when_it_is_finished(self, observatory: Registry) -> None:
        (begun,) = _begin(observatory, RAW)
        assert begun.data_id == RAW
        assert begun.dataset_type.units == tuple(begun.data_id)
        assert begun.needs_environment
        assert not begun.there_already
        assert found(observatory, ["r/one"]) is None
        (unfinished,) = observatory.puts.unfinished(_NOW)
        assert (unfinished.id, unfinished.hint, unfinished.datastore) == (begun.id, begun.hint, "store")
        assert (unfinished.dataset_type, unfinished.storage_class) == ("raw", "Dict")
        assert observatory.puts.unfinished(timedelta(hours=1)) == []
        assert observatory.puts.finish({begun.id: [artifact("a")]}) == 1
        assert found(observatory, ["r/one"]) == begun.id
        assert observatory.puts.unfinished(_NOW) == []

    def test_a_dataset_of_several_artifacts_is_put_whole(self, observatory: Registry) -> None:
        (begun,) = _begin(observatory, RAW)
        artifacts = [artifact("a", "image"), artifact("b", "wcs")]
        assert observatory.puts.finish({begun.id: artifacts}) == 1
        assert observatory.lookup.get_dataset(begun.id).artifacts == tuple(artifacts)

    def test_a_dataset_without_artifacts_is_not_put(self, observatory: Registry) -> None:
        bare, other = (_begin(observatory, {**RAW, "sensor": n})[0].id for n in (1, 2))
        with pytest.raises(ArtifactMissingError, match=str(bare)):
            observatory.puts.finish({other: [artifact("a")], bare: []})
        assert {one.id for one in observatory.puts.unfinished(_NOW)} == {bare, other}

    def test_a_run_that_is_not_there_is_made(self, observatory: Registry) -> None:
        (ref,) = put(observatory, RAW, run="r/new")
        assert ref.run == "r/new"
        assert found(observatory, ["r/new"]) == ref.id

    def test_a_put_given_up_is_gone_and_one_that_ended_stays(self, observatory: Registry) -> None:
        (begun,) = _begin(observatory, RAW)
        assert observatory.puts.abandon([begun.id]) == [begun.id]
        with pytest.raises(DatasetNotFoundError):
            observatory.puts.finish({begun.id: [artifact("a")]})
        (ref,) = put(observatory, RAW)
        assert observatory.puts.abandon([ref.id]) == []
        assert found(observatory, ["r/one"]) == ref.id

    def test_a_put_given_up_is_named_until_its_bytes_are_said_to_be_gone(self, observatory: Registry) -> None:
        puts = observatory.puts
        (begun,) = _begin(observatory, RAW)
        assert puts.forget([begun.id]) == 0
        assert [one.given_up for one in puts.unfinished(_NOW)] == [None]
        assert puts.abandon([begun.id]) == [begun.id]
        (unfinished,) = puts.unfinished(_NOW)
        assert unfinished.given_up is not None
        assert puts.abandon([begun.id]) == [begun.id]
        assert puts.unfinished(_NOW) == [unfinished]
        assert puts.forget([begun.id]) == 1
        assert puts.unfinished(_NOW) == []

    def test_puts_that_are_old_or_given_up_are_reaped_in_pages(self, observatory: Registry) -> None:
        puts = observatory.puts
        old = [_begin(observatory, {**RAW, "sensor": n})[0].id for n in (1, 2)]
        assert puts.reap("store", timedelta(hours=1)) == []
        puts.abandon(old[:1])
        assert [one.id for one in puts.reap("store", timedelta(hours=1))] == old[:1]
        (first,) = puts.reap("store", _NOW, limit=1)
        (second,) = puts.reap("store", _NOW, after=first.id)
        assert [first.id, second.id] == sorted(old)
        assert not first.registered
        assert first.given_up is not None
        assert puts.reap("elsewhere", _NOW) == []
        with pytest.raises(DatasetNotFoundError):
            puts.finish({second.id: [artifact("late")]})
        assert puts.forget(old) == 2

    def test_a_run_holds_one_dataset_of_a_type_and_data_id(self, observatory: Registry) -> None:
        (ref,) = put(observatory, RAW)
        with pytest.raises(DatasetExistsError, match=str(ref.id)):
            put(observatory, RAW)
        begun = _begin(observatory, RAW, skip_existing=True)
        assert [(one.id, one.there_already) for one in begun] == [(ref.id, True)]
        assert put(observatory, RAW, run="r/two")[0].id != ref.id

    def test_a_put_that_was_overtaken_is_passed_over_if_asked(self, observatory: Registry) -> None:
        puts = observatory.puts
        first, second = _begin(observatory, RAW), _begin(observatory, RAW, _OTHER)
        assert puts.finish({first[0].id: [artifact("a")]}) == 1
        written = {one.id: [artifact(one.id.hex)] for one in second}
        with pytest.raises(DatasetExistsError):
            puts.finish(written)
        assert puts.finish(written, skip_existing=True) == 1
        assert [one.id for one in puts.unfinished(_NOW)] == [second[0].id]
        assert puts.abandon(list(written)) == [second[0].id]

    def test_what_can_be_refused_is_refused_before_anything_begins(self, observatory: Registry) -> None:
        for data_id, error in _WRONG:
            with pytest.raises(error) as caught:
                _begin(observatory, data_id)
            assert caught.value.hint
        assert observatory.puts.unfinished(_NOW) == []

    def test_a_put_of_a_type_or_into_a_datastore_that_is_not_there_never_begins(
        self, observatory: Registry
    ) -> None:
        begin = observatory.puts.begin
        with pytest.raises(DatasetTypeNotFoundError, match="rwa"):
            begin("r/one", "rwa", [RAW], template=TEMPLATE, datastore="store")
        with pytest.raises(ButlerError, match="elsewhere"):
            begin("r/one", "raw", [RAW], template=TEMPLATE, datastore="elsewhere")
        with pytest.raises(ButlerError, match="best"):
            begin("best", "raw", [RAW], template=TEMPLATE, datastore="store")
        assert observatory.puts.unfinished(_NOW) == []

    def test_one_error_names_every_bad_row_and_nothing_begins(self, observatory: Registry) -> None:
        with pytest.raises(ButlerError) as caught:
            _begin(observatory, RAW, {**RAW, "sensor": 9}, {"camera": "Cam"}, {**RAW, "visit": 9})
        assert [row["row"] for row in caught.value.details["rows"]] == [2, 3, 4]
        assert observatory.puts.unfinished(_NOW) == []

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
        puts.hold("r/one", datetime.now(UTC) + timedelta(days=1), "an import")
        (hold,) = puts.holds()
        assert (hold.run, hold.reason) == ("r/one", "an import")
        assert hold.since < datetime.now(UTC) + timedelta(hours=1) < hold.until
        # The same again makes it longer, and never shorter.
        puts.hold("r/one", datetime.now(UTC) + timedelta(hours=1), "an import")
        assert puts.holds() == [hold]
        assert puts.register("r/one", "raw", "store", [rows[old]]) == Registered(1, {})
        assert puts.release("r/one")
        assert not puts.release("r/one")
        assert puts.holds() == []
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
            for template, datastore in ((TEMPLATE, text), ("{" + text + "}", "store")):
                with pytest.raises(ButlerError):
                    puts.begin("r/two", "raw", [RAW], template=template, datastore=datastore)
        assert puts.unfinished(_NOW) == []

    def test_a_text_that_can_not_be_stored_is_not_put(self, observatory: Registry) -> None:
        puts = observatory.puts
        (begun,) = _begin(observatory, RAW)
        for text in UNSENDABLE_TEXTS:
            whole = artifact("a")
            artifacts = (
                replace(whole, path=text),
                replace(whole, component=text),
                replace(whole, formatter=text),
            )
            for attempt in (
                lambda text: _begin(observatory, {**RAW, "camera": text}),
                lambda text: puts.begin(text, "raw", [RAW], template=TEMPLATE, datastore="store"),
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
                    puts.finish({begun.id: [one]})
        assert found(observatory, ["r/one"]) is None
        assert [one.id for one in puts.unfinished(_NOW)] == [begun.id]

    def test_many_threads_put_at_once(self, observatory: Registry) -> None:
        ids = [DataId(camera=c, visit=v, sensor=s) for c in ("Cam", "Spec") for v in (1, 2) for s in (1, 2)]
        with ThreadPoolExecutor(8) as pool:
            refs = [refs[0] for refs in pool.map(lambda data_id: put(observatory, data_id), ids)]
            assert list(pool.map(lambda data_id: found(observatory, ["r/one"], data_id), ids)) == [
                ref.id for ref in refs
            ]
