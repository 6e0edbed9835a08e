"""What overlaps what on the sky, kept by triggers on the units that have regions."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, PrimaryKeyConstraint, Table, Text

from butler.schema.tables.conventions import GROWING, metadata, within

sensor_patch_overlap = Table(
    "sensor_patch_overlap",
    metadata,
    Column("observed_sensor_id", BigInteger),
    Column("patch_id", BigInteger),
    PrimaryKeyConstraint("observed_sensor_id", "patch_id", name="pk_sensor_patch_overlap"),
    # With the sensor too, so that the pairs of a tract are read from the index alone.
    Index("ix_sensor_patch_overlap_patch", "patch_id", "observed_sensor_id"),
    postgresql_with=GROWING,
    comment="Which observed sensors overlap which patches; kept by triggers on both.",
)

visit_tract_overlap = Table(
    "visit_tract_overlap",
    metadata,
    Column("camera", Text),
    Column("visit", BigInteger),
    Column("skymap", Text),
    Column("tract", Integer),
    PrimaryKeyConstraint("camera", "visit", "skymap", "tract", name="pk_visit_tract_overlap"),
    within("fk_visit_tract_overlap_visit", ["camera", "visit"], "visit"),
    within("fk_visit_tract_overlap_tract", ["skymap", "tract"], "tract"),
    Index("ix_visit_tract_overlap_tract", "skymap", "tract", "camera", "visit"),
    postgresql_with=GROWING,
    comment="Which visits overlap a patch of which tracts; kept by the triggers that keep sensor_patch_overlap.",
)

# Without foreign keys: a patch that is deleted would be refused before the trigger takes its pairs away.
visit_patch_overlap = Table(
    "visit_patch_overlap",
    metadata,
    Column("camera", Text),
    Column("visit", BigInteger),
    Column("skymap", Text),
    Column("tract", Integer),
    Column("patch", Integer),
    PrimaryKeyConstraint("camera", "visit", "skymap", "tract", "patch", name="pk_visit_patch_overlap"),
    Index("ix_visit_patch_overlap_patch", "skymap", "tract", "patch", "camera", "visit"),
    postgresql_with=GROWING,
    comment="Which visits overlap which patches; kept by the triggers that keep sensor_patch_overlap.",
)
