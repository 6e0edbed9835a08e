"""How much there is of what, kept as datasets and artifacts come, change and go."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    Table,
)

from butler.schema.tables.conventions import GROWING, Letter, metadata


def _counted() -> list[Column[Any]]:
    """Give the columns that what is counted has, whether it is added up already or not."""
    return [
        Column("datasets", BigInteger, nullable=False, comment="How many datasets."),
        Column(
            "artifacts",
            BigInteger,
            nullable=False,
            comment="How many stored pieces; of datasets themselves, how many have one that isn't being deleted.",
        ),
        Column("created", DateTime(timezone=True), comment="When the last of the datasets came, UTC."),
        Column("run_id", Integer, nullable=False),
        Column("dataset_type_id", Integer, nullable=False),
        Column(
            "datastore_id",
            Integer,
            nullable=False,
            autoincrement=False,
            comment="Where the pieces are; 0 for the datasets themselves.",
        ),
        Column(
            "state",
            Letter,
            nullable=False,
            comment="present, lost or trashed, not what is claimed to be deleted; of datasets themselves present,"
            " unstored or removed.",
        ),
        Column("in_place", Boolean, nullable=False, comment="Whether they are files that lie elsewhere."),
        Column("bytes", Numeric, nullable=False, comment="Length of files that aren't in parts. Unit: byte."),
    ]


# A put writes here: no key, no index, no check, and no row that another one waits for.
storage_change = Table(
    "storage_change",
    metadata,
    *_counted(),
    postgresql_with=GROWING,
    comment="What is more or, if negative, less of each kind by each change: the counts are storage_total and these.",
)

storage_total = Table(
    "storage_total",
    metadata,
    *_counted(),
    PrimaryKeyConstraint(
        "run_id", "dataset_type_id", "datastore_id", "state", "in_place", name="pk_storage_total"
    ),
    postgresql_with=GROWING,
    comment="The changes of storage that fold_storage_use has added up.",
)
