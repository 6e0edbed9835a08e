CREATE OR REPLACE FUNCTION butler_internal.names_of_units(p_data_id butler_internal.data_id)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT jsonb_strip_nulls(jsonb_build_object(
            'visit', CASE WHEN v.visit IS NOT NULL THEN jsonb_build_object(
                'visit_name', v.visit_name,
                'night', v.night,
                'observation_type', v.observation_type,
                'target_name', v.target_name,
                'physical_filter', v.physical_filter,
                'abstract_filter', o.abstract_filter
            ) END,
            'sensor', CASE WHEN s.sensor IS NOT NULL THEN jsonb_build_object('sensor_name', s.sensor_name) END,
            'physical_filter', CASE WHEN f.physical_filter IS NOT NULL
                THEN jsonb_build_object('abstract_filter', f.abstract_filter)
            END
        ))
        FROM (SELECT p_data_id.camera AS camera) AS c
        LEFT JOIN butler_internal.all_visit AS v ON v.camera = c.camera AND v.visit = p_data_id.visit
        LEFT JOIN butler_internal.all_physical_filter AS o
            ON o.camera = c.camera AND o.physical_filter = v.physical_filter
        LEFT JOIN butler_internal.all_physical_filter AS f
            ON f.camera = c.camera AND f.physical_filter = p_data_id.physical_filter
        LEFT JOIN butler_internal.all_physical_sensor AS s ON s.camera = c.camera AND s.sensor = p_data_id.sensor
    );
END;
$$;

COMMENT ON FUNCTION butler_internal.names_of_units(butler_internal.data_id) IS
'What a file name may say of a visit, a sensor and a filter beside the data ID, each by its unit, as JSON without nulls.';
