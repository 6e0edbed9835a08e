CREATE OR REPLACE FUNCTION butler.register_units(p_unit text, p_rows jsonb, p_replace boolean DEFAULT false)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_tables constant text[] := ARRAY[
        'abstract_filter', 'physical_filter', 'physical_sensor', 'visit', 'observed_sensor', 'snap',
        'visit_range', 'visit_pair', 'tract', 'patch', 'sky_pixel', 'label'
    ];
    v_table text := CASE p_unit WHEN 'sensor' THEN 'physical_sensor' WHEN 'visit_self_join' THEN 'visit_pair' ELSE p_unit END;
    v_merged record;
BEGIN
    PERFORM butler_common.require_read_committed('units can be registered');
    PERFORM set_config('synchronous_commit', 'on', true);
    IF v_table IS NULL OR v_table <> ALL (v_tables) THEN
        PERFORM butler_common.raise_error(
            'UB301', format('%L is not a unit whose rows are registered here', p_unit),
            CASE
                WHEN p_unit IN ('camera', 'skymap') THEN format('Use register_%s.', p_unit)
                ELSE butler_common.did_you_mean(coalesce(p_unit, ''), v_tables)
            END,
            jsonb_build_object('unit', p_unit)
        );
    END IF;
    v_merged := butler_internal.merge_units(v_table, p_rows, p_replace);
    PERFORM butler_internal.record('register_units', v_merged.inserted + v_merged.changed, p_subject => jsonb_build_object(
        'unit', p_unit, 'new', v_merged.inserted, 'changed', v_merged.changed, 'some_changed', v_merged.changed_keys
    ));
    RETURN v_merged.inserted;
END;
$$;

COMMENT ON FUNCTION butler.register_units(text, jsonb, boolean) IS
'Register units: a JSON array of objects whose keys are the columns of the unit''s view.
Times are TAI without a zone, regions [[ra, dec], …] in ICRS degrees. Rows that are there and agree
count as done; returns how many were new. Raises UB202 for one that differs, unless p_replace
allows that; UB301, UB304 for wrong values.';
