"""The private tables of a registry.

They are written with the base registry's schema name, ``butler_internal``;
`registry_tables` gives them for another registry. Users never see them: the
views in ``db/views`` are the contract. Comments here are the one place where
a column is explained; the views inherit them by column name.
"""

from __future__ import annotations

from sqlalchemy import MetaData

# Each of these adds its tables to the metadata.
from butler.schema.tables import (
    calibrations,
    collections,
    counts,
    database,
    datasets,
    overlaps,
    provenance,
    units,
)
from butler.schema.tables.conventions import BASE, COMMON, IDS, NAMING, SRID, Letter, metadata

__all__ = [
    "BASE",
    "COMMON",
    "IDS",
    "SRID",
    "Letter",
    "calibrations",
    "collections",
    "counts",
    "database",
    "datasets",
    "metadata",
    "overlaps",
    "provenance",
    "registry_tables",
    "units",
]


def registry_tables(schema: str) -> MetaData:
    """Give the tables of a layer.

    Parameters
    ----------
    schema : `str`
        Its private schema, such as ``mydb_alice_internal``.

    Returns
    -------
    tables : `sqlalchemy.MetaData`
        The tables without those that the whole database shares, without the
        foreign keys that may reach into a lower layer, and without comments:
        ``copy_comments`` gives them all at once.
    """
    copies = MetaData(naming_convention=NAMING)
    for table in metadata.sorted_tables:
        if table.schema == COMMON:
            continue
        copy = table.to_metadata(
            copies,
            schema=schema,
            referred_schema_fn=lambda _table, _schema, _key, _referred: schema,
        )
        copy.comment = None
        for column in copy.columns:
            column.comment = None
        for key in [c for c in copy.foreign_key_constraints if c.info.get("across layers")]:
            copy.constraints.discard(key)
            for element in key.elements:
                element.parent.foreign_keys.discard(element)
                copy.foreign_keys.discard(element)
    return copies
