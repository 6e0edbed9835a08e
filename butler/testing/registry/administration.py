"""What every `~butler.registry.interfaces.Administration` must do."""

from __future__ import annotations

from typing import Any

import pytest

from butler.errors import ButlerError, InvalidNameError
from butler.registry import Registry
from butler.registry.interfaces.administration import UsedBy
from butler.testing.registry.capabilities import CapabilityTests
from butler.testing.registry.contents import HOSTILE_TEXTS, UNSENDABLE_TEXTS, Contents
from butler.testing.registry.fixtures import RAW, put

__all__ = ["AdministrationTests"]

_USE: tuple[tuple[UsedBy, list[tuple[Any, ...]]], ...] = (
    ("run", [("r/one", 2, 6, 0, 3), ("r/two", 3, 12, 0, 0)]),
    ("dataset_type", [("census", 0, 0, 0, 3), ("raw", 5, 18, 0, 0)]),
    ("datastore", [("store", 5, 18, 0, 3)]),
)


class AdministrationTests(CapabilityTests):
    """Counts, sizes and versions. ``archive`` is only read, and may be filled in any way."""

    def test_a_summary_counts_what_there_is(self, archive: Registry, contents: Contents) -> None:
        summary = archive.administration.summary()
        assert summary.pop("registry") == archive.name
        assert all(summary.pop(key) for key in ("schema", "postgresql", "postgis", "last_ingest"))
        summary.pop("oldest_client", None)  # of a database alone
        assert summary.pop("dataset_types") >= len(contents.dataset_types)
        assert {str, type(None)} >= {type(summary.pop("replica"))}
        assert summary == {
            "cameras": len(contents.cameras),
            "skymaps": len(contents.skymaps),
            "visits": len(contents.units["visit"]),
            "collections": len(contents.collections),
            "datasets": len(contents.datasets),
            "bytes": sum(one.size for ref in contents.datasets for one in ref.artifacts or ()),
        }

    def test_datasets_are_counted_by_type(self, archive: Registry, contents: Contents) -> None:
        count = archive.administration.count_datasets
        for dataset_type in contents.dataset_types:
            refs = [ref for ref in contents.datasets if ref.dataset_type == dataset_type]
            assert count(dataset_type.name) == len(refs)
        assert count("nobody") == 0

    def test_what_is_added_up_is_counted_as_before(self, observatory: Registry) -> None:
        administration = observatory.administration
        put(observatory, RAW)
        before = administration.summary(), administration.storage_use()[:]
        assert administration.fold_counts() >= 0
        assert administration.fold_counts() == 0
        assert (administration.summary(), administration.storage_use()[:]) == before

    def test_a_summary_of_nothing_is_one(self, registry: Registry) -> None:
        summary = registry.administration.summary()
        assert (summary["datasets"], summary["bytes"], summary["last_ingest"]) == (0, 0, None)

    def test_the_server_is_described(self, registry: Registry) -> None:
        server = registry.administration.server()
        assert server.keys() - {"schema", "oldest_client"} == {"version", "login", "bytes"}
        assert server["login"]
        assert server["bytes"] > 0

    def test_storage_is_added_up(self, archive: Registry) -> None:
        use = archive.administration.storage_use
        assert use()[:] == use(by="run")[:]
        for by, rows in _USE:
            used = use(by=by)
            assert used.columns == (by, "datasets", "bytes", "in_place", "trashed")
            assert [tuple(row) for row in used] == rows
            name = rows[-1][0]
            assert [tuple(row) for row in use(f"{name[:-1]}?", by=by)] == rows[-1:]
            assert len(use("nobody*", by=by)) == 0

    def test_a_dataset_counts_in_each_collection_that_it_is_in(self, archive: Registry) -> None:
        used = archive.administration.storage_use(by="collection")
        assert used.columns == ("collection", "collection_type", "datasets", "bytes", "in_place")
        assert [tuple(row) for row in used] == [
            ("best", "tagged", 1, 3, 0),
            ("r/one", "run", 2, 6, 0),
            ("r/two", "run", 3, 12, 0),
        ]

    def test_datastores_are_listed_with_what_they_keep(self, archive: Registry, contents: Contents) -> None:
        rows = archive.administration.datastores()
        assert rows.columns == ("datastore", "root", "artifacts", "bytes")
        assert [tuple(row) for row in rows] == [("store", contents.datastores["store"], 6, 18)]

    # Hostile callers -----------------------------------------------------------------

    def test_storage_is_added_up_by_nothing_else(self, archive: Registry) -> None:
        use = archive.administration.storage_use
        for text in (*HOSTILE_TEXTS, *UNSENDABLE_TEXTS):
            with pytest.raises(InvalidNameError, match="added up"):
                use(by=text)  # type: ignore[arg-type]
            if text in UNSENDABLE_TEXTS:
                with pytest.raises(ButlerError):
                    len(use(text))
            else:
                assert len(use(text)) == 0
