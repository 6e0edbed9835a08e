CREATE OR REPLACE FUNCTION butler_internal.data_id_json(p_data_id butler_internal.data_id)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN (p_data_id).visit_range IS NULL THEN jsonb_strip_nulls(to_jsonb(p_data_id))
        ELSE jsonb_strip_nulls(to_jsonb(p_data_id)) || jsonb_build_object(
            'visit_range', concat(lower((p_data_id).visit_range), '..', upper((p_data_id).visit_range))
        )
    END;
END;

COMMENT ON FUNCTION butler_internal.data_id_json(butler_internal.data_id) IS
'A data ID as JSON: the units that it has, a range as 100..200.';
