"""What the private tables have in common: schemas, names, ids, and the two sorts of foreign key.

A foreign key whose target may lie in a lower layer is marked ``across
layers``: the base has it as a constraint, a layer checks it by trigger
(``db/common/make_reference_checks.sql``).
"""

from __future__ import annotations

from typing import Any

from geoalchemy2 import Geography
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    Double,
    ForeignKeyConstraint,
    MetaData,
    Sequence,
    text,
)
from sqlalchemy.types import UserDefinedType

BASE = "butler_internal"
"""Private schema of the base registry."""

COMMON = "butler_common"
"""Schema of what all registries of a database have in common: their list, the units, leap seconds, ids."""

SRID = 104047
"""PostGIS's own sphere of R = 6371008.7714 m: 1 degree is 111195.0797 m."""

NAMING = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(referred_table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}

SMALL = {"autovacuum_analyze_threshold": "0"}
"""Of a table that may never have fifty rows, which are as many as PostgreSQL waits for before it looks at them.

Unseen, three dataset types are taken for hundreds, and what a visit has of
each is no longer looked up type by type.
"""

GROWING = {
    **SMALL,
    "autovacuum_analyze_scale_factor": "0.02",
    "autovacuum_vacuum_scale_factor": "0.05",
    "autovacuum_vacuum_insert_scale_factor": "0.05",
}
"""Of a table that grows with the survey: a tenth of ten million is more than any night brings."""

metadata = MetaData(schema=BASE, naming_convention=NAMING)

# Ids come from sequences shared by all registries of a database, so that the
# union of two layers never meets the same id twice.
IDS = [
    Sequence(name, schema=COMMON, metadata=metadata, data_type=BigInteger)
    for name in (
        "activity_id",
        "artifact_store_id",
        "calibration_id",
        "calibration_key_id",
        "collection_id",
        "dataset_type_id",
        "execution_id",
        "observed_sensor_id",
        "patch_id",
        "run_id",
    )
]


class Letter(UserDefinedType[str]):
    """PostgreSQL's ``"char"``: one byte, without a length and without alignment.

    A literal of this type is cut to its first letter, so that a state is
    written by its name, ``state = 'removed'``, and stored as ``r``.
    """

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Give the name of the type, as DDL has it."""
        return '"char"'


def next_id(sequence: str) -> Any:
    return text(f"nextval('{COMMON}.{sequence}')")


def region(comment: str) -> Column[Any]:
    return Column(
        "region",
        Geography("POLYGON", srid=SRID, spatial_index=False),
        comment=comment + " UCD: pos.outline;obs.field",
    )


def center(
    of: str = "the centre of the region", boresight: tuple[str, str] | None = None
) -> list[Column[Any]]:
    """Give the columns ra and dec, computed as the region is written: to read them costs nothing.

    The functions are those of the whole database, as a revision takes the contract's away.
    """
    ra, dec = (f"{COMMON}.center_{name}(region)" for name in ("ra", "dec"))
    if boresight:
        ra, dec = (f"coalesce({given}, {made})" for given, made in zip(boresight, (ra, dec), strict=True))
    return [
        Column(
            "ra",
            Double,
            Computed(ra, persisted=True),
            comment=f"Right ascension of {of}, ICRS, from 0 to below 360. Unit: deg. UCD: pos.eq.ra",
        ),
        Column(
            "dec",
            Double,
            Computed(dec, persisted=True),
            comment=f"Declination of {of}, ICRS. Unit: deg. UCD: pos.eq.dec",
        ),
    ]


def across(
    name: str, columns: list[str], target: str, target_columns: list[str] | None = None
) -> ForeignKeyConstraint:
    """Build a foreign key whose target may lie in a lower layer."""
    return ForeignKeyConstraint(
        columns,
        [f"{BASE}.{target}.{c}" for c in target_columns or columns],
        name=name,
        info={"across layers": True},
    )


def within(
    name: str, columns: list[str], target: str, target_columns: list[str] | None = None
) -> ForeignKeyConstraint:
    """Build a foreign key whose target always lies in the same registry."""
    return ForeignKeyConstraint(
        columns, [f"{BASE}.{target}.{c}" for c in target_columns or columns], name=name
    )


def named(column: str, table: str) -> CheckConstraint:
    """Refuse a name that is empty, too long, has blanks at its ends or a control character."""
    return CheckConstraint(
        f"{column} <> '' AND octet_length({column}) <= 255 AND {column} !~ '[[:cntrl:]]'"
        f" AND {column} !~ '^[[:space:]]' AND {column} !~ '[[:space:]]$'",
        name=f"ck_{table}_name",
    )
