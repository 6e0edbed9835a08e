"""What every `~butler.registry.interfaces.Queries` must do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from butler.errors import (
    ButlerError,
    CollectionNotFoundError,
    DatasetTypeNotFoundError,
    ExpressionError,
    InvalidDataIdError,
)
from butler.registry import Registry
from butler.testing.registry.capabilities import CapabilityTests
from butler.testing.registry.contents import HOSTILE_TEXTS, UNSENDABLE_TEXTS, Contents
from butler.testing.registry.fixtures import RAW

__all__ = ["QueriesTests"]

_NOT_ONE_SELECT = (
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
)


class QueriesTests(CapabilityTests):
    """Lists of datasets and units, and SELECTs. Only reads: ``archive`` may be filled in any way."""

    # Datasets ------------------------------------------------------------------------

    def test_datasets_are_listed_from_the_first_collection_that_has_them(
        self, archive: Registry, contents: Contents
    ) -> None:
        datasets = archive.queries.datasets
        one, spec, _, two, *others = contents.datasets
        assert list(datasets("raw", ["r/one", "r/two"], {})) == sorted([one, spec, *others])
        assert list(datasets("raw", ["all"], {})) == sorted([spec, two, *others])
        every = datasets("raw", ["all"], {}, find_first=False)
        assert sorted(every) == sorted([one, spec, spec, two, *others]), "one row a collection"
        assert list(datasets("census", ["all"], {})) == [contents.datasets[2]]

    def test_datasets_are_listed_by_what_is_given_of_their_data_ids(
        self, archive: Registry, contents: Contents
    ) -> None:
        datasets = archive.queries.datasets
        *_, alone, parted = contents.datasets
        assert list(datasets("raw", ["all"], {"visit": 2})) == [alone, parted]
        words = {"instrument": "Cam", "exposure": 2, "detector": "S2"}
        assert list(datasets("raw", ["all"], words)) == [parted]
        assert list(datasets("raw", ["all"], {"visit": 9})) == []
        with pytest.raises(InvalidDataIdError, match="tract"):
            list(datasets("raw", ["all"], {"tract": 0}))
        with pytest.raises(DatasetTypeNotFoundError, match="rwa"):
            list(datasets("rwa", ["all"], {}))
        with pytest.raises(CollectionNotFoundError, match="lal"):
            list(datasets("raw", ["lal"], {}))

    def test_datasets_are_listed_as_they_were(self, archive: Registry) -> None:
        assert (
            len(archive.queries.datasets("raw", ["r/one"], {}, as_of=datetime(2000, 1, 1, tzinfo=UTC))) == 0
        )
        with pytest.raises(InvalidDataIdError):
            archive.queries.datasets("raw", ["r/one"], {}, as_of="yesterday")

    def test_a_listed_dataset_comes_with_its_artifacts_if_they_are_asked_for(
        self, archive: Registry, contents: Contents
    ) -> None:
        refs = archive.queries.datasets("raw", ["r/two"], {})
        assert {ref.artifacts for ref in refs} == {None}
        assert [ref.artifacts for ref in refs.with_artifacts()] == [
            ref.artifacts for ref in contents.datasets[3:]
        ]
        bare = archive.queries.datasets("census", ["r/one"], {})
        assert [ref.artifacts for ref in bare.with_artifacts()] == [()]

    def test_a_list_of_datasets_is_a_sequence_of_refs(self, archive: Registry, contents: Contents) -> None:
        refs = archive.queries.datasets("raw", ["r/two"], {})
        assert repr(refs) == "<DatasetRefs, not fetched yet>"
        assert len(refs) == 3
        assert repr(refs) == "<DatasetRefs: 3 of raw>"
        wanted = list(contents.datasets[3:])
        assert (refs[0], refs[-1], refs[:2], refs[5:]) == (wanted[0], wanted[-1], wanted[:2], [])
        assert sorted(refs, reverse=True) == wanted[::-1]

    def test_a_list_of_datasets_is_a_table(self, archive: Registry, contents: Contents) -> None:
        refs = archive.queries.datasets("raw", ["inner"], {"visit": 1})
        streamed, fetched = refs.to_arrow().to_pylist(), list(refs)
        assert refs.to_arrow().to_pylist() == streamed
        assert [row["dataset_id"] for row in streamed] == [str(ref.id) for ref in fetched]
        spec = contents.datasets[1]
        assert {
            "dataset_id": str(spec.id),
            **spec.data_id,
            "run": "r/one",
            "collection": "best",
        } in streamed

    # Units ---------------------------------------------------------------------------

    def test_units_are_listed_with_what_is_known_of_them(self, archive: Registry) -> None:
        rows = archive.queries.units("visit", {})
        assert [(row.camera, row.visit) for row in rows] == [
            *(("Cam", n) for n in (1, 2, 3)),
            *(("Spec", n) for n in (1, 2)),
        ]
        assert {row.exposure_time for row in rows} == {30.0}
        assert [row.visit for row in archive.queries.units("visit", {"instrument": "Spec"})] == [1, 2]
        assert [row.camera for row in archive.queries.units("visit", {"exposure": "3"})] == ["Cam"]
        assert len(archive.queries.units("visit", {"visit_name": "Cam 1", "camera": "Spec"})) == 0
        assert [row.visit for row in archive.queries.units("visit", {}, limit=2)] == [1, 2]
        assert [row.patch for row in archive.queries.units("patch", {"skymap": "rings", "tract": 0})] == [0]

    def test_units_of_which_something_is_unknown_are_listed_by_that(self, archive: Registry) -> None:
        assert len(archive.queries.units("visit", {"physical_filter": None})) == 5
        assert len(archive.queries.units("visit", {"exposure_time": None})) == 0

    def test_a_view_or_a_column_that_is_not_there_is_named(self, archive: Registry) -> None:
        with pytest.raises(InvalidDataIdError, match="'vist'") as caught:
            archive.queries.units("vist", {})
        assert caught.value.hint
        with pytest.raises(InvalidDataIdError, match="'vist'") as caught:
            archive.queries.units("visit", {"vist": 1})
        assert "visit" in str(caught.value.hint)
        with pytest.raises(ButlerError):
            len(archive.queries.units("visit", {"visit": "first"}))

    # Files ---------------------------------------------------------------------------

    def test_files_are_named_in_the_order_in_which_datasets_were_asked_for(
        self, archive: Registry, contents: Contents
    ) -> None:
        wanted = [contents.datasets[5], contents.datasets[2], contents.datasets[0]]
        rows = archive.queries.uris(ref.id for ref in wanted)
        assert rows.columns == ("dataset_id", "component", "uri")
        (root,) = contents.datastores.values()
        assert [tuple(row) for row in rows] == [
            *((wanted[0].id, one.component, root + one.path) for one in wanted[0].artifacts or ()),
            (wanted[1].id, None, None),
            *((wanted[2].id, one.component, root + one.path) for one in wanted[2].artifacts or ()),
        ]
        unknown = uuid4()
        assert [tuple(row) for row in archive.queries.uris([unknown])] == [(unknown, None, None)]
        assert len(archive.queries.uris([])) == 0

    # SQL -----------------------------------------------------------------------------

    def test_a_query_is_a_select_on_the_common_schema(self, archive: Registry, contents: Contents) -> None:
        statement = (
            "SELECT v.visit, v.exposure_time FROM dataset AS d JOIN visit AS v USING (camera, visit)"
            " WHERE v.exposure_time > :least AND d.dataset_type = 'raw' AND v.visit_name LIKE 'S%1'"
        )
        rows = archive.queries.sql(statement, {"least": 29.5})
        assert repr(rows) == "<Rows, not fetched yet>"
        assert rows.columns == ("visit", "exposure_time")
        assert repr(rows) == "<Rows: 1 of visit, exposure_time>"
        assert [tuple(row) for row in rows] == [(1, 30.0)]
        assert rows[0].exposure_time == 30.0
        assert rows[:1] == [rows[0]]
        assert list(archive.query(statement, {"least": 29.5})) == list(rows)
        visits = len(contents.units["visit"])
        assert archive.query("SELECT count(*) FROM visit").scalar() == visits

    def test_what_looks_on_the_same_sky_is_joined(self, archive: Registry) -> None:
        rows = archive.queries.sql(
            "SELECT count(*) FROM sensor_patch_join WHERE skymap = 'rings' AND patch = 0"
        )
        assert rows.scalar() == 8
        assert archive.queries.sql("SELECT count(*) FROM visit_tract_join").scalar() == 4

    def test_a_query_writes_nothing_whoever_asks(self, archive: Registry, contents: Contents) -> None:
        for statement, error in _NOT_ONE_SELECT:
            with pytest.raises(error):
                len(archive.queries.sql(statement))
        count = archive.queries.sql("SELECT count(*) FROM collection").scalar()
        assert count == len(contents.collections)

    # Hostile callers -----------------------------------------------------------------

    def test_a_text_in_a_query_is_only_ever_a_text(self, archive: Registry) -> None:
        queries = archive.queries
        for text in (*HOSTILE_TEXTS, *UNSENDABLE_TEXTS):
            attempts: tuple[Callable[[str], Any], ...] = (
                lambda text: len(queries.datasets(text, ["all"], {})),
                lambda text: len(queries.datasets("raw", [text], {})),
                lambda text: len(queries.datasets("raw", ["all"], {text: 1})),
                lambda text: len(queries.datasets("raw", ["all"], {**RAW, "sensor": text})),
                lambda text: len(queries.units(text, {})),
                lambda text: len(queries.units("visit", {text: 1})),
            )
            for attempt in attempts:
                with pytest.raises(ButlerError):
                    attempt(text)
            answers: tuple[tuple[Callable[[str], Any], Any], ...] = (
                (lambda text: queries.sql("SELECT :x AS x", {"x": text}).scalar(), text),
                (lambda text: len(queries.units("visit", {"visit_name": text})), 0),
                (lambda text: len(queries.datasets("raw", ["all"], {"camera": text})), 0),
            )
            for harmless, answer in answers:
                if text in UNSENDABLE_TEXTS:
                    with pytest.raises(ButlerError):
                        harmless(text)
                else:
                    assert harmless(text) == answer
        assert len(queries.datasets("raw", ["all"], {})) == 4
