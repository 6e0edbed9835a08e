"""Which calibration is valid when, and when that was believed."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
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

from butler.schema.tables.conventions import across, metadata, next_id, within

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
    Column("dataset_type_id", Integer, nullable=False),
    Column("digest", UUID, nullable=False),
    PrimaryKeyConstraint("calibration_key_id", name="pk_calibration_key"),
    UniqueConstraint("collection_id", "dataset_type_id", "digest", name="uq_calibration_key"),
    within("fk_calibration_key_collection", ["collection_id"], "collection"),
    across("fk_calibration_key_dataset_type", ["dataset_type_id"], "dataset_type"),
    Index("ix_calibration_key_dataset_type", "dataset_type_id"),
    comment="What a calibration look-up asks for, but for the time.",
)

calibration = Table(
    "calibration",
    metadata,
    Column(
        "calibration_id", BigInteger, server_default=next_id("calibration_id"), comment="Of one assertion."
    ),
    Column("calibration_key_id", BigInteger, nullable=False),
    Column("dataset_id", UUID, nullable=False),
    Column(
        "valid",
        TSRANGE,
        nullable=False,
        comment="Observation times that it applies to, half open. Time scale: TAI.",
    ),
    Column("known", TSTZRANGE, nullable=False, comment="From when to when this was believed, UTC."),
    Column("actor", Text, nullable=False, comment="The database role that said so."),
    Column("reason", Text, nullable=False, server_default="", comment="Why."),
    PrimaryKeyConstraint("calibration_id", name="pk_calibration"),
    within("fk_calibration_key", ["calibration_key_id"], "calibration_key"),
    across("fk_calibration_dataset", ["dataset_id"], "dataset"),
    ExcludeConstraint(
        ("calibration_key_id", "="),
        ("valid", "&&"),
        using="gist",
        name="ex_calibration_valid",
        where=text("upper_inf(known)"),
    ),
    CheckConstraint("NOT isempty(valid)", name="ck_calibration_valid"),
    CheckConstraint("NOT isempty(known) AND NOT lower_inf(known)", name="ck_calibration_known"),
    Index("ix_calibration_key_begin", "calibration_key_id", text("lower(valid) DESC")),
    Index("ix_calibration_valid_known", "valid", "known", postgresql_using="gist"),
    Index("ix_calibration_dataset", "dataset_id"),
    comment="Which calibration is valid when, and when that was believed.",
)
