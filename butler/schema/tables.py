"""The private tables of a registry.

They are written with the base registry's schema name, ``butler_internal``;
`registry_tables` gives them for another registry. Users never see them: the
views in ``db/views`` are the contract. Comments here are the one place where
a column is explained; the views inherit them by column name.

A foreign key whose target may lie in a lower layer is marked ``across
layers``: the base has it as a constraint, a proxy checks it by trigger
(``db/shared/functions/check_references.sql``).
"""

from __future__ import annotations

from typing import Any

from geoalchemy2 import Geography
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Sequence,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import (
    ARRAY,
    INT8RANGE,
    JSONB,
    TSRANGE,
    TSTZRANGE,
    UUID,
    ExcludeConstraint,
)

__all__ = ["BASE", "SHARED", "SRID", "UNIT_COLUMNS", "metadata", "registry_tables"]

BASE = "butler_internal"
"""Private schema of the base registry."""

SHARED = "butler_shared"
"""Schema of what all registries of a database share: their list, the units, leap seconds, ids."""

SRID = 104047
"""PostGIS's own sphere of R = 6371008.7714 m: 1 degree is 111195.0797 m."""

NAMING = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(referred_table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}

metadata = MetaData(schema=BASE, naming_convention=NAMING)

# Ids come from sequences shared by all registries of a database, so that the
# union of two layers never meets the same id twice.
IDS = [
    Sequence(name, schema=SHARED, metadata=metadata, data_type=BigInteger)
    for name in (
        "artifact_store_id",
        "calibration_id",
        "calibration_key_id",
        "collection_id",
        "dataset_type_id",
        "execution_id",
        "observed_sensor_id",
        "patch_id",
    )
]


def _id(sequence: str) -> Any:
    return text(f"nextval('{SHARED}.{sequence}')")


def _region(comment: str) -> Column[Any]:
    return Column(
        "region",
        Geography("POLYGON", srid=SRID, spatial_index=False),
        comment=comment + " UCD: pos.outline;obs.field",
    )


def _across(
    name: str, columns: list[str], target: str, target_columns: list[str] | None = None
) -> ForeignKeyConstraint:
    """Build a foreign key whose target may lie in a lower layer."""
    return ForeignKeyConstraint(
        columns,
        [f"{BASE}.{target}.{c}" for c in target_columns or columns],
        name=name,
        info={"across layers": True},
    )


def _within(
    name: str, columns: list[str], target: str, target_columns: list[str] | None = None
) -> ForeignKeyConstraint:
    """Build a foreign key whose target always lies in the same registry."""
    return ForeignKeyConstraint(
        columns, [f"{BASE}.{target}.{c}" for c in target_columns or columns], name=name
    )


def _named(column: str, table: str) -> CheckConstraint:
    """Refuse a name that is empty, too long, has blanks at its ends or a control character."""
    return CheckConstraint(
        f"{column} <> '' AND octet_length({column}) <= 255 AND {column} !~ '[[:cntrl:]]'"
        f" AND {column} !~ '^[[:space:]]' AND {column} !~ '[[:space:]]$'",
        name=f"ck_{table}_name",
    )


# The database as a whole ------------------------------------------------------

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
    CheckConstraint("one_row", name="ck_installation_one_row"),
    schema=SHARED,
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
    ForeignKeyConstraint(["base"], [f"{SHARED}.registry.registry"], name="fk_registry_base"),
    CheckConstraint("registry ~ '^[a-z][a-z0-9_]{0,53}$'", name="ck_registry_name"),
    CheckConstraint("(base IS NULL) = (depth = 0)", name="ck_registry_depth"),
    schema=SHARED,
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
    schema=SHARED,
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
    Column("kind", Text, nullable=False, comment="What its values are: text, integer or range."),
    Column("view", Text, nullable=False, comment="The view that lists its values."),
    Column("requires", ARRAY(Text), nullable=False, comment="Units without which its values mean nothing."),
    Column("doc", Text, nullable=False, comment="What it is."),
    UniqueConstraint("position", name="uq_unit_position"),
    CheckConstraint("kind IN ('text', 'integer', 'range')", name="ck_unit_kind"),
    CheckConstraint("position BETWEEN 0 AND 30", name="ck_unit_position"),
    schema=SHARED,
    comment="The kinds of label that a data ID is made of.",
)

unit_word = Table(
    "unit_word",
    metadata,
    Column("word", Text, primary_key=True, comment="What a user may type."),
    Column("unit", Text, nullable=False, comment="The unit that it means."),
    ForeignKeyConstraint(["unit"], [f"{SHARED}.unit.unit"], name="fk_unit_word_unit"),
    Index("ix_unit_word_unit", "unit"),
    schema=SHARED,
    comment="Every word accepted for a unit: its short name and today's other words for it.",
)

# DataUnits ----------------------------------------------------------------------

abstract_filter = Table(
    "abstract_filter",
    metadata,
    Column("abstract_filter", Text, comment="Name of a pass band without a camera, such as r."),
    Column("doc", Text, nullable=False, server_default="", comment="What it is, in a sentence."),
    PrimaryKeyConstraint("abstract_filter", name="pk_abstract_filter"),
    _named("abstract_filter", "abstract_filter"),
    comment="Pass bands in general; also called bands.",
)

camera = Table(
    "camera",
    metadata,
    Column("camera", Text, comment="Name of the camera."),
    Column("doc", Text, nullable=False, server_default="", comment="What it is, in a sentence."),
    Column(
        "night_offset",
        Double,
        nullable=False,
        server_default=text("-12"),
        comment="Added to UTC before the date is taken, to name the night. Unit: h.",
    ),
    Column(
        "definition",
        JSONB,
        nullable=False,
        server_default=text("'{}'::jsonb"),
        comment="The camera file as it was read, with the map of its headers.",
    ),
    PrimaryKeyConstraint("camera", name="pk_camera"),
    _named("camera", "camera"),
    CheckConstraint("night_offset BETWEEN -24 AND 24", name="ck_camera_night_offset"),
    comment="Cameras; also called instruments.",
)

physical_filter = Table(
    "physical_filter",
    metadata,
    Column("camera", Text),
    Column("physical_filter", Text, comment="Name of a filter that the camera has."),
    Column("abstract_filter", Text, comment="The pass band that it is near to, if any."),
    Column("wavelength_min", Double, comment="Short end of the pass band. Unit: nm. UCD: em.wl;stat.min"),
    Column("wavelength_max", Double, comment="Long end of the pass band. Unit: nm. UCD: em.wl;stat.max"),
    PrimaryKeyConstraint("camera", "physical_filter", name="pk_physical_filter"),
    _within("fk_physical_filter_camera", ["camera"], "camera"),
    _across("fk_physical_filter_abstract_filter", ["abstract_filter"], "abstract_filter"),
    _named("physical_filter", "physical_filter"),
    CheckConstraint(
        "wavelength_min > 0 AND wavelength_max > wavelength_min AND wavelength_max < 1e9",
        name="ck_physical_filter_wavelength",
    ),
    Index("ix_physical_filter_abstract_filter", "abstract_filter"),
    comment="Filters that one camera has.",
)

physical_sensor = Table(
    "physical_sensor",
    metadata,
    Column("camera", Text),
    Column("sensor", Integer, comment="Number of the sensor in its camera. UCD: meta.id;instr.det"),
    Column("sensor_name", Text, nullable=False, comment="Name of the sensor in its camera."),
    Column("sensor_group", Text, comment="Raft or other group that it belongs to."),
    Column("purpose", Text, comment="Such as SCIENCE, GUIDER or WAVEFRONT."),
    Column("nx", Integer, comment="Pixels along a row."),
    Column("ny", Integer, comment="Pixels along a column."),
    Column("corners", ARRAY(Double, dimensions=2), comment="Corners in the focal plane, x and y. Unit: mm."),
    PrimaryKeyConstraint("camera", "sensor", name="pk_physical_sensor"),
    UniqueConstraint("camera", "sensor_name", name="uq_physical_sensor_sensor_name"),
    _within("fk_physical_sensor_camera", ["camera"], "camera"),
    _named("sensor_name", "physical_sensor"),
    CheckConstraint("sensor >= 0", name="ck_physical_sensor_number"),
    CheckConstraint("nx > 0 AND ny > 0", name="ck_physical_sensor_size"),
    comment="Sensors of a camera; also called detectors.",
)

visit = Table(
    "visit",
    metadata,
    Column("camera", Text),
    Column("visit", BigInteger, comment="Number of the visit, unique in its camera. UCD: meta.id;obs"),
    Column("visit_name", Text, nullable=False, comment="The observatory's own name for it."),
    Column("physical_filter", Text, comment="The filter in the beam, if any."),
    Column("obs_begin_tai", DateTime, comment="Begin of the exposure. Time scale: TAI. UCD: time.start;obs"),
    Column("obs_end_tai", DateTime, comment="End of the exposure. Time scale: TAI. UCD: time.end;obs"),
    Column(
        "exposure_time",
        Double,
        comment="Time that the shutter was open. Unit: s. UCD: time.duration;obs.exposure",
    ),
    Column(
        "dark_time", Double, comment="Time between the clears and the read-out. Unit: s. UCD: time.duration"
    ),
    Column(
        "night", Date, comment="The night that it belongs to, by the date of its evening. UCD: time.epoch;obs"
    ),
    Column("seq_num", Integer, comment="Number of the exposure in its night or sequence."),
    Column("observation_type", Text, comment="Such as science, bias, dark, flat. UCD: meta.code.class;obs"),
    Column("observation_reason", Text, comment="Why it was taken."),
    Column("target_name", Text, comment="What was pointed at. UCD: meta.id;src"),
    Column("science_program", Text, comment="The proposal or programme. UCD: meta.id;obs.proposal"),
    Column(
        "tracking_ra", Double, comment="Right ascension of the boresight, ICRS. Unit: deg. UCD: pos.eq.ra"
    ),
    Column("tracking_dec", Double, comment="Declination of the boresight, ICRS. Unit: deg. UCD: pos.eq.dec"),
    Column(
        "sky_angle",
        Double,
        comment="Angle of the camera on the sky, north through east. Unit: deg. UCD: pos.posAng",
    ),
    Column(
        "azimuth", Double, comment="Azimuth of the telescope, north through east. Unit: deg. UCD: pos.az.azi"
    ),
    Column("zenith_angle", Double, comment="Distance from the zenith. Unit: deg. UCD: pos.az.zd"),
    Column("airmass", Double, comment="Air mass. UCD: obs.airMass"),
    Column(
        "seeing",
        Double,
        comment="Width of a star, full at half maximum. Unit: arcsec. UCD: instr.obsty.seeing",
    ),
    Column("can_see_sky", Boolean, comment="Whether light from the sky could reach the sensors."),
    Column("has_simulated", Boolean, comment="Whether any of it is simulated."),
    Column("public_after", DateTime(timezone=True), comment="When it becomes public, UTC."),
    _region("Outline on the sky, ICRS; null where it didn't look at the sky."),
    Column(
        "region_derived",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Whether the region is the hull of what its sensors saw, and follows them.",
    ),
    Column(
        "extra",
        JSONB,
        nullable=False,
        server_default=text("'{}'::jsonb"),
        comment="What only this camera records; view visit_<camera> shows it as columns.",
    ),
    PrimaryKeyConstraint("camera", "visit", name="pk_visit"),
    UniqueConstraint("camera", "visit_name", name="uq_visit_visit_name"),
    _within("fk_visit_camera", ["camera"], "camera"),
    _within("fk_visit_physical_filter", ["camera", "physical_filter"], "physical_filter"),
    _named("visit_name", "visit"),
    CheckConstraint("visit >= 0", name="ck_visit_number"),
    CheckConstraint("obs_end_tai >= obs_begin_tai", name="ck_visit_times"),
    CheckConstraint("isfinite(obs_begin_tai) AND isfinite(obs_end_tai)", name="ck_visit_times_finite"),
    # NaN sorts above every number, so an upper limit refuses it too.
    CheckConstraint("exposure_time >= 0 AND exposure_time < 1e9", name="ck_visit_exposure_time"),
    CheckConstraint("dark_time >= 0 AND dark_time < 1e9", name="ck_visit_dark_time"),
    CheckConstraint("tracking_ra >= 0 AND tracking_ra < 360", name="ck_visit_tracking_ra"),
    CheckConstraint("tracking_dec BETWEEN -90 AND 90", name="ck_visit_tracking_dec"),
    CheckConstraint("sky_angle BETWEEN -360 AND 360", name="ck_visit_sky_angle"),
    CheckConstraint("azimuth BETWEEN -360 AND 360", name="ck_visit_azimuth"),
    CheckConstraint("zenith_angle BETWEEN 0 AND 180", name="ck_visit_zenith_angle"),
    CheckConstraint("airmass >= 0.99 AND airmass < 100", name="ck_visit_airmass"),
    CheckConstraint("seeing >= 0 AND seeing < 3600", name="ck_visit_seeing"),
    CheckConstraint("jsonb_typeof(extra) = 'object'", name="ck_visit_extra"),
    Index("ix_visit_physical_filter", "camera", "physical_filter"),
    Index("ix_visit_night", "camera", "night"),
    Index("ix_visit_obs_begin_tai", "obs_begin_tai"),
    Index("ix_visit_region", "region", postgresql_using="gist"),
    comment="Visits: one pointing and one opening of the shutter, biases and darks too.",
)

observed_sensor = Table(
    "observed_sensor",
    metadata,
    Column("camera", Text),
    Column("visit", BigInteger),
    Column("sensor", Integer),
    Column(
        "observed_sensor_id",
        BigInteger,
        nullable=False,
        server_default=_id("observed_sensor_id"),
        comment="Short for camera, visit and sensor.",
    ),
    _region("Outline of the sensor on the sky, ICRS."),
    PrimaryKeyConstraint("camera", "visit", "sensor", name="pk_observed_sensor"),
    UniqueConstraint("observed_sensor_id", name="uq_observed_sensor_id"),
    _within("fk_observed_sensor_visit", ["camera", "visit"], "visit"),
    _within("fk_observed_sensor_physical_sensor", ["camera", "sensor"], "physical_sensor"),
    Index("ix_observed_sensor_sensor", "camera", "sensor"),
    Index("ix_observed_sensor_region", "region", postgresql_using="gist"),
    comment="Sensors that were read in a visit.",
)

snap = Table(
    "snap",
    metadata,
    Column("camera", Text),
    Column("visit", BigInteger),
    Column("snap", Integer, comment="Number of the exposure in its visit."),
    Column("obs_begin_tai", DateTime, comment="Begin of the exposure. Time scale: TAI. UCD: time.start;obs"),
    Column("obs_end_tai", DateTime, comment="End of the exposure. Time scale: TAI. UCD: time.end;obs"),
    Column(
        "exposure_time",
        Double,
        comment="Time that the shutter was open. Unit: s. UCD: time.duration;obs.exposure",
    ),
    Column(
        "dark_time", Double, comment="Time between the clears and the read-out. Unit: s. UCD: time.duration"
    ),
    PrimaryKeyConstraint("camera", "visit", "snap", name="pk_snap"),
    _within("fk_snap_visit", ["camera", "visit"], "visit"),
    CheckConstraint("snap >= 0", name="ck_snap_number"),
    CheckConstraint("obs_end_tai >= obs_begin_tai", name="ck_snap_times"),
    CheckConstraint("exposure_time >= 0 AND exposure_time < 1e9", name="ck_snap_exposure_time"),
    CheckConstraint("dark_time >= 0 AND dark_time < 1e9", name="ck_snap_dark_time"),
    comment="Exposures of a visit that has several; also called exposures.",
)

visit_range = Table(
    "visit_range",
    metadata,
    Column("camera", Text),
    Column(
        "visit_range",
        INT8RANGE,
        comment="Visits from the first up to, not with, the last; open where it has no end.",
    ),
    PrimaryKeyConstraint("camera", "visit_range", name="pk_visit_range"),
    _within("fk_visit_range_camera", ["camera"], "camera"),
    CheckConstraint("NOT isempty(visit_range) AND NOT lower_inf(visit_range)", name="ck_visit_range_begin"),
    comment="Runs of visits by number, as calibrations before times were used.",
)

visit_pair = Table(
    "visit_pair",
    metadata,
    Column("camera_1", Text, comment="Camera of the one visit."),
    Column("visit_1", BigInteger, comment="The one visit."),
    Column("camera_2", Text, comment="Camera of the other visit."),
    Column("visit_2", BigInteger, comment="The other visit."),
    PrimaryKeyConstraint("camera_1", "visit_1", "camera_2", "visit_2", name="pk_visit_pair"),
    _across("fk_visit_pair_visit_1", ["camera_1", "visit_1"], "visit", ["camera", "visit"]),
    _across("fk_visit_pair_visit_2", ["camera_2", "visit_2"], "visit", ["camera", "visit"]),
    CheckConstraint("(camera_1, visit_1) <> (camera_2, visit_2)", name="ck_visit_pair_two"),
    Index("ix_visit_pair_visit_2", "camera_2", "visit_2"),
    comment="Visits that belong together, such as simultaneous ones of two cameras.",
)

skymap = Table(
    "skymap",
    metadata,
    Column("skymap", Text, comment="Name of the sky map."),
    Column("doc", Text, nullable=False, server_default="", comment="What it is, in a sentence."),
    Column(
        "definition",
        JSONB,
        nullable=False,
        server_default=text("'{}'::jsonb"),
        comment="How its tracts and patches were laid out.",
    ),
    Column(
        "definition_hash",
        UUID,
        Computed("md5(definition::text)::uuid", persisted=True),
        comment="Equal for the same layout under two names.",
    ),
    PrimaryKeyConstraint("skymap", name="pk_skymap"),
    _named("skymap", "skymap"),
    comment="Ways to divide the sky into tracts and patches.",
)

tract = Table(
    "tract",
    metadata,
    Column("skymap", Text),
    Column("tract", Integer, comment="Number of the tract in its sky map."),
    _region("Outline of the tract, ICRS."),
    PrimaryKeyConstraint("skymap", "tract", name="pk_tract"),
    _within("fk_tract_skymap", ["skymap"], "skymap"),
    CheckConstraint("tract >= 0", name="ck_tract_number"),
    Index("ix_tract_region", "region", postgresql_using="gist"),
    comment="Large tiles of a sky map, each with its own projection.",
)

patch = Table(
    "patch",
    metadata,
    Column("skymap", Text),
    Column("tract", Integer),
    Column("patch", Integer, comment="Number of the patch in its tract."),
    Column(
        "patch_id",
        BigInteger,
        nullable=False,
        server_default=_id("patch_id"),
        comment="Short for skymap, tract and patch.",
    ),
    Column("cell_x", Integer, comment="Column of the patch in its tract."),
    Column("cell_y", Integer, comment="Row of the patch in its tract."),
    _region("Outline of the patch, ICRS."),
    PrimaryKeyConstraint("skymap", "tract", "patch", name="pk_patch"),
    UniqueConstraint("patch_id", name="uq_patch_id"),
    _within("fk_patch_tract", ["skymap", "tract"], "tract"),
    CheckConstraint("patch >= 0", name="ck_patch_number"),
    Index("ix_patch_region", "region", postgresql_using="gist"),
    comment="Parts of a tract, the size of one image.",
)

sky_pixel = Table(
    "sky_pixel",
    metadata,
    Column(
        "sky_pixel",
        BigInteger,
        comment="HEALPix pixel in the NUNIQ numbering of IVOA's MOC: 4 * 4^order + nested number.",
    ),
    _region("Outline of the pixel with great circles for edges, ICRS."),
    PrimaryKeyConstraint("sky_pixel", name="pk_sky_pixel"),
    CheckConstraint("sky_pixel >= 4", name="ck_sky_pixel_nuniq"),
    Index("ix_sky_pixel_region", "region", postgresql_using="gist"),
    comment="HEALPix pixels used as labels.",
)

label = Table(
    "label",
    metadata,
    Column("label", Text, comment="A free word."),
    Column("doc", Text, nullable=False, server_default="", comment="What it is, in a sentence."),
    PrimaryKeyConstraint("label", name="pk_label"),
    _named("label", "label"),
    comment="Free words as labels.",
)

sensor_patch_overlap = Table(
    "sensor_patch_overlap",
    metadata,
    Column("observed_sensor_id", BigInteger),
    Column("patch_id", BigInteger),
    PrimaryKeyConstraint("observed_sensor_id", "patch_id", name="pk_sensor_patch_overlap"),
    Index("ix_sensor_patch_overlap_patch", "patch_id"),
    comment="Which observed sensors overlap which patches; kept by triggers on both.",
)

# Collections and executions -------------------------------------------------------

collection = Table(
    "collection",
    metadata,
    Column(
        "collection_id",
        BigInteger,
        server_default=_id("collection_id"),
        comment="Short for the name.",
    ),
    Column("collection", Text, nullable=False, comment="Name, with parts separated by slashes."),
    Column("kind", Text, nullable=False, comment="run, tagged, chained or calibration."),
    Column("owner", Text, nullable=False, comment="The database role that made it."),
    Column("doc", Text, nullable=False, server_default="", comment="What it is for."),
    Column(
        "frozen",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Whether it may no longer change.",
    ),
    Column(
        "created",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("clock_timestamp()"),
        comment="When it was registered, UTC.",
    ),
    Column(
        "changed",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("clock_timestamp()"),
        comment="Transaction time of the last change to its members, UTC; never goes back.",
    ),
    PrimaryKeyConstraint("collection_id", name="pk_collection"),
    UniqueConstraint("collection", name="uq_collection_collection"),
    _named("collection", "collection"),
    CheckConstraint("collection !~ '(^/|/$|//|(^|/)[.]{1,2}(/|$))'", name="ck_collection_parts"),
    CheckConstraint("kind IN ('run', 'tagged', 'chained', 'calibration')", name="ck_collection_kind"),
    comment="Named groups of datasets.",
)

execution = Table(
    "execution",
    metadata,
    Column("execution_id", BigInteger, server_default=_id("execution_id"), comment="Of a run or a quantum."),
    Column("host", Text, comment="The computer that it ran on."),
    Column("started", DateTime(timezone=True), comment="When it began, UTC."),
    Column("ended", DateTime(timezone=True), comment="When it ended, UTC."),
    PrimaryKeyConstraint("execution_id", name="pk_execution"),
    CheckConstraint("ended >= started", name="ck_execution_times"),
    comment="What runs and quanta have in common: where and when.",
)

run = Table(
    "run",
    metadata,
    Column("run_id", BigInteger, comment="Its execution."),
    Column("collection_id", BigInteger, nullable=False),
    Column("run", Text, nullable=False, comment="Name of the run's collection."),
    Column(
        "environment", UUID, comment="The dataset that describes host, Python and packages at its first use."
    ),
    Column("pipeline", UUID, comment="The dataset that holds the pipeline's configuration."),
    PrimaryKeyConstraint("run_id", name="pk_run"),
    UniqueConstraint("collection_id", name="uq_run_collection_id"),
    UniqueConstraint("run", name="uq_run_run"),
    _within("fk_run_execution", ["run_id"], "execution", ["execution_id"]),
    _within("fk_run_collection", ["collection_id"], "collection"),
    ForeignKeyConstraint(
        ["environment"],
        [f"{BASE}.dataset.dataset_id"],
        name="fk_run_environment",
        use_alter=True,
        info={"across layers": True},
    ),
    ForeignKeyConstraint(
        ["pipeline"],
        [f"{BASE}.dataset.dataset_id"],
        name="fk_run_pipeline",
        use_alter=True,
        info={"across layers": True},
    ),
    comment="Actions that made datasets; every dataset has one.",
)

collection_member = Table(
    "collection_member",
    metadata,
    Column("collection_id", BigInteger, comment="The chain."),
    Column("position", Integer, comment="Place in the search order, from 1."),
    Column("member_id", BigInteger, nullable=False, comment="The collection searched at that place."),
    Column("known", TSTZRANGE, nullable=False, comment="From when to when it was in the chain, UTC."),
    ExcludeConstraint(
        ("collection_id", "="),
        ("position", "="),
        ("known", "&&"),
        using="gist",
        name="ex_collection_member_position",
    ),
    _within("fk_collection_member_collection", ["collection_id"], "collection"),
    _across("fk_collection_member_member", ["member_id"], "collection", ["collection_id"]),
    CheckConstraint("position > 0", name="ck_collection_member_position"),
    CheckConstraint("NOT isempty(known) AND NOT lower_inf(known)", name="ck_collection_member_known"),
    CheckConstraint("collection_id <> member_id", name="ck_collection_member_itself"),
    Index("ix_collection_member_now", "collection_id", "position", postgresql_where=text("upper_inf(known)")),
    Index("ix_collection_member_member", "member_id"),
    comment="Members of chains, now and before.",
)

# Datasets ----------------------------------------------------------------------------

dataset_type = Table(
    "dataset_type",
    metadata,
    Column(
        "dataset_type_id", BigInteger, server_default=_id("dataset_type_id"), comment="Short for the name."
    ),
    Column("dataset_type", Text, nullable=False, comment="Name of the dataset type."),
    Column(
        "storage_class",
        Text,
        nullable=False,
        comment="What Python object it is; a name known to the datastores.",
    ),
    Column("unit_mask", Integer, nullable=False, comment="The units of its data IDs, one bit each."),
    Column("doc", Text, nullable=False, server_default="", comment="What it is, in a sentence."),
    PrimaryKeyConstraint("dataset_type_id", name="pk_dataset_type"),
    UniqueConstraint("dataset_type", name="uq_dataset_type_dataset_type"),
    UniqueConstraint("dataset_type_id", "unit_mask", name="uq_dataset_type_unit_mask"),
    CheckConstraint("dataset_type ~ '^[A-Za-z_][A-Za-z0-9_]{0,127}$'", name="ck_dataset_type_name"),
    CheckConstraint("storage_class ~ '^[A-Za-z_][A-Za-z0-9_]{0,127}$'", name="ck_dataset_type_storage_class"),
    comment="Kinds of datasets: their labels and what Python object they are.",
)

UNIT_COLUMNS: tuple[tuple[str, Any], ...] = (
    ("camera", Text),
    ("abstract_filter", Text),
    ("physical_filter", Text),
    ("sensor", Integer),
    ("visit", BigInteger),
    ("snap", Integer),
    ("visit_range", INT8RANGE),
    ("skymap", Text),
    ("tract", Integer),
    ("patch", Integer),
    ("sky_pixel", BigInteger),
    ("label", Text),
)
"""Units in their order, which is also that of the bits of a unit mask."""

_UNITS = ", ".join(name for name, _ in UNIT_COLUMNS)


def _coarse(column: str, when: str, kind: Any) -> Column[Any]:
    """Give the value only where no finer unit is present.

    A foreign key on it then checks just the rows that no finer key checks.
    """
    return Column(
        f"{column}_alone",
        kind,
        Computed(f"CASE WHEN {when} THEN {column} END", persisted=True),
        comment=f"The {column} where no finer unit is present; carries the foreign key.",
    )


dataset = Table(
    "dataset",
    metadata,
    Column("dataset_id", UUID, comment="Unique in every registry; its first bits are the time it was made."),
    Column("run_id", BigInteger, nullable=False),
    Column("dataset_type_id", BigInteger, nullable=False),
    Column("quantum_id", BigInteger, comment="The quantum that made it, if any."),
    *(Column(name, kind) for name, kind in UNIT_COLUMNS),
    Column(
        "state",
        Text,
        nullable=False,
        server_default="present",
        comment="present, unstored (its bytes are gone on purpose) or removed (its name is free again).",
    ),
    Column(
        "created",
        DateTime(timezone=True),
        nullable=False,
        comment="Transaction time of its registration, UTC.",
    ),
    Column("changed", DateTime(timezone=True), comment="When its state last changed, UTC; null if never."),
    Column("changed_by", Text, comment="The database role that changed its state."),
    Column("change_reason", Text, comment="Why its state was changed."),
    Column(
        "unit_mask",
        Integer,
        Computed(f"{SHARED}.unit_mask({_UNITS})", persisted=True),
        nullable=False,
        comment="The units present, one bit each.",
    ),
    Column(
        "digest",
        UUID,
        Computed(f"{SHARED}.data_id_digest({_UNITS})", persisted=True),
        nullable=False,
        comment="Equal for the same data ID in any registry.",
    ),
    _coarse(
        "camera", "visit IS NULL AND sensor IS NULL AND physical_filter IS NULL AND visit_range IS NULL", Text
    ),
    _coarse("visit", "sensor IS NULL AND snap IS NULL", BigInteger),
    _coarse("sensor", "visit IS NULL", Integer),
    _coarse("skymap", "tract IS NULL", Text),
    _coarse("tract", "patch IS NULL", Integer),
    PrimaryKeyConstraint("dataset_id", name="pk_dataset"),
    _within("fk_dataset_run", ["run_id"], "run"),
    _across("fk_dataset_dataset_type", ["dataset_type_id", "unit_mask"], "dataset_type"),
    _within("fk_dataset_quantum", ["quantum_id"], "quantum"),
    _across("fk_dataset_camera", ["camera_alone"], "camera", ["camera"]),
    _across("fk_dataset_abstract_filter", ["abstract_filter"], "abstract_filter"),
    _across("fk_dataset_physical_filter", ["camera", "physical_filter"], "physical_filter"),
    _across(
        "fk_dataset_physical_sensor", ["camera", "sensor_alone"], "physical_sensor", ["camera", "sensor"]
    ),
    _across("fk_dataset_visit", ["camera", "visit_alone"], "visit", ["camera", "visit"]),
    _across("fk_dataset_observed_sensor", ["camera", "visit", "sensor"], "observed_sensor"),
    _across("fk_dataset_snap", ["camera", "visit", "snap"], "snap"),
    _across("fk_dataset_visit_range", ["camera", "visit_range"], "visit_range"),
    _across("fk_dataset_skymap", ["skymap_alone"], "skymap", ["skymap"]),
    _across("fk_dataset_tract", ["skymap", "tract_alone"], "tract", ["skymap", "tract"]),
    _across("fk_dataset_patch", ["skymap", "tract", "patch"], "patch"),
    _across("fk_dataset_sky_pixel", ["sky_pixel"], "sky_pixel"),
    _across("fk_dataset_label", ["label"], "label"),
    CheckConstraint("state IN ('present', 'unstored', 'removed')", name="ck_dataset_state"),
    CheckConstraint("(state = 'present') OR changed IS NOT NULL", name="ck_dataset_changed"),
    Index(
        "uq_dataset_run_type_digest",
        "run_id",
        "dataset_type_id",
        "digest",
        unique=True,
        postgresql_where=text("state <> 'removed'"),
    ),
    Index(
        "ix_dataset_camera",
        "dataset_type_id",
        "camera",
        "visit",
        "run_id",
        postgresql_where=text("camera IS NOT NULL"),
    ),
    Index(
        "ix_dataset_skymap",
        "dataset_type_id",
        "skymap",
        "tract",
        "patch",
        postgresql_where=text("skymap IS NOT NULL"),
    ),
    Index("ix_dataset_quantum", "quantum_id", postgresql_where=text("quantum_id IS NOT NULL")),
    comment="Datasets: one discrete data structure that was stored, with its labels.",
)

datastore = Table(
    "datastore",
    metadata,
    Column(
        "datastore_id", BigInteger, server_default=_id("artifact_store_id"), comment="Short for the name."
    ),
    Column("datastore", Text, nullable=False, comment="Name of the datastore."),
    Column(
        "root", Text, nullable=False, comment="URI that the paths in it are relative to; ends with a slash."
    ),
    PrimaryKeyConstraint("datastore_id", name="pk_datastore"),
    UniqueConstraint("datastore", name="uq_datastore_datastore"),
    _named("datastore", "datastore"),
    CheckConstraint("root ~ '^[a-z][a-z0-9+.-]*:.*/$'", name="ck_datastore_root"),
    comment="Places that hold artifacts.",
)

artifact = Table(
    "artifact",
    metadata,
    Column("dataset_id", UUID),
    Column("datastore_id", BigInteger),
    Column(
        "component", Text, server_default="", comment="Which component it holds; empty for the whole dataset."
    ),
    Column(
        "path",
        Text,
        nullable=False,
        comment="Percent-encoded, relative to the datastore's root; or a whole URI.",
    ),
    Column("formatter", Text, nullable=False, comment="Name of the formatter that wrote it and reads it."),
    Column("size", BigInteger, nullable=False, comment="Length. Unit: byte."),
    Column("sha256", LargeBinary, nullable=False, comment="SHA-256 of its bytes."),
    Column(
        "state", Text, nullable=False, server_default="present", comment="present, or lost as verify found."
    ),
    PrimaryKeyConstraint("dataset_id", "datastore_id", "component", name="pk_artifact"),
    _within("fk_artifact_dataset", ["dataset_id"], "dataset"),
    _across("fk_artifact_datastore", ["datastore_id"], "datastore"),
    CheckConstraint("state IN ('present', 'lost')", name="ck_artifact_state"),
    CheckConstraint("size >= 0", name="ck_artifact_size"),
    CheckConstraint("octet_length(sha256) = 32", name="ck_artifact_sha256"),
    CheckConstraint(
        r"path <> '' AND path !~ '[[:cntrl:]]' AND path !~ '^/' AND path !~ '(^|/)[.][.](/|$)'",
        name="ck_artifact_path",
    ),
    comment="Stored pieces of datasets: which file holds what.",
)

put_intent = Table(
    "put_intent",
    metadata,
    Column("dataset_id", UUID, comment="Of the dataset to be."),
    Column("run_id", BigInteger, nullable=False),
    Column("dataset_type_id", BigInteger, nullable=False),
    Column("datastore_id", BigInteger, nullable=False),
    Column("quantum_id", BigInteger),
    *(Column(name, kind) for name, kind in UNIT_COLUMNS),
    Column("hint", Text, nullable=False, comment="The file-name template, filled."),
    Column("begun", DateTime(timezone=True), nullable=False, comment="When the put began, UTC."),
    Column("begun_by", Text, nullable=False, comment="The database role that began it."),
    PrimaryKeyConstraint("dataset_id", name="pk_put_intent"),
    _within("fk_put_intent_run", ["run_id"], "run"),
    Index("ix_put_intent_begun", "begun"),
    Index("ix_put_intent_run", "run_id"),
    comment="Puts that have begun and not ended; what a dead process leaves, the reaper finds here.",
)

dataset_tag = Table(
    "dataset_tag",
    metadata,
    Column("collection_id", BigInteger, nullable=False),
    Column("dataset_id", UUID, nullable=False),
    Column("dataset_type_id", BigInteger, nullable=False),
    Column("digest", UUID, nullable=False),
    Column("known", TSTZRANGE, nullable=False, comment="From when to when it was in the collection, UTC."),
    _within("fk_dataset_tag_collection", ["collection_id"], "collection"),
    _across("fk_dataset_tag_dataset", ["dataset_id"], "dataset"),
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
    comment="Members of tagged collections, now and before.",
)

calibration_key = Table(
    "calibration_key",
    metadata,
    Column(
        "calibration_key_id",
        BigInteger,
        server_default=_id("calibration_key_id"),
        comment="Short for collection, type and data ID.",
    ),
    Column("collection_id", BigInteger, nullable=False),
    Column("dataset_type_id", BigInteger, nullable=False),
    Column("digest", UUID, nullable=False),
    PrimaryKeyConstraint("calibration_key_id", name="pk_calibration_key"),
    UniqueConstraint("collection_id", "dataset_type_id", "digest", name="uq_calibration_key"),
    _within("fk_calibration_key_collection", ["collection_id"], "collection"),
    _across("fk_calibration_key_dataset_type", ["dataset_type_id"], "dataset_type"),
    Index("ix_calibration_key_dataset_type", "dataset_type_id"),
    comment="What a calibration look-up asks for, but for the time.",
)

calibration = Table(
    "calibration",
    metadata,
    Column("calibration_id", BigInteger, server_default=_id("calibration_id"), comment="Of one assertion."),
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
    _within("fk_calibration_key", ["calibration_key_id"], "calibration_key"),
    _across("fk_calibration_dataset", ["dataset_id"], "dataset"),
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

# Provenance --------------------------------------------------------------------------

quantum = Table(
    "quantum",
    metadata,
    Column("quantum_id", BigInteger, comment="Its execution."),
    Column("run_id", BigInteger, nullable=False),
    Column("task", Text, nullable=False, comment="Name of the task."),
    Column(
        "data_id", JSONB, nullable=False, server_default=text("'{}'::jsonb"), comment="What it worked on."
    ),
    Column("status", Text, nullable=False, server_default="running", comment="running, done or failed."),
    Column("attempt", Integer, nullable=False, server_default=text("1"), comment="Which try it is, from 1."),
    Column("message", Text, comment="What went wrong, if it failed."),
    PrimaryKeyConstraint("quantum_id", name="pk_quantum"),
    _within("fk_quantum_execution", ["quantum_id"], "execution", ["execution_id"]),
    _within("fk_quantum_run", ["run_id"], "run"),
    _named("task", "quantum"),
    CheckConstraint("status IN ('running', 'done', 'failed')", name="ck_quantum_status"),
    CheckConstraint("attempt > 0", name="ck_quantum_attempt"),
    Index("ix_quantum_run", "run_id"),
    comment="Discrete units of work: one task on one data ID.",
)

dataset_consumer = Table(
    "dataset_consumer",
    metadata,
    Column("quantum_id", BigInteger),
    Column("dataset_id", UUID),
    Column(
        "actual",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Whether it was really read; every row was predicted.",
    ),
    PrimaryKeyConstraint("quantum_id", "dataset_id", name="pk_dataset_consumer"),
    _within("fk_dataset_consumer_quantum", ["quantum_id"], "quantum"),
    _across("fk_dataset_consumer_dataset", ["dataset_id"], "dataset"),
    Index("ix_dataset_consumer_dataset", "dataset_id"),
    comment="Inputs of quanta: predicted, and whether they were read.",
)


def registry_tables(schema: str) -> MetaData:
    """Give the tables of a proxy registry.

    Parameters
    ----------
    schema : `str`
        Its private schema, such as ``mydb_alice_internal``.

    Returns
    -------
    tables : `sqlalchemy.MetaData`
        The tables without those that the whole database shares and without
        the foreign keys that may reach into a lower layer.
    """
    copies = MetaData(naming_convention=NAMING)
    for table in metadata.sorted_tables:
        if table.schema == SHARED:
            continue
        copy = table.to_metadata(
            copies,
            schema=schema,
            referred_schema_fn=lambda _table, _schema, _key, _referred: schema,
        )
        for key in [c for c in copy.foreign_key_constraints if c.info.get("across layers")]:
            copy.constraints.discard(key)
            for element in key.elements:
                element.parent.foreign_keys.discard(element)
                copy.foreign_keys.discard(element)
    return copies
