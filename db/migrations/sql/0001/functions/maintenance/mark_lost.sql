CREATE OR REPLACE FUNCTION butler.mark_lost(p_datastore text, p_artifacts jsonb)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_count integer;
    v_bad jsonb;
BEGIN
    PERFORM butler_common.require_read_committed('artifacts can be marked');
    PERFORM set_config('synchronous_commit', 'on', true);
    IF jsonb_typeof(p_artifacts) IS DISTINCT FROM 'array' THEN
        PERFORM butler_common.raise_error(
            'UB301', 'lost artifacts are not given as a JSON array',
            'Write [{"dataset_id", "component", "fault": missing, size or sha256}, …].'
        );
    END IF;
    SELECT g.artifact INTO v_bad
    FROM jsonb_array_elements(p_artifacts) AS g (artifact)
    WHERE
        (g.artifact ->> 'dataset_id' ~* '^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$') IS NOT TRUE
        OR (g.artifact ->> 'fault' IN ('missing', 'size', 'sha256')) IS NOT TRUE
    LIMIT 1;
    IF FOUND THEN
        PERFORM butler_common.raise_error(
            'UB301', format('%s is not a lost artifact', left(v_bad::text, 200)),
            'Give an array of {"dataset_id", "component", "fault": missing, size or sha256}.'
        );
    END IF;
    -- Before the artifacts' rows, as whoever empties the trash does; the trigger that counts them would lock them after.
    PERFORM FROM butler_internal.dataset AS d
    WHERE d.dataset_id IN (
        SELECT a.dataset_id
        FROM jsonb_to_recordset(p_artifacts) AS g (dataset_id uuid, component text)
        INNER JOIN butler_internal.artifact AS a
            ON a.dataset_id = g.dataset_id AND a.component = coalesce(g.component, '') AND a.state = 'present'
    )
    ORDER BY d.dataset_id
    FOR NO KEY UPDATE;
    WITH marked AS (
        UPDATE butler_internal.artifact AS a
        SET state = 'lost'
        FROM jsonb_to_recordset(p_artifacts) AS g (dataset_id uuid, component text, fault text)
        WHERE
            a.dataset_id = g.dataset_id AND a.component = coalesce(g.component, '') AND a.state = 'present'
            AND a.datastore_id = (SELECT s.datastore_id FROM butler_internal.all_datastore AS s WHERE s.datastore = p_datastore)
        RETURNING a.dataset_id, a.datastore_id, a.component, g.fault
    )
    INSERT INTO butler_internal.artifact_loss (dataset_id, datastore_id, component, fault, found, found_by)
    SELECT m.dataset_id, m.datastore_id, m.component, m.fault, clock_timestamp(), butler_common.actor()
    FROM marked AS m
    ON CONFLICT (dataset_id, datastore_id, component) DO UPDATE
    SET fault = excluded.fault, found = excluded.found, found_by = excluded.found_by;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    PERFORM butler_internal.record(
        'mark_lost', v_count, butler_internal.runs_of(ARRAY(
            SELECT g.dataset_id FROM jsonb_to_recordset(p_artifacts) AS g (dataset_id uuid)
        )), jsonb_build_object('datastore', p_datastore)
    );
    RETURN v_count;
END;
$$;

COMMENT ON FUNCTION butler.mark_lost(text, jsonb) IS
'Record that artifacts of a datastore aren''t what the datastore wrote: an array of {"dataset_id", "component",
"fault": missing, size or sha256}. Returns how many were present until now. Raises UB301.';
