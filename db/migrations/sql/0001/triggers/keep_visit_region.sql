-- object: function butler_internal.keep_visit_region()
-- requires: functions/sky/sky_hull.sql
--
-- A visit whose region nobody gave has the hull of what its sensors saw. Visits are locked in the
-- order of their numbers, so that two ingests of the same night don't deadlock.
CREATE OR REPLACE FUNCTION butler_internal.keep_visit_region()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    WITH stale AS MATERIALIZED (
        SELECT v.camera, v.visit
        FROM butler_internal.visit AS v
        WHERE
            (v.camera, v.visit) IN (SELECT n.camera, n.visit FROM new_rows AS n WHERE n.region IS NOT NULL)
            AND (v.region IS NULL OR v.region_derived)
        ORDER BY v.camera, v.visit
        FOR NO KEY UPDATE OF v
    ),
    hull AS (
        SELECT o.camera, o.visit, butler.sky_hull(array_agg(o.region)) AS region
        FROM stale AS s
        INNER JOIN butler_internal.observed_sensor AS o ON o.camera = s.camera AND o.visit = s.visit
        WHERE o.region IS NOT NULL
        GROUP BY o.camera, o.visit
    )
    UPDATE butler_internal.visit AS v
    SET region = h.region, region_derived = true
    FROM hull AS h
    WHERE v.camera = h.camera AND v.visit = h.visit AND h.region IS NOT NULL;
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION butler_internal.keep_visit_region() IS
'Keep the region of visits as their sensors are registered, where it isn''t given.';
