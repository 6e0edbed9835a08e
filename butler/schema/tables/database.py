"""Tables that all registries of a database have in common."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Interval,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import (
    ARRAY,
)

from butler.schema.tables.conventions import COMMON, SMALL, metadata

installation = Table(
    "installation",
    metadata,
    Column("one_row", Boolean, primary_key=True, server_default=text("true"), comment="There is one row."),
    Column("role_prefix", Text, nullable=False, comment="Roles are named <prefix>_owner, _writer, _reader."),
    Column(
        "created",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("clock_timestamp()"),
        comment="When the database was initialised, UTC.",
    ),
    Column(
        "trash_delay",
        Interval,
        nullable=False,
        server_default=text("'7 days'"),
        comment="For how long what was unstored or removed can be restored.",
    ),
    Column(
        "grace_period",
        Interval,
        nullable=False,
        server_default=text("'7 days'"),
        comment="For how long files that no dataset has yet may belong to a put in flight.",
    ),
    Column(
        "oldest_client",
        Text,
        nullable=False,
        comment="Clients made for this revision of the schema, or a later one, are served.",
    ),
    CheckConstraint("one_row", name="ck_installation_one_row"),
    CheckConstraint("oldest_client ~ '^[0-9]{4}$'", name="ck_installation_oldest_client"),
    CheckConstraint("trash_delay >= interval '0'", name="ck_installation_trash_delay"),
    CheckConstraint("grace_period >= interval '1 hour'", name="ck_installation_grace_period"),
    schema=COMMON,
    postgresql_with=SMALL,
    comment="What was decided when this database was initialised.",
)

registry = Table(
    "registry",
    metadata,
    Column("registry", Text, primary_key=True, comment="Name of the registry's public schema."),
    Column("base", Text, comment="The registry that it is a layer over; null for the base."),
    Column(
        "depth", SmallInteger, nullable=False, comment="0 for the base, 1 for a layer over it, and so on."
    ),
    Column("owner", Text, nullable=False, comment="The database role that it was made for."),
    Column(
        "created",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("clock_timestamp()"),
        comment="When it was made, UTC.",
    ),
    ForeignKeyConstraint(["base"], [f"{COMMON}.registry.registry"], name="fk_registry_base"),
    CheckConstraint("registry ~ '^[a-z][a-z0-9_]{0,53}$'", name="ck_registry_name"),
    CheckConstraint("(base IS NULL) = (depth = 0)", name="ck_registry_depth"),
    schema=COMMON,
    postgresql_with=SMALL,
    comment="The registries of this database: the base, and the layers over it.",
)

leap_second = Table(
    "leap_second",
    metadata,
    Column("since_utc", DateTime, primary_key=True, comment="From when on the difference holds, UTC."),
    Column("tai_minus_utc", Integer, nullable=False, comment="Seconds by which TAI is ahead of UTC."),
    Column(
        "since_tai",
        DateTime,
        Computed("since_utc + make_interval(secs => tai_minus_utc)", persisted=True),
        comment="The same moment, TAI.",
    ),
    CheckConstraint("tai_minus_utc > 0", name="ck_leap_second_positive"),
    Index("ix_leap_second_since_tai", "since_tai"),
    schema=COMMON,
    postgresql_with=SMALL,
    comment="Leap seconds, as published by the IERS in Bulletin C; before 1972 the first value is used.",
)

unit = Table(
    "unit",
    metadata,
    Column(
        "unit", Text, primary_key=True, comment="Short name, the same in data IDs, SQL and the command line."
    ),
    Column(
        "position",
        SmallInteger,
        nullable=False,
        comment="Order in which units are written; also its mask bit.",
    ),
    Column("value_type", Text, nullable=False, comment="What its values are: text, integer or range."),
    Column("view", Text, nullable=False, comment="The view that lists its values."),
    Column("requires", ARRAY(Text), nullable=False, comment="Units without which its values mean nothing."),
    Column("doc", Text, nullable=False, comment="What it is."),
    UniqueConstraint("position", name="uq_unit_position"),
    CheckConstraint("value_type IN ('text', 'integer', 'range')", name="ck_unit_value_type"),
    CheckConstraint("position BETWEEN 0 AND 30", name="ck_unit_position"),
    schema=COMMON,
    postgresql_with=SMALL,
    comment="The units that data IDs are made of.",
)

unit_word = Table(
    "unit_word",
    metadata,
    Column("word", Text, primary_key=True, comment="What a user may type."),
    Column("unit", Text, nullable=False, comment="The unit that it means."),
    ForeignKeyConstraint(["unit"], [f"{COMMON}.unit.unit"], name="fk_unit_word_unit"),
    Index("ix_unit_word_unit", "unit"),
    schema=COMMON,
    postgresql_with=SMALL,
    comment="Every word accepted for a unit: its short name and today's other words for it.",
)
