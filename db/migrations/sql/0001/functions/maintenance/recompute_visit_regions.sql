CREATE OR REPLACE FUNCTION butler.recompute_visit_regions(p_camera text, p_visits bigint[])
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_count integer;
BEGIN
    PERFORM butler_common.require_read_committed('regions can be compared');
    PERFORM set_config('synchronous_commit', 'on', true);
    PERFORM FROM butler_internal.visit AS v
    WHERE v.camera = p_camera AND v.visit = ANY (p_visits) AND (v.region IS NULL OR v.region_derived)
    ORDER BY v.visit
    FOR NO KEY UPDATE;
    UPDATE butler_internal.visit AS v
    SET region = h.region, region_derived = h.region IS NOT NULL
    FROM (
        SELECT s.visit, butler.sky_hull(array_agg(o.region) FILTER (WHERE o.region IS NOT NULL)) AS region
        FROM butler_internal.visit AS s
        LEFT JOIN butler_internal.observed_sensor AS o ON o.camera = s.camera AND o.visit = s.visit
        WHERE s.camera = p_camera AND s.visit = ANY (p_visits)
        GROUP BY s.visit
    ) AS h
    WHERE
        v.camera = p_camera AND v.visit = h.visit AND (v.region IS NULL OR v.region_derived)
        AND v.region::geometry IS DISTINCT FROM h.region::geometry;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    PERFORM butler_internal.record(
        'recompute_visit_regions', v_count,
        p_subject => jsonb_build_object('camera', p_camera, 'visits', to_jsonb(p_visits[:100]))
    );
    RETURN v_count;
END;
$$;

COMMENT ON FUNCTION butler.recompute_visit_regions(text, bigint[]) IS
'Give visits that have no region, or a derived one, the hull of their sensors'' regions; returns how many had another.';
