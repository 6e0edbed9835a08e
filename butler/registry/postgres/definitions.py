"""Cameras, sky maps, units, dataset types and datastores in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from butler.arguments import items, mapping
from butler.arguments import name as text
from butler.registry.interfaces.definitions import Definitions
from butler.registry.postgres.parameters import bound_json, bound_texts, like_pattern
from butler.registry.postgres.session import Session
from butler.registry.postgres.user_sql import lazy_rows
from butler.registry.results import Rows
from butler.values import DatasetType, Mark, RegisteredDatastore
from butler.values.data_ids import json_ready

__all__ = ["PostgresDefinitions"]


class PostgresDefinitions(Definitions):
    """Calls of the functions under ``db/functions/definitions``.

    Parameters
    ----------
    session : `~butler.registry.postgres.session.Session`
        Carries them out.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._dataset_types: dict[str, DatasetType] = {}

    def register_camera(self, definition: Mapping[str, Any], *, replace: bool = False) -> None:
        self._session.call_repeatable(
            "register_camera", bound_json(dict(mapping(definition, "definition"))), replace
        )

    def register_skymap(self, definition: Mapping[str, Any], *, replace: bool = False) -> None:
        self._session.call_repeatable(
            "register_skymap", bound_json(dict(mapping(definition, "definition"))), replace
        )

    def register_units(self, unit: str, rows: Sequence[Mapping[str, Any]], *, replace: bool = False) -> int:
        ((new,),) = self._session.call(
            "register_units",
            text(unit, "unit"),
            bound_json([json_ready(row) for row in items(rows, "rows", "mappings")]),
            replace,
        )
        return int(new)

    def register_dataset_type(self, dataset_type: DatasetType) -> bool:
        ((new,),) = self._session.call(
            "register_dataset_type",
            dataset_type.name,
            dataset_type.storage_class,
            bound_texts(dataset_type.units),
            dataset_type.doc,
        )
        return bool(new)

    def register_datastore(self, name: str, root: str) -> bool:
        ((new,),) = self._session.call("register_datastore", text(name, "name"), text(root, "root"))
        return bool(new)

    def dataset_type(self, name: str) -> DatasetType:
        text(name, "dataset_type")
        # Definitions never change, so a cached one is never stale.
        if name not in self._dataset_types:
            (row,) = self._session.look_up("get_dataset_type", name)
            self._dataset_types[name] = DatasetType(name, row.storage_class, tuple(row.units), row.doc)
        return self._dataset_types[name]

    def dataset_types(self, pattern: str = "*") -> list[DatasetType]:
        rows = self._session.rows(
            f"SELECT dataset_type, storage_class, units, doc FROM {self._session.schema}.dataset_type"
            " WHERE dataset_type LIKE %s ORDER BY dataset_type",
            (like_pattern(pattern),),
        )
        return [
            DatasetType(row.dataset_type, row.storage_class, tuple(row.units), row.doc or "") for row in rows
        ]

    def cameras(self) -> list[dict[str, Any]]:
        rows = self._session.rows(f"SELECT definition FROM {self._session.schema}.camera ORDER BY camera")
        return [definition for (definition,) in rows]

    def describe_cameras(self) -> Rows:
        return lazy_rows(self._session, _CAMERAS)

    def describe_skymaps(self) -> Rows:
        return lazy_rows(self._session, _SKYMAPS)

    def datastores(self) -> dict[str, RegisteredDatastore]:
        schema = self._session.schema
        rows = self._session.rows(
            "SELECT s.datastore, s.root, s.mark, s.marked, i.id AS installation"
            f" FROM {schema}.datastore AS s CROSS JOIN {schema}.installation_id() AS i (id)"
            " ORDER BY s.datastore"
        )
        return {
            row.datastore: RegisteredDatastore(
                row.root, Mark(row.installation, row.datastore, row.mark), row.marked
            )
            for row in rows
        }


_CAMERAS = """
    SELECT c.camera,
        (SELECT count(*) FROM physical_sensor AS s WHERE s.camera = c.camera) AS sensors,
        (SELECT count(*) FROM physical_filter AS f WHERE f.camera = c.camera) AS filters,
        (SELECT count(*) FROM visit AS v WHERE v.camera = c.camera) AS visits,
        c.doc
    FROM camera AS c ORDER BY c.camera
"""
_SKYMAPS = """
    SELECT s.skymap,
        (SELECT count(*) FROM tract AS t WHERE t.skymap = s.skymap) AS tracts,
        (SELECT count(*) FROM patch AS p WHERE p.skymap = s.skymap) AS patches,
        s.doc
    FROM skymap AS s ORDER BY s.skymap
"""
