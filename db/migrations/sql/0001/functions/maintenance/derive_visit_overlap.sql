-- Under the lock that the trigger takes for patches: nobody registers a sensor or a patch meanwhile.
CREATE OR REPLACE FUNCTION butler_internal.derive_visit_overlap(p_camera text, p_visits bigint[])
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_wrong integer;
BEGIN
    PERFORM pg_advisory_xact_lock(butler_common.lock_class('overlap'), 0);
    WITH derived AS (
        SELECT DISTINCT s.camera, s.visit, p.skymap, p.tract, p.patch
        FROM butler_internal.observed_sensor AS s
        INNER JOIN butler_internal.sensor_patch_overlap AS o ON o.observed_sensor_id = s.observed_sensor_id
        INNER JOIN butler_internal.patch AS p ON p.patch_id = o.patch_id
        WHERE s.camera = p_camera AND s.visit = ANY (p_visits)
    ),
    gone_tract AS (
        DELETE FROM butler_internal.visit_tract_overlap AS v
        WHERE
            v.camera = p_camera AND v.visit = ANY (p_visits)
            AND (v.camera, v.visit, v.skymap, v.tract) NOT IN (
                SELECT d.camera, d.visit, d.skymap, d.tract FROM derived AS d
            )
        RETURNING v.visit
    ),
    gone_patch AS (
        DELETE FROM butler_internal.visit_patch_overlap AS v
        WHERE
            v.camera = p_camera AND v.visit = ANY (p_visits)
            AND (v.camera, v.visit, v.skymap, v.tract, v.patch) NOT IN (
                SELECT d.camera, d.visit, d.skymap, d.tract, d.patch FROM derived AS d
            )
        RETURNING v.visit
    ),
    new_tract AS (
        INSERT INTO butler_internal.visit_tract_overlap (camera, visit, skymap, tract)
        SELECT DISTINCT d.camera, d.visit, d.skymap, d.tract
        FROM derived AS d
        ON CONFLICT DO NOTHING
        RETURNING visit
    ),
    new_patch AS (
        INSERT INTO butler_internal.visit_patch_overlap (camera, visit, skymap, tract, patch)
        SELECT d.camera, d.visit, d.skymap, d.tract, d.patch
        FROM derived AS d
        ON CONFLICT DO NOTHING
        RETURNING visit
    )
    SELECT count(*) INTO v_wrong
    FROM (TABLE gone_tract UNION ALL TABLE gone_patch UNION ALL TABLE new_tract UNION ALL TABLE new_patch) AS w;
    RETURN v_wrong;
END;
$$;

COMMENT ON FUNCTION butler_internal.derive_visit_overlap(text, bigint[]) IS
'Make visit_tract_overlap and visit_patch_overlap of these visits what sensor_patch_overlap says; returns how many pairs
were wrong.';
