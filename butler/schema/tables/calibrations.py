"""Which calibration is valid when, and when that was believed."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import (
    TSRANGE,
    TSTZRANGE,
    UUID,
    ExcludeConstraint,
)

from butler.schema.tables.conventions import COMMON, GROWING, SMALL, across, metadata, next_id, within
from butler.units import UNITS

_TIMELESS = ", ".join(
    f"NULL::{unit.sql_type}" if unit.name in ("visit", "snap", "visit_range") else unit.name
    for unit in UNITS.values()
)
"""The units of a key. Visits are none of them: for which a calibration is valid, its range of time says."""

calibration_key = Table(
    "calibration_key",
    metadata,
    Column(
        "calibration_key_id",
        BigInteger,
        server_default=next_id("calibration_key_id"),
        comment="Short for collection, type and data ID.",
    ),
    Column("collection_id", BigInteger, nullable=False),
    Column("sky_pixel", BigInteger),
    Column("dataset_type_id", Integer, nullable=False),
    Column("sensor", Integer),
    Column("tract", Integer),
    Column("patch", Integer),
    Column(
        "unit_mask",
        SmallInteger,
        Computed(f"{COMMON}.unit_mask({_TIMELESS})", persisted=True),
        nullable=False,
        comment="The units present, one bit each: those of the dataset type.",
    ),
    Column(
        "digest",
        UUID,
        Computed(f"{COMMON}.data_id_digest({_TIMELESS})", persisted=True),
        nullable=False,
        comment="That of the datasets with this data ID.",
    ),
    Column("camera", Text),
    Column("abstract_filter", Text),
    Column("physical_filter", Text),
    Column("skymap", Text),
    Column("label", Text),
    PrimaryKeyConstraint("calibration_key_id", name="pk_calibration_key"),
    UniqueConstraint("collection_id", "dataset_type_id", "digest", name="uq_calibration_key"),
    within("fk_calibration_key_collection", ["collection_id"], "collection"),
    across("fk_calibration_key_dataset_type", ["dataset_type_id", "unit_mask"], "dataset_type"),
    across("fk_calibration_key_camera", ["camera"], "camera"),
    across("fk_calibration_key_abstract_filter", ["abstract_filter"], "abstract_filter"),
    across("fk_calibration_key_physical_filter", ["camera", "physical_filter"], "physical_filter"),
    across("fk_calibration_key_physical_sensor", ["camera", "sensor"], "physical_sensor"),
    across("fk_calibration_key_skymap", ["skymap"], "skymap"),
    across("fk_calibration_key_tract", ["skymap", "tract"], "tract"),
    across("fk_calibration_key_patch", ["skymap", "tract", "patch"], "patch"),
    across("fk_calibration_key_sky_pixel", ["sky_pixel"], "sky_pixel"),
    across("fk_calibration_key_label", ["label"], "label"),
    Index("ix_calibration_key_dataset_type", "dataset_type_id", "unit_mask"),
    Index("ix_calibration_key_camera", "camera", "sensor", "physical_filter"),
    postgresql_with=SMALL,
    comment="What a calibration look-up asks for, but for the time.",
)

calibration = Table(
    "calibration",
    metadata,
    Column(
        "calibration_id", BigInteger, server_default=next_id("calibration_id"), comment="Of one assertion."
    ),
    Column("calibration_key_id", BigInteger, nullable=False),
    Column("dataset_id", UUID, comment="What is valid; null where it is known that there is nothing."),
    Column(
        "valid",
        TSRANGE,
        nullable=False,
        comment="Observation times that it applies to, half open; without a bound where it has no end. Time scale: TAI.",
    ),
    Column(
        "known",
        TSTZRANGE,
        nullable=False,
        comment="From when to when this was believed, UTC, half open; without an upper bound while it is.",
    ),
    Column("actor", Text, nullable=False, comment="The database role that said so."),
    Column("reason", Text, nullable=False, server_default="", comment="Why."),
    PrimaryKeyConstraint("calibration_id", name="pk_calibration"),
    within("fk_calibration_key", ["calibration_key_id"], "calibration_key"),
    across("fk_calibration_dataset", ["dataset_id"], "dataset"),
    # Of what is believed now: by upper_inf() here, by known @> 'infinity'::timestamptz in queries, so that its index
    # serves none of them. The planner would take it for all keys of a moment, for which
    # ix_calibration_valid_known is made.
    ExcludeConstraint(
        ("calibration_key_id", "="),
        ("valid", "&&"),
        using="gist",
        name="ex_calibration_valid",
        where=text("upper_inf(known)"),
    ),
    # No bound is written 'infinity', so that the two ways to say now are one. Half open; and within what
    # Python's datetime can hold.
    CheckConstraint(
        "NOT isempty(valid) AND (lower_inf(valid) OR lower_inc(valid)) AND NOT upper_inc(valid)"
        " AND lower(valid) >= '0001-01-01' AND upper(valid) <= '9999-12-31'",
        name="ck_calibration_valid",
    ),
    CheckConstraint(
        "NOT isempty(known) AND lower_inc(known) AND NOT upper_inc(known)"
        " AND isfinite(lower(known)) AND isfinite(upper(known))",
        name="ck_calibration_known",
    ),
    CheckConstraint("dataset_id IS NOT NULL OR reason <> ''", name="ck_calibration_reason"),
    Index(
        "ix_calibration_key_begin",
        "calibration_key_id",
        text("coalesce(lower(valid), '-infinity'::timestamp) DESC"),
    ),
    Index("ix_calibration_valid_known", "valid", "known", postgresql_using="gist"),
    Index("ix_calibration_dataset", "dataset_id"),
    postgresql_with=GROWING,
    comment="Which calibration is valid when, and when that was believed; rows come, and none goes.",
)
