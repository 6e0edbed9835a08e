"""DataUnits: what data IDs are made of, with what is known of each."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    Double,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import (
    ARRAY,
    INT8RANGE,
    JSONB,
    UUID,
)

from butler.schema.tables.conventions import (
    GROWING,
    SMALL,
    across,
    center,
    metadata,
    named,
    next_id,
    region,
    within,
)

abstract_filter = Table(
    "abstract_filter",
    metadata,
    Column("abstract_filter", Text, comment="Name of a pass band without a camera, such as r."),
    Column("doc", Text, nullable=False, server_default="", comment="What it is, in a sentence."),
    PrimaryKeyConstraint("abstract_filter", name="pk_abstract_filter"),
    named("abstract_filter", "abstract_filter"),
    postgresql_with=SMALL,
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
    named("camera", "camera"),
    CheckConstraint("night_offset BETWEEN -24 AND 24", name="ck_camera_night_offset"),
    postgresql_with=SMALL,
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
    within("fk_physical_filter_camera", ["camera"], "camera"),
    across("fk_physical_filter_abstract_filter", ["abstract_filter"], "abstract_filter"),
    named("physical_filter", "physical_filter"),
    CheckConstraint(
        "wavelength_min > 0 AND wavelength_min < 1e9 AND wavelength_max > 0 AND wavelength_max < 1e9"
        " AND wavelength_max > wavelength_min",
        name="ck_physical_filter_wavelength",
    ),
    Index("ix_physical_filter_abstract_filter", "abstract_filter"),
    postgresql_with=SMALL,
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
    within("fk_physical_sensor_camera", ["camera"], "camera"),
    named("sensor_name", "physical_sensor"),
    CheckConstraint("sensor >= 0", name="ck_physical_sensor_number"),
    CheckConstraint("nx > 0 AND ny > 0", name="ck_physical_sensor_size"),
    CheckConstraint("-1e9 < ALL (corners) AND 1e9 > ALL (corners)", name="ck_physical_sensor_corners"),
    postgresql_with=SMALL,
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
    *center("the boresight, else of the centre of the region", boresight=("tracking_ra", "tracking_dec")),
    region("Outline on the sky, ICRS; null where it didn't look at the sky."),
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
    within("fk_visit_camera", ["camera"], "camera"),
    within("fk_visit_physical_filter", ["camera", "physical_filter"], "physical_filter"),
    named("visit_name", "visit"),
    CheckConstraint("visit >= 0", name="ck_visit_number"),
    CheckConstraint("obs_end_tai >= obs_begin_tai", name="ck_visit_times"),
    CheckConstraint("isfinite(obs_begin_tai) AND isfinite(obs_end_tai)", name="ck_visit_times_finite"),
    # What Python's datetime can hold.
    CheckConstraint("night BETWEEN '0001-01-01' AND '9999-12-31'", name="ck_visit_night"),
    CheckConstraint(
        "public_after >= '0001-01-02 00:00+00' AND public_after < '9999-12-31 00:00+00'",
        name="ck_visit_public_after",
    ),
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
    postgresql_with=SMALL,
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
        server_default=next_id("observed_sensor_id"),
        comment="Short for camera, visit and sensor.",
    ),
    *center(),
    region("Outline of the sensor on the sky, ICRS."),
    PrimaryKeyConstraint("camera", "visit", "sensor", name="pk_observed_sensor"),
    UniqueConstraint("observed_sensor_id", name="uq_observed_sensor_id"),
    within("fk_observed_sensor_visit", ["camera", "visit"], "visit"),
    within("fk_observed_sensor_physical_sensor", ["camera", "sensor"], "physical_sensor"),
    # With the visit too, so that a look-up by all three is as good here as in the primary key: before a
    # table's first ANALYZE the planner can't tell the two apart (loading 100 000 datasets took 21 s, not 5).
    Index("ix_observed_sensor_sensor", "camera", "sensor", "visit"),
    Index("ix_observed_sensor_region", "region", postgresql_using="gist"),
    postgresql_with=GROWING,
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
    within("fk_snap_visit", ["camera", "visit"], "visit"),
    CheckConstraint("snap >= 0", name="ck_snap_number"),
    CheckConstraint("obs_end_tai >= obs_begin_tai", name="ck_snap_times"),
    CheckConstraint("exposure_time >= 0 AND exposure_time < 1e9", name="ck_snap_exposure_time"),
    CheckConstraint("dark_time >= 0 AND dark_time < 1e9", name="ck_snap_dark_time"),
    postgresql_with=SMALL,
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
    within("fk_visit_range_camera", ["camera"], "camera"),
    CheckConstraint("NOT isempty(visit_range) AND NOT lower_inf(visit_range)", name="ck_visit_range_begin"),
    postgresql_with=SMALL,
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
    across("fk_visit_pair_visit_1", ["camera_1", "visit_1"], "visit", ["camera", "visit"]),
    across("fk_visit_pair_visit_2", ["camera_2", "visit_2"], "visit", ["camera", "visit"]),
    CheckConstraint("(camera_1, visit_1) <> (camera_2, visit_2)", name="ck_visit_pair_two"),
    Index("ix_visit_pair_visit_2", "camera_2", "visit_2"),
    postgresql_with=SMALL,
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
    named("skymap", "skymap"),
    postgresql_with=SMALL,
    comment="Ways to divide the sky into tracts and patches.",
)

tract = Table(
    "tract",
    metadata,
    Column("skymap", Text),
    Column("tract", Integer, comment="Number of the tract in its sky map."),
    *center(),
    region("Outline of the tract, ICRS."),
    PrimaryKeyConstraint("skymap", "tract", name="pk_tract"),
    within("fk_tract_skymap", ["skymap"], "skymap"),
    CheckConstraint("tract >= 0", name="ck_tract_number"),
    Index("ix_tract_region", "region", postgresql_using="gist"),
    postgresql_with=SMALL,
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
        server_default=next_id("patch_id"),
        comment="Short for skymap, tract and patch.",
    ),
    Column("cell_x", Integer, comment="Column of the patch in its tract."),
    Column("cell_y", Integer, comment="Row of the patch in its tract."),
    *center(),
    region("Outline of the patch, ICRS."),
    PrimaryKeyConstraint("skymap", "tract", "patch", name="pk_patch"),
    UniqueConstraint("patch_id", name="uq_patch_id"),
    within("fk_patch_tract", ["skymap", "tract"], "tract"),
    CheckConstraint("patch >= 0", name="ck_patch_number"),
    Index("ix_patch_region", "region", postgresql_using="gist"),
    postgresql_with=GROWING,
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
    *center(),
    region("Outline of the pixel with great circles for edges, ICRS."),
    PrimaryKeyConstraint("sky_pixel", name="pk_sky_pixel"),
    CheckConstraint("sky_pixel >= 4", name="ck_sky_pixel_nuniq"),
    Index("ix_sky_pixel_region", "region", postgresql_using="gist"),
    postgresql_with=SMALL,
    comment="HEALPix pixels, as a unit.",
)

label = Table(
    "label",
    metadata,
    Column("label", Text, comment="A free word."),
    Column("doc", Text, nullable=False, server_default="", comment="What it is, in a sentence."),
    PrimaryKeyConstraint("label", name="pk_label"),
    named("label", "label"),
    postgresql_with=SMALL,
    comment="Free words, as a unit.",
)
