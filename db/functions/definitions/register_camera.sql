CREATE OR REPLACE FUNCTION butler.register_camera(p_definition jsonb, p_replace boolean DEFAULT false)
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_camera text := p_definition ->> 'camera';
    v_registry text;
    v_extra jsonb;
    v_affected bigint := 0;
BEGIN
    PERFORM butler_common.require_read_committed('cameras can be registered');
    PERFORM set_config('synchronous_commit', 'on', true);
    IF v_camera IS NULL THEN
        PERFORM butler_common.raise_error(
            'UB305', 'the camera has no name', 'Give {"camera": "…", "sensors": […], "filters": […]}.'
        );
    END IF;
    IF
        coalesce(jsonb_typeof(p_definition -> 'sensors'), 'array') <> 'array'
        OR coalesce(jsonb_typeof(p_definition -> 'filters'), 'array') <> 'array'
        OR coalesce(jsonb_typeof(p_definition -> 'night_offset_hours'), 'number') <> 'number'
    THEN
        PERFORM butler_common.raise_error(
            'UB301', format('sensors or filters of camera %L are not lists, or night_offset_hours is not a number', v_camera),
            'Give {"camera": "…", "sensors": […], "filters": […]}.', jsonb_build_object('camera', v_camera)
        );
    END IF;
    SELECT c.definition -> 'extra' INTO v_extra FROM butler_internal.camera AS c WHERE c.camera = v_camera;
    SELECT v_affected + m.inserted + m.changed INTO v_affected
    FROM butler_internal.merge_units('camera', jsonb_build_array(jsonb_build_object(
        'camera', v_camera,
        'doc', coalesce(p_definition ->> 'doc', ''),
        'night_offset', coalesce((p_definition ->> 'night_offset_hours')::double precision, -12),
        'definition', p_definition
    )), p_replace) AS m;
    SELECT v_affected + m.inserted + m.changed INTO v_affected
    FROM butler_internal.merge_units('abstract_filter', coalesce((
        SELECT jsonb_agg(DISTINCT jsonb_build_object('abstract_filter', f ->> 'abstract_filter'))
        FROM jsonb_array_elements(p_definition -> 'filters') AS f
        WHERE
            f ->> 'abstract_filter' IS NOT NULL
            AND NOT EXISTS (
                SELECT FROM butler_internal.all_abstract_filter AS a
                WHERE a.abstract_filter = f ->> 'abstract_filter'
            )
    ), '[]'), false) AS m;
    SELECT v_affected + m.inserted + m.changed INTO v_affected
    FROM butler_internal.merge_units('physical_filter', coalesce((
        SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'camera', v_camera,
            'physical_filter', f -> 'physical_filter',
            'abstract_filter', f -> 'abstract_filter',
            'wavelength_min', f -> 'wavelength_min',
            'wavelength_max', f -> 'wavelength_max'
        )))
        FROM jsonb_array_elements(p_definition -> 'filters') AS f
    ), '[]'), p_replace) AS m;
    SELECT v_affected + m.inserted + m.changed INTO v_affected
    FROM butler_internal.merge_units('physical_sensor', coalesce((
        SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'camera', v_camera,
            'sensor', s -> 'sensor',
            'sensor_name', coalesce(s ->> 'sensor_name', s ->> 'sensor'),
            'sensor_group', s -> 'group',
            'purpose', s -> 'purpose',
            'nx', s -> 'nx',
            'ny', s -> 'ny',
            'corners', s -> 'corners'
        )))
        FROM jsonb_array_elements(p_definition -> 'sensors') AS s
    ), '[]'), p_replace) AS m;
    PERFORM butler_internal.record(
        'register_camera', v_affected, p_subject => jsonb_build_object('camera', v_camera, 'replace', p_replace)
    );
    -- Making a view anew waits for its readers, so only where it changes.
    IF v_extra IS NOT DISTINCT FROM p_definition -> 'extra' THEN
        RETURN;
    END IF;
    FOR v_registry IN
        SELECT r.registry FROM butler_common.registry AS r
        WHERE 'butler_internal' IN (SELECT l.layer FROM butler_common.layers_of(r.registry || '_internal') AS l)
        ORDER BY r.depth
    LOOP
        EXECUTE format('SELECT %I.make_camera_view($1)', v_registry || '_internal') USING v_camera;
    END LOOP;
END;
$$;

COMMENT ON FUNCTION butler.register_camera(jsonb, boolean) IS
'Register a camera with its sensors and filters, as plain data:
{"camera", "doc", "night_offset_hours", "sensors": [{"sensor", "sensor_name", "group", "purpose", "nx", "ny",
"corners"}], "filters": [{"physical_filter", "abstract_filter", "wavelength_min", "wavelength_max"}],
"extra": {name: {"type", "doc", "unit"}}, "headers": …}. The same again changes nothing.
Raises UB202 where it differs, unless p_replace allows that.';
