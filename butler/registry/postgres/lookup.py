"""Looking datasets up in PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal, overload
from uuid import UUID

from butler.arguments import items
from butler.arguments import name as text
from butler.registry.interfaces.definitions import Definitions
from butler.registry.interfaces.lookup import Lookup
from butler.registry.postgres.parameters import bound_id, bound_ids, bound_json, bound_moment, bound_texts
from butler.registry.postgres.records import artifact_of, data_id_of, ref_of
from butler.registry.postgres.session import Session
from butler.values import ArtifactState, DataId, DatasetRef
from butler.values.data_ids import json_ready

__all__ = ["PostgresLookup"]


class PostgresLookup(Lookup):
    """Calls of the functions under ``db/functions/lookup``.

    Parameters
    ----------
    session : `~butler.registry.postgres.session.Session`
        Carries them out.
    definitions : `~butler.registry.interfaces.Definitions`
        Knows the dataset types.
    """

    def __init__(self, session: Session, definitions: Definitions) -> None:
        self._session = session
        self._definitions = definitions

    @overload
    def find(
        self,
        dataset_type: str,
        data_id: Mapping[str, Any],
        collections: Sequence[str],
        *,
        as_of: datetime | str | None = None,
        required: Literal[True] = True,
    ) -> DatasetRef: ...
    @overload
    def find(
        self,
        dataset_type: str,
        data_id: Mapping[str, Any],
        collections: Sequence[str],
        *,
        as_of: datetime | str | None = None,
        required: bool,
    ) -> DatasetRef | None: ...
    def find(
        self,
        dataset_type: str,
        data_id: Mapping[str, Any],
        collections: Sequence[str],
        *,
        as_of: datetime | str | None = None,
        required: bool = True,
    ) -> DatasetRef | None:
        rows = self._session.look_up_dataset(
            "find_dataset",
            text(dataset_type, "dataset_type"),
            bound_json(json_ready(data_id)),
            bound_texts(collections),
            bound_moment(as_of),
            required,
        )
        return ref_of(rows) if rows else None

    def find_in_run(
        self, run: str, dataset_type: str, data_ids: Sequence[Mapping[str, Any]]
    ) -> list[tuple[DataId, UUID | None]]:
        units = self._definitions.dataset_type(dataset_type).units
        rows = self._session.look_up(
            "find_in_run",
            text(run, "run"),
            dataset_type,
            bound_json([json_ready(data_id) for data_id in items(data_ids, "data_ids", "mappings")]),
        )
        return [(data_id_of(row.data_id, units), row.dataset_id) for row in rows]

    def get_dataset(self, dataset_id: UUID) -> DatasetRef:
        return ref_of(self._session.look_up_dataset("get_dataset", bound_id(dataset_id)))

    def with_artifacts(self, refs: Iterable[DatasetRef]) -> list[DatasetRef]:
        wanted = list(refs)
        if not wanted:
            return []
        artifacts = defaultdict(list)
        for row in self._session.rows(
            _ARTIFACTS.format(self._session.schema), (bound_ids([ref.id for ref in wanted]).value,)
        ):
            artifacts[row.dataset_id].append(artifact_of(row, row.datastore, ArtifactState(row.state)))
        return [replace(ref, artifacts=tuple(artifacts[ref.id])) for ref in wanted]

    def datasets_at(self, datastore: str | None, paths: Iterable[str]) -> dict[str, UUID]:
        rows = self._session.rows(
            # Where a file is in the trash and registered anew, the last row is the one that counts.
            f"SELECT path, dataset_id FROM {self._session.schema}.artifact"
            " WHERE (%s::text IS NULL OR datastore = %s) AND path = ANY (%s::text[])"
            " ORDER BY state = 'present'",
            (datastore, datastore, bound_texts(paths).value),
        )
        return {row.path: row.dataset_id for row in rows}


# One that is lost keeps this state in the trash: whether its dataset is there says more.
_ARTIFACTS = """
    SELECT a.dataset_id, a.datastore, concat_ws('#', a.path, a.part) AS path, a.formatter, a.size,
        decode(a.sha256, 'hex') AS sha256, a.component, a.state
    FROM {0}.artifact AS a
    INNER JOIN {0}.dataset AS d ON d.dataset_id = a.dataset_id AND d.state = 'present'
    WHERE a.dataset_id = ANY (%s::uuid[]) AND a.state IN ('present', 'lost')
    ORDER BY a.component
"""
