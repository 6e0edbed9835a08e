CREATE VIEW butler.exposure AS
SELECT
    v.camera,
    v.visit,
    coalesce(s.snap, 0) AS snap,
    v.visit_name,
    v.physical_filter,
    v.abstract_filter,
    v.night,
    v.seq_num,
    coalesce(s.obs_begin_tai, v.obs_begin_tai) AS obs_begin_tai,
    coalesce(s.obs_end_tai, v.obs_end_tai) AS obs_end_tai,
    (
        SELECT (coalesce(s.obs_begin_tai, v.obs_begin_tai) - make_interval(secs => l.tai_minus_utc)) AT TIME ZONE 'UTC'
        FROM butler_common.leap_second AS l
        WHERE l.since_tai <= coalesce(s.obs_begin_tai, v.obs_begin_tai) ORDER BY l.since_tai DESC LIMIT 1
    ) AS obs_begin_utc,
    coalesce(s.exposure_time, v.exposure_time) AS exposure_time,
    coalesce(s.dark_time, v.dark_time) AS dark_time,
    v.observation_type,
    v.target_name,
    v.tracking_ra,
    v.tracking_dec,
    v.instrument,
    v.band,
    v.exposure
FROM butler.visit AS v
LEFT JOIN butler_internal.all_snap AS s ON s.camera = v.camera AND s.visit = v.visit;

COMMENT ON VIEW butler.exposure IS
'Exposures: the snaps of a visit, or the visit itself where it has one opening of the shutter (snap 0).';
COMMENT ON COLUMN butler.exposure.obs_begin_utc IS 'Begin of the exposure, UTC. UCD: time.start;obs';
COMMENT ON COLUMN butler.exposure.instrument IS 'Name of the camera.';
COMMENT ON COLUMN butler.exposure.band IS 'The same as abstract_filter.';
COMMENT ON COLUMN butler.exposure.exposure IS
'The number of the visit where it has one opening of the shutter, else null: camera, visit and snap name it. UCD: meta.id;obs';
