"""Datasets, their types, their artifacts, and the puts in flight."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import (
    INT8RANGE,
    TSTZRANGE,
    UUID,
)

from butler.schema.tables.conventions import (
    COMMON,
    GROWING,
    SMALL,
    Letter,
    across,
    metadata,
    named,
    next_id,
    within,
)
from butler.units import UNITS, SqlType, Unit

dataset_type = Table(
    "dataset_type",
    metadata,
    Column(
        "dataset_type_id",
        Integer,
        server_default=next_id("dataset_type_id"),
        comment="Short for the name.",
    ),
    Column("dataset_type", Text, nullable=False, comment="Name of the dataset type."),
    Column(
        "storage_class",
        Text,
        nullable=False,
        comment="What Python object it is; a name known to the datastores.",
    ),
    Column("unit_mask", SmallInteger, nullable=False, comment="The units of its data IDs, one bit each."),
    Column("doc", Text, nullable=False, server_default="", comment="What it is, in a sentence."),
    PrimaryKeyConstraint("dataset_type_id", name="pk_dataset_type"),
    UniqueConstraint("dataset_type", name="uq_dataset_type_dataset_type"),
    UniqueConstraint("dataset_type_id", "unit_mask", name="uq_dataset_type_unit_mask"),
    CheckConstraint("dataset_type ~ '^[A-Za-z_][A-Za-z0-9_]{0,127}$'", name="ck_dataset_type_name"),
    CheckConstraint("storage_class ~ '^[A-Za-z_][A-Za-z0-9_]{0,127}$'", name="ck_dataset_type_storage_class"),
    postgresql_with=SMALL,
    comment="Types of datasets: the units of their data IDs, and what Python object they are.",
)

_SQL_TYPES: dict[SqlType, Any] = {
    "text": Text,
    "integer": Integer,
    "bigint": BigInteger,
    "int8range": INT8RANGE,
}
_UNITS = ", ".join(UNITS)


def _unit_column(unit: Unit) -> Column[Any]:
    return Column(unit.name, _SQL_TYPES[unit.sql_type])


def _unit_columns(*sql_types: SqlType) -> list[Column[Any]]:
    """Give the columns of the units of these types, one type after the other."""
    return [_unit_column(unit) for each in sql_types for unit in UNITS.values() if unit.sql_type == each]


def _coarse(column: str, when: str, sql_type: Any) -> Column[Any]:
    """Give the value only where no finer unit is present.

    A foreign key on it then checks just the rows that no finer key checks.
    """
    return Column(
        f"{column}_alone",
        sql_type,
        Computed(f"CASE WHEN {when} THEN {column} END", persisted=True),
        comment=f"The {column} where no finer unit is present; carries the foreign key.",
    )


# Columns lie as they are written here, each aligned to its size: wide numbers, then narrow ones, then
# what has no alignment. In the order of the units, 16 bytes of each row would be padding.
dataset = Table(
    "dataset",
    metadata,
    Column("dataset_id", UUID, comment="Unique in every registry; its first bits are the time it was made."),
    Column(
        "created",
        DateTime(timezone=True),
        nullable=False,
        comment="Transaction time of its registration, UTC.",
    ),
    Column("quantum_id", UUID, comment="The quantum that made it, if any."),
    *_unit_columns("bigint"),
    Column("run_id", Integer, nullable=False),
    Column("dataset_type_id", Integer, nullable=False),
    *_unit_columns("integer"),
    Column(
        "unit_mask",
        SmallInteger,
        Computed(f"{COMMON}.unit_mask({_UNITS})", persisted=True),
        nullable=False,
        comment="The units present, one bit each.",
    ),
    Column(
        "digest",
        UUID,
        Computed(f"{COMMON}.data_id_digest({_UNITS})", persisted=True),
        nullable=False,
        comment="Equal for the same data ID in any registry.",
    ),
    *_unit_columns("text", "int8range"),
    Column(
        "state",
        Letter,
        nullable=False,
        server_default="present",
        comment="present, unstored (its bytes are gone on purpose) or removed (its name is free again).",
    ),
    Column("changed", DateTime(timezone=True), comment="When its state last changed, UTC; null if never."),
    Column("changed_by", Text, comment="The database role that changed its state."),
    Column(
        "trashed",
        Boolean,
        comment="Whether its files are in the trash since it was unstored or removed; null if they never were.",
    ),
    Column("change_reason", Text, comment="Why its state was changed."),
    _coarse(
        "camera", "visit IS NULL AND sensor IS NULL AND physical_filter IS NULL AND visit_range IS NULL", Text
    ),
    _coarse("visit", "sensor IS NULL AND snap IS NULL", BigInteger),
    _coarse("sensor", "visit IS NULL", Integer),
    _coarse("skymap", "tract IS NULL", Text),
    _coarse("tract", "patch IS NULL", Integer),
    PrimaryKeyConstraint("dataset_id", name="pk_dataset"),
    within("fk_dataset_run", ["run_id"], "run"),
    across("fk_dataset_dataset_type", ["dataset_type_id", "unit_mask"], "dataset_type"),
    within("fk_dataset_quantum", ["quantum_id"], "quantum"),
    across("fk_dataset_camera", ["camera_alone"], "camera", ["camera"]),
    across("fk_dataset_abstract_filter", ["abstract_filter"], "abstract_filter"),
    across("fk_dataset_physical_filter", ["camera", "physical_filter"], "physical_filter"),
    across("fk_dataset_physical_sensor", ["camera", "sensor_alone"], "physical_sensor", ["camera", "sensor"]),
    across("fk_dataset_visit", ["camera", "visit_alone"], "visit", ["camera", "visit"]),
    across("fk_dataset_observed_sensor", ["camera", "visit", "sensor"], "observed_sensor"),
    across("fk_dataset_snap", ["camera", "visit", "snap"], "snap"),
    across("fk_dataset_visit_range", ["camera", "visit_range"], "visit_range"),
    across("fk_dataset_skymap", ["skymap_alone"], "skymap", ["skymap"]),
    across("fk_dataset_tract", ["skymap", "tract_alone"], "tract", ["skymap", "tract"]),
    across("fk_dataset_patch", ["skymap", "tract", "patch"], "patch"),
    across("fk_dataset_sky_pixel", ["sky_pixel"], "sky_pixel"),
    across("fk_dataset_label", ["label"], "label"),
    CheckConstraint("state IN ('present', 'unstored', 'removed')", name="ck_dataset_state"),
    CheckConstraint("(state = 'present') OR changed IS NOT NULL", name="ck_dataset_changed"),
    CheckConstraint("(state <> 'present') OR trashed IS NOT TRUE", name="ck_dataset_trashed"),
    # What was removed stays for reads as of a time, and may be many times what is there. So there are two indexes
    # for each way in which datasets are found: one for reads of now, and one of what is gone.
    Index(
        "uq_dataset_run_type_digest",
        "run_id",
        "dataset_type_id",
        "digest",
        unique=True,
        postgresql_where=text("state <> 'removed'"),
    ),
    Index(
        "ix_dataset_removed",
        "run_id",
        "dataset_type_id",
        "digest",
        postgresql_where=text("state = 'removed'"),
    ),
    Index(
        "ix_dataset_camera",
        "dataset_type_id",
        "camera",
        "visit",
        "run_id",
        postgresql_where=text("camera IS NOT NULL AND state <> 'removed'"),
    ),
    # With what is unstored, which the view removal has, too.
    Index(
        "ix_dataset_camera_removal",
        "dataset_type_id",
        "camera",
        "visit",
        "run_id",
        postgresql_where=text("camera IS NOT NULL AND state <> 'present'"),
    ),
    Index(
        "ix_dataset_skymap",
        "dataset_type_id",
        "skymap",
        "tract",
        "patch",
        postgresql_where=text("skymap IS NOT NULL AND state <> 'removed'"),
    ),
    Index(
        "ix_dataset_skymap_removal",
        "dataset_type_id",
        "skymap",
        "tract",
        "patch",
        postgresql_where=text("skymap IS NOT NULL AND state <> 'present'"),
    ),
    Index("ix_dataset_quantum", "quantum_id", postgresql_where=text("quantum_id IS NOT NULL")),
    Index("ix_dataset_removal", "trashed", "changed", postgresql_where=text("state <> 'present'")),
    # Datasets lie in the order in which they were put: of 32 pages, some two thousand, it keeps the first time and the last.
    Index(
        "ix_dataset_created",
        "created",
        postgresql_using="brin",
        postgresql_with={"pages_per_range": 32, "autosummarize": "on"},
    ),
    postgresql_with=GROWING,
    comment="Datasets: one discrete data structure that was stored, with its data ID.",
)

datastore = Table(
    "datastore",
    metadata,
    Column(
        "datastore_id", Integer, server_default=next_id("artifact_store_id"), comment="Short for the name."
    ),
    Column("datastore", Text, nullable=False, comment="Name of the datastore."),
    Column(
        "root", Text, nullable=False, comment="URI that the paths in it are relative to; ends with a slash."
    ),
    Column(
        "mark",
        UUID,
        nullable=False,
        server_default=text("gen_random_uuid()"),
        comment="What the mark in the root must say; another one each time that it is set.",
    ),
    Column(
        "marked",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("clock_timestamp()"),
        comment="When the mark was last set, UTC: what lies in the root from before may be of another time of the registry.",
    ),
    PrimaryKeyConstraint("datastore_id", name="pk_datastore"),
    UniqueConstraint("datastore", name="uq_datastore_datastore"),
    named("datastore", "datastore"),
    # One place has one spelling, as far as the spelling tells.
    CheckConstraint(
        "root ~ '^[a-z][a-z0-9+.-]*:.*/$' AND root !~ '[[:cntrl:]]' AND root !~ '/[.]{1,2}/' AND root !~ ':///*[^/]*/.*//'"
        " AND root !~ '^file:////' AND octet_length(root) <= 2048",
        name="ck_datastore_root",
    ),
    postgresql_with=SMALL,
    comment="Places that hold artifacts.",
)

_NEEDLESS = r"\x25(2[BCDF]|3[0-9D]|4[0-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])"
"""Percent-encoded characters that need not be encoded."""

artifact = Table(
    "artifact",
    metadata,
    Column("dataset_id", UUID),
    Column("size", BigInteger, nullable=False, comment="Length. Unit: byte."),
    Column("datastore_id", Integer),
    Column("sha256", LargeBinary, nullable=False, comment="SHA-256 of its bytes."),
    Column(
        "component", Text, server_default="", comment="Which component it holds; empty for the whole dataset."
    ),
    Column("formatter", Text, nullable=False, comment="Name of the formatter that wrote it and reads it."),
    Column(
        "path",
        Text,
        nullable=False,
        comment="Percent-encoded, relative to the datastore's root, {} for the dataset's id; or a whole URI."
        " What follows a # is the part of the file.",
    ),
    Column(
        "state",
        Letter,
        nullable=False,
        server_default="present",
        comment="present; lost, as verify found; or deleting: its bytes are being deleted.",
    ),
    PrimaryKeyConstraint("dataset_id", "datastore_id", "component", name="pk_artifact"),
    within("fk_artifact_dataset", ["dataset_id"], "dataset"),
    across("fk_artifact_datastore", ["datastore_id"], "datastore"),
    CheckConstraint("state IN ('present', 'lost', 'deleting')", name="ck_artifact_state"),
    CheckConstraint("size >= 0", name="ck_artifact_size"),
    CheckConstraint("octet_length(sha256) = 32", name="ck_artifact_sha256"),
    CheckConstraint(
        "component !~ '[[:cntrl:]]' AND octet_length(component) <= 255", name="ck_artifact_component"
    ),
    CheckConstraint(
        "formatter !~ '[[:cntrl:]]' AND octet_length(formatter) BETWEEN 1 AND 255",
        name="ck_artifact_formatter",
    ),
    CheckConstraint(
        # \x25 is the percent sign: nothing of a path is hidden in an escape.
        r"path <> '' AND path !~ '[[:cntrl:]]' AND path !~ '(^|[/#])[.]{1,2}([/#]|$)'"
        # Written out: claims_of_files relies on that.
        r" AND octet_length(replace(path, '{}', repeat('0', 32))) <= 4096"
        # A file, and none of which the datastore makes itself.
        r" AND path !~ '/(#|$)' AND path !~ '^[.]butler-datastore[.]json(#|$)'"
        r" AND path !~* '\x25(00|2e|2f)'"
        r" AND (path ~ '^file:///[^/#]' OR path ~ '^[a-z][a-z0-9+.-]*://[^/@#]+/[^/#]'"
        r" OR path !~ '(^/|//|:)')",
        name="ck_artifact_path",
    ),
    # One file inside a datastore has one spelling; {} is the dataset's id (functions/lookup/artifact_path.sql).
    CheckConstraint(
        r"path ~ '^[a-z][a-z0-9+.-]*:[^{}]*$'"
        r" OR (split_part(path, '#', 1) ~ '^([A-Za-z0-9_.~/+,=@-]|[{][}]|\x25[0-9A-F]{2})+$'"
        rf" AND path !~ '{_NEEDLESS}')",
        name="ck_artifact_spelling",
    ),
    # A # in a file's own name is %23: what follows one names a part, and has one spelling, too.
    CheckConstraint(
        r"strpos(path, '#') = 0 OR (path ~ '^[^#]+#([A-Za-z0-9_.~/+,=@-]|\x25[0-9A-F]{2})+$'"
        rf" AND split_part(path, '#', 2) !~ '{_NEEDLESS}' AND octet_length(split_part(path, '#', 2)) <= 255)",
        name="ck_artifact_part",
    ),
    Index("ix_artifact_deleting", "dataset_id", postgresql_where=text("state = 'deleting'")),
    # A file of a put has its dataset's id in its name, and is found by that. Only the others, which may be shared or are
    # whole URIs, are looked up by the path of the file, of whatever part; and whether any of its parts is being deleted.
    Index(
        "ix_artifact_path",
        text("hashtextextended(split_part(path, '#', 1), 0)"),
        "state",
        postgresql_where=text("strpos(path, '{}') = 0"),
    ),
    # Of parts of files, whose bytes storage_use adds up by their files. How many paths match something the planner
    # knows from the histogram of paths; of the place of a letter it would say a third of all.
    Index(
        "ix_artifact_part",
        "dataset_id",
        postgresql_where=text("path ~ '#'"),
    ),
    postgresql_with=GROWING,
    comment="Stored pieces of datasets: which file holds what.",
)

artifact_loss = Table(
    "artifact_loss",
    metadata,
    Column("dataset_id", UUID),
    Column("datastore_id", Integer),
    Column("component", Text),
    Column("fault", Text, nullable=False, comment="What was found: missing, size or sha256."),
    Column("found", DateTime(timezone=True), nullable=False, comment="When it was found, UTC."),
    Column("found_by", Text, nullable=False, comment="The database role that found it."),
    PrimaryKeyConstraint("dataset_id", "datastore_id", "component", name="pk_artifact_loss"),
    within("fk_artifact_loss_dataset", ["dataset_id"], "dataset"),
    CheckConstraint("fault IN ('missing', 'size', 'sha256')", name="ck_artifact_loss_fault"),
    postgresql_with=SMALL,
    comment="Artifacts that were found not to be what was written: when, and by whom.",
)

verify_position = Table(
    "verify_position",
    metadata,
    Column("datastore_id", Integer),
    Column("dataset_id", UUID, comment="The last one compared; null after the end."),
    Column("component", Text, nullable=False, comment="Of its artifacts, the last one compared."),
    Column("moved", DateTime(timezone=True), nullable=False, comment="When it was compared, UTC."),
    Column("moved_by", Text, nullable=False, comment="The database role that compared it."),
    Column("completed", DateTime(timezone=True), comment="When the end was last reached, UTC."),
    PrimaryKeyConstraint("datastore_id", name="pk_verify_position"),
    across("fk_verify_position_datastore", ["datastore_id"], "datastore"),
    postgresql_with=SMALL,
    comment="How far an incremental verify has come in each datastore.",
)

dataset_tag = Table(
    "dataset_tag",
    metadata,
    Column("collection_id", BigInteger, nullable=False),
    Column("dataset_id", UUID, nullable=False),
    Column("dataset_type_id", Integer, nullable=False),
    Column("digest", UUID, nullable=False),
    Column("known", TSTZRANGE, nullable=False, comment="From when to when it was in the collection, UTC."),
    within("fk_dataset_tag_collection", ["collection_id"], "collection"),
    across("fk_dataset_tag_dataset", ["dataset_id"], "dataset"),
    CheckConstraint("NOT isempty(known) AND NOT lower_inf(known)", name="ck_dataset_tag_known"),
    Index(
        "uq_dataset_tag_now",
        "collection_id",
        "dataset_type_id",
        "digest",
        unique=True,
        postgresql_where=text("upper_inf(known)"),
    ),
    Index("ix_dataset_tag_collection", "collection_id", "dataset_type_id", "digest"),
    Index("ix_dataset_tag_dataset", "dataset_id"),
    postgresql_with=GROWING,
    comment="Members of tagged collections, now and before.",
)
