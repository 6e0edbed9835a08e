"""Comparing and repairing a registry in PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from butler.registry.interfaces.maintenance import Claim, Drift, Maintenance, Progress, StoredArtifact
from butler.registry.postgres.parameters import bound_id, bound_ids, bound_json, bound_texts
from butler.registry.postgres.records import artifact_of
from butler.registry.postgres.session import Session
from butler.values import Artifact, ArtifactFault, ArtifactState, DatasetState

__all__ = ["PostgresMaintenance"]

PAGE = 2000
"""Rows a statement; with their paths about a megabyte."""

_FIRST = (UUID(int=0), "")

_OF_VISITS = {"overlap": "recompute_visit_overlap", "region": "recompute_visit_regions"}
"""What derives the rows of visits anew, by what has drifted."""


class PostgresMaintenance(Maintenance):
    """Calls of the functions under ``db/functions/maintenance``.

    Parameters
    ----------
    session : `~butler.registry.postgres.session.Session`
        Carries them out.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    # Comparing -----------------------------------------------------------

    def count_artifacts(self, datastore: str, after: tuple[UUID, str] | None = None) -> int:
        dataset_id, component = after or _FIRST
        ((count,),) = self._session.look_up("count_artifacts", datastore, bound_id(dataset_id), component)
        return int(count)

    def stored_artifacts(
        self, datastore: str, after: tuple[UUID, str] | None = None
    ) -> Iterator[StoredArtifact]:
        last = after or _FIRST
        while rows := self._session.look_up("stored_artifacts", datastore, bound_id(last[0]), last[1], PAGE):
            for row in rows:
                yield StoredArtifact(
                    row.dataset_id,
                    artifact_of(row, datastore, ArtifactState(row.state)),
                    DatasetState(row.dataset_state),
                )
            last = rows[-1].dataset_id, rows[-1].component

    def is_as_recorded(self, datastore: str, stored: StoredArtifact) -> bool:
        schema = self._session.schema
        ((found,),) = self._session.rows(
            f"SELECT count(*) FROM {schema}.artifact AS a INNER JOIN {schema}.dataset AS d USING (dataset_id)"
            " WHERE a.dataset_id = %s::uuid AND a.datastore = %s AND a.component = %s"
            " AND a.state = %s AND d.state = %s",
            (
                str(stored.dataset_id),
                datastore,
                stored.artifact.component,
                stored.artifact.state,
                stored.dataset_state,
            ),
        )
        # The view of datasets leaves removed ones out, and nobody removes one again.
        return stored.dataset_state == DatasetState.REMOVED or bool(found)

    def claims_of_datasets(self, dataset_ids: Iterable[UUID]) -> list[Claim]:
        return [
            Claim(row.dataset_id, row.datastore, row.path, row.uri)
            for row in self._session.look_up("claims_of_datasets", bound_ids(dataset_ids))
        ]

    def claimed_files(self, datastore: str | None, root: str, paths: Sequence[str]) -> set[str]:
        uris = [root + path for path in paths]
        rows = self._session.look_up("claims_of_files", datastore, bound_texts(paths), bound_texts(uris))
        found = {row.path for row in rows} | {row.uri for row in rows}
        return {path for path, uri in zip(paths, uris, strict=True) if path in found or uri in found}

    def datasets_without_artifacts(self) -> Iterator[UUID]:
        last = UUID(int=0)
        while rows := self._session.look_up("datasets_without_artifacts", bound_id(last), PAGE):
            yield from (dataset_id for (dataset_id,) in rows)
            last = rows[-1][0]

    def drifts(self) -> Iterator[Drift | None]:
        for rows in self._pages("drifted_overlap", ["observed_sensor_id"], 0):
            for row in rows:
                if detail := _differs(patches=(row.missing, row.extra)):
                    yield Drift("overlap", row.camera, row.visit, detail, row.sensor, row.observed_sensor_id)
            yield None
        for rows in self._pages("drifted_visit_overlap", ["camera", "visit"], "", 0):
            for row in rows:
                tracts, patches = (
                    (row.missing_tracts, row.extra_tracts),
                    (row.missing_patches, row.extra_patches),
                )
                if detail := _differs(tracts=tracts, patches=patches):
                    yield Drift("overlap", row.camera, row.visit, detail)
            yield None
        for rows in self._pages("drifted_visits", ["camera", "visit"], "", 0):
            for row in rows:
                if row.drifted:
                    yield Drift("region", row.camera, row.visit, "it isn't the hull of its sensors")
            yield None
        if wrong := self._session.look_up("drifted_storage_use"):
            yield Drift("counts", None, None, _miscounted(wrong))

    def _pages(self, function: str, key: Sequence[str], *last: Any) -> Iterator[Sequence[Any]]:
        """Call a function that gives what comes after a key, until nothing does."""
        while rows := self._session.look_up(function, *last):
            yield rows
            last = tuple(getattr(rows[-1], column) for column in key)

    def progress(self, datastore: str) -> Progress | None:
        for row in self._session.look_up("verified_up_to", datastore):
            return Progress(row.dataset_id, row.component, row.moved, row.completed)
        return None

    def set_progress(self, datastore: str, last: tuple[UUID, str] | None) -> None:
        dataset_id, component = last or (None, "")
        self._session.call("set_verified", datastore, dataset_id and bound_id(dataset_id), component)

    # Repairing -----------------------------------------------------------

    def mark_lost(self, datastore: str, artifacts: Iterable[tuple[UUID, str, ArtifactFault]]) -> int:
        rows = [
            {"dataset_id": str(dataset_id), "component": component, "fault": str(fault)}
            for dataset_id, component, fault in artifacts
        ]
        ((count,),) = self._session.call("mark_lost", datastore, bound_json(rows))
        return int(count)

    def mark_found(self, datastore: str, artifacts: Iterable[tuple[UUID, Artifact]]) -> int:
        rows = [
            {
                "dataset_id": str(dataset_id),
                "component": found.component,
                "size": found.size,
                "sha256": found.sha256.hex(),
            }
            for dataset_id, found in artifacts
        ]
        ((count,),) = self._session.call("mark_found", datastore, bound_json(rows))
        return int(count)

    def recompute(self, drifts: Iterable[Drift]) -> int:
        sensors: list[int] = []
        visits: dict[tuple[str, str], list[int]] = defaultdict(list)
        recount = False
        for drift in drifts:
            if drift.observed_sensor_id is not None:
                sensors.append(drift.observed_sensor_id)
            elif drift.camera is not None and drift.visit is not None:
                visits[_OF_VISITS[drift.derived], drift.camera].append(drift.visit)
            else:
                recount = True
        wrong = 0
        if sensors:
            ((wrong,),) = self._session.call("recompute_overlap", sensors)
        for (function, camera), numbers in visits.items():
            ((count,),) = self._session.call(function, camera, numbers)
            wrong += count
        if recount:
            ((count,),) = self._session.call("recompute_storage_use")
            wrong += count
        return wrong


def _miscounted(rows: Sequence[Any]) -> str:
    """Say of what another number is counted than there is."""
    first = rows[0]
    where = f" in {first.datastore}" if first.datastore else ""
    more = f", and {len(rows) - 1} more" if len(rows) > 1 else ""
    return (
        f"{first.datasets} datasets, {first.artifacts} artifacts and {first.bytes} bytes"
        f" of {first.dataset_type} in run {first.run}{where} are counted wrongly{more}"
    )


def _differs(**counts: tuple[int, int]) -> str:
    """Say how many of what are missing and too many; nothing where all are right."""
    return "; ".join(
        f"{missing} {what} are missing, {extra} too many"
        for what, (missing, extra) in counts.items()
        if missing or extra
    )
