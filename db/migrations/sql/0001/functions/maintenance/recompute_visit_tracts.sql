-- Under the lock that the trigger takes for patches: nobody registers a sensor or a patch meanwhile.
CREATE OR REPLACE FUNCTION butler.recompute_visit_tracts(p_camera text, p_visits bigint[])
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_gone integer;
    v_new integer;
BEGIN
    PERFORM butler_common.require_read_committed('regions can be compared');
    PERFORM set_config('synchronous_commit', 'on', true);
    PERFORM pg_advisory_xact_lock(butler_common.lock_class('overlap'), 0);
    DELETE FROM butler_internal.visit_tract_overlap AS v
    WHERE
        v.camera = p_camera AND v.visit = ANY (p_visits)
        AND NOT EXISTS (
            SELECT FROM butler_internal.observed_sensor AS s
            INNER JOIN butler_internal.sensor_patch_overlap AS o ON o.observed_sensor_id = s.observed_sensor_id
            INNER JOIN butler_internal.patch AS p ON p.patch_id = o.patch_id
            WHERE s.camera = v.camera AND s.visit = v.visit AND p.skymap = v.skymap AND p.tract = v.tract
        );
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    INSERT INTO butler_internal.visit_tract_overlap (camera, visit, skymap, tract)
    SELECT DISTINCT s.camera, s.visit, p.skymap, p.tract
    FROM butler_internal.observed_sensor AS s
    INNER JOIN butler_internal.sensor_patch_overlap AS o ON o.observed_sensor_id = s.observed_sensor_id
    INNER JOIN butler_internal.patch AS p ON p.patch_id = o.patch_id
    WHERE s.camera = p_camera AND s.visit = ANY (p_visits)
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS v_new = ROW_COUNT;
    RETURN v_gone + v_new;
END;
$$;

COMMENT ON FUNCTION butler.recompute_visit_tracts(text, bigint[]) IS
'Make visit_tract_overlap of these visits what sensor_patch_overlap says; returns how many pairs were wrong.';
