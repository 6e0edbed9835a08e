CREATE OR REPLACE FUNCTION butler.register_skymap(p_definition jsonb, p_replace boolean DEFAULT false)
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_skymap text := p_definition ->> 'skymap';
    v_affected bigint := 0;
BEGIN
    PERFORM butler_common.require_read_committed('sky maps can be registered');
    PERFORM set_config('synchronous_commit', 'on', true);
    IF v_skymap IS NULL THEN
        PERFORM butler_common.raise_error(
            'UB305', 'the sky map has no name', 'Give {"skymap": "…", "tracts": […]}.'
        );
    END IF;
    IF
        coalesce(jsonb_typeof(p_definition -> 'tracts'), 'array') <> 'array'
        OR jsonb_path_exists(p_definition, 'strict $.tracts[*].patches ? (@.type() != "array")', '{}', true)
    THEN
        PERFORM butler_common.raise_error(
            'UB301', format('tracts or patches of sky map %L are not lists', v_skymap),
            'Give {"skymap": "…", "tracts": [{"tract": 0, "patches": […]}]}.', jsonb_build_object('skymap', v_skymap)
        );
    END IF;
    SELECT v_affected + m.inserted + m.changed INTO v_affected
    FROM butler_internal.merge_units('skymap', jsonb_build_array(jsonb_build_object(
        'skymap', v_skymap,
        'doc', coalesce(p_definition ->> 'doc', ''),
        'definition', p_definition - 'tracts' - 'skymap'
    )), p_replace) AS m;
    SELECT v_affected + m.inserted + m.changed INTO v_affected
    FROM butler_internal.merge_units('tract', coalesce((
        SELECT jsonb_agg(jsonb_build_object(
            'skymap', v_skymap, 'tract', t -> 'tract', 'region', t -> 'region'
        ))
        FROM jsonb_array_elements(p_definition -> 'tracts') AS t
    ), '[]'), p_replace) AS m;
    SELECT v_affected + m.inserted + m.changed INTO v_affected
    FROM butler_internal.merge_units('patch', coalesce((
        SELECT jsonb_agg(jsonb_build_object(
            'skymap', v_skymap, 'tract', t -> 'tract', 'patch', p -> 'patch',
            'cell_x', p -> 'cell_x', 'cell_y', p -> 'cell_y', 'region', p -> 'region'
        ))
        FROM jsonb_array_elements(p_definition -> 'tracts') AS t
        CROSS JOIN LATERAL jsonb_array_elements(t -> 'patches') AS p
    ), '[]'), p_replace) AS m;
    PERFORM butler_internal.record(
        'register_skymap', v_affected, p_subject => jsonb_build_object('skymap', v_skymap, 'replace', p_replace)
    );
END;
$$;

COMMENT ON FUNCTION butler.register_skymap(jsonb, boolean) IS
'Register a sky map with its tracts and patches, as plain data:
{"skymap", "doc", "tracts": [{"tract", "region": [[ra, dec], …], "patches": [{"patch", "cell_x", "cell_y", "region"}]}]}.
ICRS, degrees. The same again changes nothing. Raises UB202 where it differs.';
