-- A visit that was registered without a region has the hull of its sensors' regions. Visits are locked in
-- the order of their numbers, so that two ingests of the same night don't deadlock.
CREATE OR REPLACE FUNCTION butler_internal.keep_visit_region()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    PERFORM butler_common.require_read_committed('regions can be registered');
    PERFORM FROM butler_internal.visit AS v
    WHERE
        (v.camera, v.visit) IN (SELECT n.camera, n.visit FROM new_rows AS n WHERE n.region IS NOT NULL)
        AND (v.region IS NULL OR v.region_derived)
    ORDER BY v.camera, v.visit
    FOR NO KEY UPDATE;
    -- Another statement, for a snapshot that has what was committed while this one waited.
    UPDATE butler_internal.visit AS v
    SET region = h.region, region_derived = true
    FROM (
        SELECT o.camera, o.visit, butler.sky_hull(array_agg(o.region)) AS region
        FROM butler_internal.visit AS s
        INNER JOIN butler_internal.observed_sensor AS o ON o.camera = s.camera AND o.visit = s.visit
        WHERE
            (s.camera, s.visit) IN (SELECT n.camera, n.visit FROM new_rows AS n WHERE n.region IS NOT NULL)
            AND (s.region IS NULL OR s.region_derived) AND o.region IS NOT NULL
        GROUP BY o.camera, o.visit
    ) AS h
    WHERE v.camera = h.camera AND v.visit = h.visit;
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION butler_internal.keep_visit_region() IS
'Keep the derived region of visits as their sensors are registered.';
