CREATE OR REPLACE FUNCTION butler.recompute_visit_overlap(p_camera text, p_visits bigint[])
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_wrong integer;
BEGIN
    PERFORM butler_common.require_read_committed('regions can be compared');
    PERFORM set_config('synchronous_commit', 'on', true);
    v_wrong := butler_internal.derive_visit_overlap(p_camera, p_visits);
    PERFORM butler_internal.record(
        'recompute_visit_overlap', v_wrong,
        p_subject => jsonb_build_object('camera', p_camera, 'visits', to_jsonb(p_visits[:100]))
    );
    RETURN v_wrong;
END;
$$;

COMMENT ON FUNCTION butler.recompute_visit_overlap(text, bigint[]) IS
'Make visit_tract_overlap and visit_patch_overlap of these visits what sensor_patch_overlap says; returns how many pairs
were wrong.';
