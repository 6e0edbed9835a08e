-- Times in UTC are looked up only where they are asked for: a subquery in the list of columns is
-- not run for a column that nobody selects. Nor is that of exposure.
CREATE VIEW butler.visit AS
SELECT
    v.camera,
    v.visit,
    v.visit_name,
    v.physical_filter,
    f.abstract_filter,
    v.night,
    v.seq_num,
    v.obs_begin_tai,
    v.obs_end_tai,
    (
        SELECT (v.obs_begin_tai - make_interval(secs => l.tai_minus_utc)) AT TIME ZONE 'UTC'
        FROM butler_common.leap_second AS l
        WHERE l.since_tai <= v.obs_begin_tai ORDER BY l.since_tai DESC LIMIT 1
    ) AS obs_begin_utc,
    (
        SELECT (v.obs_end_tai - make_interval(secs => l.tai_minus_utc)) AT TIME ZONE 'UTC'
        FROM butler_common.leap_second AS l
        WHERE l.since_tai <= v.obs_end_tai ORDER BY l.since_tai DESC LIMIT 1
    ) AS obs_end_utc,
    (extract(julian FROM v.obs_begin_tai) - 2400001)::double precision AS obs_begin_mjd_tai,
    v.exposure_time,
    v.dark_time,
    v.observation_type,
    v.observation_reason,
    v.target_name,
    v.science_program,
    v.ra,
    v.dec,
    v.tracking_ra,
    v.tracking_dec,
    v.sky_angle,
    v.azimuth,
    v.zenith_angle,
    v.airmass,
    v.seeing,
    v.can_see_sky,
    v.has_simulated,
    v.public_after,
    v.region,
    butler.sky_s_region(v.region) AS s_region,
    v.extra,
    v.camera AS instrument,
    f.abstract_filter AS band,
    CASE
        WHEN NOT EXISTS (
            SELECT FROM butler_internal.all_snap AS a
            INNER JOIN butler_internal.all_snap AS b
                ON b.camera = a.camera AND b.visit = a.visit AND b.snap > a.snap
            WHERE a.camera = v.camera AND a.visit = v.visit
        ) THEN v.visit
    END AS exposure
FROM butler_internal.all_visit AS v
LEFT JOIN butler_internal.all_physical_filter AS f
    ON f.camera = v.camera AND f.physical_filter = v.physical_filter;

COMMENT ON VIEW butler.visit IS
'Visits: one pointing and one opening of the shutter, biases and darks too; also called exposures.';
COMMENT ON COLUMN butler.visit.obs_begin_utc IS 'Begin of the exposure, UTC. UCD: time.start;obs';
COMMENT ON COLUMN butler.visit.obs_end_utc IS 'End of the exposure, UTC. UCD: time.end;obs';
COMMENT ON COLUMN butler.visit.obs_begin_mjd_tai IS
'Begin of the exposure as a Modified Julian Date. Time scale: TAI. Unit: d. UCD: time.start;obs';
COMMENT ON COLUMN butler.visit.s_region IS 'The region as text, as in IVOA''s ObsCore. UCD: pos.outline;obs.field';
COMMENT ON COLUMN butler.visit.instrument IS 'Name of the camera.';
COMMENT ON COLUMN butler.visit.band IS 'The same as abstract_filter.';
COMMENT ON COLUMN butler.visit.exposure IS
'The number of the visit where it has one opening of the shutter, else null: its snaps are exposures. UCD: meta.id;obs';
