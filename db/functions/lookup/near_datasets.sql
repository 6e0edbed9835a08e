-- Called when a search has found nothing, which must not take longer than one that finds. Only units that
-- are given become conditions, so that the indexes by visit and by tract serve; without any of these, only
-- datasets of the runs that were searched are looked at.
CREATE OR REPLACE FUNCTION butler_internal.near_datasets(
    p_dataset_type_id integer,
    p_wanted butler_internal.data_id,
    p_digest uuid,
    p_searched text[]
)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_scope text := concat(
        CASE WHEN p_wanted.camera IS NOT NULL THEN ' AND d.camera = ($2).camera' END,
        CASE WHEN p_wanted.visit IS NOT NULL THEN ' AND d.visit = ($2).visit' END,
        CASE WHEN p_wanted.skymap IS NOT NULL THEN ' AND d.skymap = ($2).skymap' END,
        CASE WHEN p_wanted.tract IS NOT NULL THEN ' AND d.tract = ($2).tract' END
    );
    v_runs integer[] := ARRAY(SELECT r.run_id FROM butler_internal.all_run AS r WHERE r.run = ANY (p_searched));
    v_near text;
BEGIN
    IF v_scope <> '' THEN
        EXECUTE format(
            'SELECT string_agg(n.text, ''; '') FROM ('
            'SELECT format(''run %%s has it'', r.run) AS text FROM butler_internal.all_dataset AS d '
            'INNER JOIN butler_internal.all_run AS r ON r.run_id = d.run_id '
            'WHERE d.dataset_type_id = $1 AND d.digest = $3 AND d.state <> ''removed'' %s LIMIT 3) AS n', v_scope
        ) INTO v_near USING p_dataset_type_id, p_wanted, p_digest;
    END IF;
    IF v_near IS NULL THEN
        EXECUTE format(
            'SELECT ''near it: '' || string_agg(n.text, ''; '') FROM ('
            'SELECT format(''%%s in %%s'', ('
            'SELECT string_agg(e.key || ''='' || e.value, '' '') FROM jsonb_each_text(butler_internal.data_id_json(d.data_id)) AS e), r.run) AS text '
            'FROM butler_internal.all_dataset AS d INNER JOIN butler_internal.all_run AS r ON r.run_id = d.run_id '
            'WHERE d.dataset_type_id = $1 AND d.state <> ''removed'' AND d.run_id = ANY ($3) %s LIMIT 3) AS n', v_scope
        ) INTO v_near USING p_dataset_type_id, p_wanted, v_runs;
    END IF;
    RETURN v_near;
END;
$$;

COMMENT ON FUNCTION butler_internal.near_datasets(integer, butler_internal.data_id, uuid, text[]) IS
'In words, where else a data ID is found, or else which datasets share its visit, tract or run; null if none.';
