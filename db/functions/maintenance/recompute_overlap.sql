-- Under the lock that the trigger takes for patches: nobody registers a sensor or a patch meanwhile.
CREATE OR REPLACE FUNCTION butler.recompute_overlap(p_observed_sensor_ids bigint[])
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_gone integer;
    v_new integer;
    v_of_visits integer;
BEGIN
    PERFORM butler_common.require_read_committed('regions can be compared');
    PERFORM set_config('synchronous_commit', 'on', true);
    PERFORM pg_advisory_xact_lock(butler_common.lock_class('overlap'), 0);
    DELETE FROM butler_internal.sensor_patch_overlap AS o
    WHERE
        o.observed_sensor_id = ANY (p_observed_sensor_ids)
        AND NOT EXISTS (
            SELECT FROM butler_internal.observed_sensor AS s
            INNER JOIN butler_internal.patch AS p ON p.patch_id = o.patch_id AND st_intersects(s.region, p.region)
            WHERE s.observed_sensor_id = o.observed_sensor_id
        );
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    INSERT INTO butler_internal.sensor_patch_overlap (observed_sensor_id, patch_id)
    SELECT s.observed_sensor_id, p.patch_id
    FROM butler_internal.observed_sensor AS s
    INNER JOIN butler_internal.patch AS p ON st_intersects(s.region, p.region)
    WHERE s.observed_sensor_id = ANY (p_observed_sensor_ids)
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS v_new = ROW_COUNT;
    SELECT coalesce(sum(butler_internal.derive_visit_overlap(c.camera, c.visits)), 0) INTO v_of_visits
    FROM (
        SELECT s.camera, array_agg(DISTINCT s.visit) AS visits
        FROM butler_internal.observed_sensor AS s
        WHERE s.observed_sensor_id = ANY (p_observed_sensor_ids)
        GROUP BY s.camera
    ) AS c;
    PERFORM butler_internal.record(
        'recompute_overlap', v_gone + v_new + v_of_visits,
        p_subject => jsonb_build_object('observed_sensor_ids', to_jsonb(p_observed_sensor_ids[:100]))
    );
    RETURN v_gone + v_new;
END;
$$;

COMMENT ON FUNCTION butler.recompute_overlap(bigint[]) IS
'Make sensor_patch_overlap of these sensors what their regions say, and with it the tracts and patches of their visits;
returns how many pairs of sensors and patches were wrong.';
