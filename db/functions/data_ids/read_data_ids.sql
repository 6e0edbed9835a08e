-- Data IDs as programs send them, with the type's own units and no others, each with a value of its type, are taken
-- as they are; all others are translated first.
CREATE OR REPLACE FUNCTION butler_internal.read_data_ids(p_unit_mask integer, p_data_ids jsonb)
RETURNS TABLE (row_number integer, data_id butler_internal.data_id, digest uuid, problem jsonb)
LANGUAGE plpgsql
STABLE
-- What is joined with a few data IDs is looked up by index; for a thousand, the default, all datasets of a run
-- would be read at each put.
ROWS 1
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_data_ids jsonb := p_data_ids;
    v_problems jsonb[];
BEGIN
    IF jsonb_typeof(p_data_ids) IS DISTINCT FROM 'array' THEN
        PERFORM butler_common.raise_error(
            'UB301', 'data IDs are not given as a JSON array', 'Write [{"camera": "…", "visit": 1}, …].'
        );
    END IF;
    IF EXISTS (
        SELECT FROM jsonb_array_elements(p_data_ids) AS g
        WHERE butler_common.units_given_plainly(g) IS DISTINCT FROM p_unit_mask
    ) THEN
        SELECT jsonb_agg(t.data_id ORDER BY t.row_number), array_agg(t.problem ORDER BY t.row_number)
        INTO v_data_ids, v_problems
        FROM butler_internal.translate_data_ids(p_unit_mask, p_data_ids) AS t;
    END IF;
    RETURN QUERY
    SELECT
        u.ordinality::integer,
        ROW(
            u.camera, u.abstract_filter, u.physical_filter, u.sensor, u.visit, u.snap, u.visit_range,
            u.skymap, u.tract, u.patch, u.sky_pixel, u.label
        )::butler_internal.data_id,
        butler_common.data_id_digest(
            u.camera, u.abstract_filter, u.physical_filter, u.sensor, u.visit, u.snap, u.visit_range,
            u.skymap, u.tract, u.patch, u.sky_pixel, u.label
        ),
        v_problems[u.ordinality]
    FROM jsonb_populate_recordset(NULL::butler_internal.data_id, v_data_ids) WITH ORDINALITY AS u;
END;
$$;

COMMENT ON FUNCTION butler_internal.read_data_ids(integer, jsonb) IS
'Read data IDs, given as a JSON array of objects, for a dataset type with these units; each with its digest, and with
what is wrong with it, null if nothing.';
