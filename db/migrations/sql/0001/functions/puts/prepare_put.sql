-- For what is large, as its bytes are written before the put; and for whom a file name is to say more than the data ID.
CREATE OR REPLACE FUNCTION butler.prepare_put(
    p_run text, p_dataset_type text, p_data_ids jsonb, p_skip_existing boolean DEFAULT false
)
RETURNS TABLE (row_number integer, data_id jsonb, names jsonb, existing uuid)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET random_page_cost = 0.1
AS $$
#variable_conflict use_column
DECLARE
    v_type record;
    v_run record;
BEGIN
    SELECT * INTO v_type FROM butler_internal.find_dataset_type(p_dataset_type);
    SELECT r.run_id, r.collection_id INTO v_run FROM butler_internal.run AS r WHERE r.run = p_run;
    PERFORM butler_common.raise_rows((
        WITH given AS (
            SELECT r.*, d.dataset_id, t.dataset_id AS input, count(*) OVER (PARTITION BY r.digest) AS times
            FROM butler_internal.read_data_ids(v_type.unit_mask, p_data_ids) AS r
            LEFT JOIN butler_internal.dataset AS d
                ON
                    d.run_id = v_run.run_id AND d.dataset_type_id = v_type.dataset_type_id
                    AND d.digest = r.digest AND d.state <> 'removed'
            LEFT JOIN butler_internal.dataset_tag AS t
                ON
                    t.collection_id = v_run.collection_id AND t.dataset_type_id = v_type.dataset_type_id
                    AND t.digest = r.digest AND upper_inf(t.known)
        )
        SELECT jsonb_agg(p.problem || jsonb_build_object(
            'row', g.row_number, 'dataset_type', p_dataset_type, 'data_id', p_data_ids -> (g.row_number - 1)
        ) ORDER BY g.row_number)
        FROM given AS g
        CROSS JOIN LATERAL (
            SELECT coalesce(
                g.problem,
                butler_internal.unknown_unit(g.data_id),
                CASE WHEN g.dataset_id IS NOT NULL AND NOT p_skip_existing THEN jsonb_build_object(
                    'code', 'UB201',
                    'message', format('run %s has %s of this data ID already: dataset %s', p_run, p_dataset_type, g.dataset_id),
                    'hint', 'Datasets never change: put into another run, or remove the one that is there.',
                    'existing', g.dataset_id
                ) END,
                CASE WHEN g.input IS NOT NULL THEN jsonb_build_object(
                    'code', 'UB201',
                    'message', format('run %s has %s of this data ID as an input: dataset %s', p_run, p_dataset_type, g.input),
                    'hint', 'Put into another run: a run''s outputs and its inputs have different data IDs.',
                    'existing', g.input
                ) END,
                CASE WHEN g.times > 1 THEN jsonb_build_object(
                    'code', 'UB201', 'message', 'the data ID is given twice',
                    'hint', 'A run holds one dataset of a type and data ID.'
                ) END
            ) AS problem
        ) AS p
        WHERE p.problem IS NOT NULL
    ));
    RETURN QUERY
    SELECT
        r.row_number, butler_internal.data_id_json(r.data_id), butler_internal.names_of_units(r.data_id), d.dataset_id
    FROM butler_internal.read_data_ids(v_type.unit_mask, p_data_ids) AS r
    LEFT JOIN butler_internal.dataset AS d
        ON
            d.run_id = v_run.run_id AND d.dataset_type_id = v_type.dataset_type_id
            AND d.digest = r.digest AND d.state <> 'removed'
    ORDER BY r.row_number;
END;
$$;

COMMENT ON FUNCTION butler.prepare_put(text, text, jsonb, boolean) IS
'For data IDs of one type, a JSON array of objects, that are to be put into a run, which need not be there yet: each
complete, what a file name may say of its units beside it, and the dataset that the run has of it: an error, unless
p_skip_existing is true. Writes nothing; what comes between is refused by put. Raises UB102, UB104, UB201, UB301 or
UB302; one error names every bad row.';
