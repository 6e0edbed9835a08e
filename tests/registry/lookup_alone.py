"""A registry that looks datasets up and does nothing else: they lie in dicts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from butler import errors
from butler.registry import Registry
from butler.registry.interfaces import Lookup
from butler.testing.registry import Contents
from butler.values import DataId, DatasetRef

Given = Mapping[str, Any]
WORDS = {"instrument": "camera", "exposure": "visit", "detector": "sensor"}


class DictLookup(Lookup):
    def __init__(self, contents: Contents) -> None:
        self._filled = datetime.now(UTC)
        self._types = {each.name: each for each in contents.dataset_types}
        self._by_id = {ref.id: ref for ref in contents.datasets}
        self._members = {each.name: each.members for each in contents.collections}
        held = [(ref.run, ref) for ref in contents.datasets]
        held += [(name, self._by_id[one]) for name, ids in contents.tagged.items() for one in ids]
        self._held = {(name, ref.dataset_type.name, ref.data_id): ref for name, ref in held}
        sensors = [{**camera, **sensor} for camera in contents.cameras for sensor in camera["sensors"]]
        self._rows = {"visit": contents.units["visit"], "sensor": sensors}

    def find(
        self, dataset_type: str, data_id: Given, collections: Any, *, as_of: Any = None, required: bool = True
    ) -> Any:
        ((wanted, _),) = self.find_in_run("", dataset_type, [data_id])
        there = as_of is None or moment(as_of) >= self._filled
        for name in self._flattened(collections or [""]):
            if there and (name, dataset_type, wanted) in self._held:
                return self._held[name, dataset_type, wanted]
        if required:
            values = " ".join(f"{unit}={value}" for unit, value in wanted.items())
            raise errors.DatasetNotFoundError(f"no {dataset_type} with {values} in {collections} at {as_of}")
        return None

    def find_in_run(self, run: str, dataset_type: str, data_ids: Sequence[Given]) -> list[Any]:
        if dataset_type not in self._types:
            raise errors.DatasetTypeNotFoundError(f"no dataset type {dataset_type!r}")
        found, wrong = [], {}
        for row, data_id in enumerate(data_ids, 1):
            try:
                complete = self._complete(self._types[dataset_type].units, data_id)
            except errors.ButlerError as error:
                wrong[row] = error
            else:
                ref = self._held.get((run, dataset_type, complete))
                found.append((complete, ref.id if ref else None))
        for first in wrong.values():
            rows = [{"row": row, "message": error.message} for row, error in wrong.items()]
            raise type(first)(first.message, hint="Correct it.", details={"rows": rows})
        return found

    def get_dataset(self, dataset_id: UUID) -> DatasetRef:
        if dataset_id not in self._by_id:
            raise errors.DatasetNotFoundError(f"no dataset has id {dataset_id}")
        return self._by_id[dataset_id]

    def with_artifacts(self, refs: Iterable[DatasetRef]) -> list[DatasetRef]:
        return [replace(ref, artifacts=self._by_id[ref.id].artifacts) for ref in refs]

    def datasets_at(self, datastore: str | None, paths: Iterable[str]) -> dict[str, UUID]:
        artifacts = [(one, ref.id) for ref in self._by_id.values() for one in ref.artifacts or ()]
        owners = {one.path: owner for one, owner in artifacts if datastore in {None, one.datastore}}
        return {path: owners[path] for path in paths if path in owners}

    def _flattened(self, collections: Sequence[str]) -> Iterator[str]:
        for name in collections:
            if name not in self._members:
                raise errors.CollectionNotFoundError(f"no collection {name!r}")
            yield name
            yield from self._flattened(self._members[name])

    def _complete(self, units: Sequence[str], data_id: Given) -> DataId:
        given = {WORDS.get(word, word): value for word, value in data_id.items()}
        if "camera" in units and "visit" in given and "camera" not in given:
            named = [r for r in self._rows["visit"] if given["visit"] in (r["visit"], r["visit_name"])]
            cameras = [r["camera"] for r in named]
            if len(cameras) > 1:
                raise errors.AmbiguousDataIdError(f"it fits several cameras: {', '.join(cameras)}")
            given.update(camera=cameras[0])
        if len(given) < len(data_id) or given.keys() != {*units}:
            raise errors.InvalidDataIdError(f"{data_id} hasn't each of {units} once, and nothing else")
        for unit in self._rows.keys() & given:
            numbers = {(r["camera"], r[f"{unit}_name"]): r[unit] for r in self._rows[unit]}
            value = numbers.get((given["camera"], given[unit]), given[unit])
            given[unit] = int(value) if str(value).isdecimal() else value
            if type(given[unit]) is not int or given[unit] >= 2**31:
                raise errors.InvalidDataIdError(f"{unit} {value!r} is no number, and nobody's name")
        return DataId({unit: given[unit] for unit in units})


def moment(given: datetime | str) -> datetime:
    with suppress(ValueError):
        time = datetime.fromisoformat(str(given))
        if time.tzinfo is not None:
            return time
    raise errors.InvalidDataIdError(f"{given!r} isn't a time with a zone")


class LookupAlone(Registry):
    name = "dicts"

    def __init__(self, contents: Contents) -> None:
        self._lookup = DictLookup(contents)

    @property
    def lookup(self) -> Lookup:
        return self._lookup
