"""What file names say of units beside the data ID, such as the name of a visit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from butler.datastore.templates import fields_of, fill_template

__all__ = ["FileNames"]

Names: TypeAlias = Mapping[str, Any]

# In this order, as what a filter says of itself counts more than what a visit says of it.
_NAMED = ("visit", "physical_filter", "sensor")
"""Units of which a name may say more; each is of a camera."""

_OF_ALL = {"run", "dataset_type"}

_JOINED = (
    ("camera", "camera"),
    ("visit", "visit_name"),
    ("snap", "snap"),
    ("visit_range", "visit_range"),
    ("sensor", "sensor_name"),
    ("physical_filter", "physical_filter"),
    ("abstract_filter", "abstract_filter"),
    ("skymap", "skymap"),
    ("tract", "tract"),
    ("patch", "patch"),
    ("sky_pixel", "sky_pixel"),
    ("label", "label"),
)
"""Units in the order in which ``{data_id}`` joins them, and what of each."""

_MOST = 100_000
"""Units that are remembered."""


class FileNames:
    """Fills file-name templates with what the registry says of units, and is asked once a unit.

    Nothing but names of files comes of what is remembered: who renames a
    visit meanwhile finds files that are called as it was.
    """

    def __init__(self) -> None:
        self._names: dict[tuple[str, Any, Any], Names] = {}

    def knows(self, template: str, data_id: Mapping[str, Any]) -> bool:
        """Whether a template can be filled for a complete data ID without asking."""
        return _OF_ALL.issuperset(fields_of(template)) or all(key in self._names for key in _keys(data_id))

    def learn(self, data_id: Mapping[str, Any], names: Mapping[str, Names]) -> None:
        """Remember what the registry says of the units of a complete data ID, by the units."""
        if len(self._names) > _MOST:
            self._names.clear()
        for key in _keys(data_id):
            self._names[key] = names.get(key[0], {})

    def fill(self, template: str, run: str, dataset_type: str, data_id: Mapping[str, Any]) -> str:
        """Fill a template for a complete data ID of which it `knows` enough.

        Raises
        ------
        InvalidNameError
            If it has a field that the dataset hasn't, or gives no file name.
        """
        fields: dict[str, Any] = {}
        for key in _keys(data_id):
            fields.update(self._names.get(key, {}))
        joined = [
            str(fields.get(named, data_id[unit])) if named != unit else str(data_id[unit])
            for unit, named in _JOINED
            if unit in data_id
        ]
        fields.update(data_id)
        fields.update(run=run, dataset_type=dataset_type, data_id="_".join(joined))
        return fill_template(template, fields)


def _keys(data_id: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for unit in _NAMED:
        if unit in data_id:
            yield unit, data_id["camera"], data_id[unit]
