-- A file is what the datastore wrote only if it has the size and the checksum on record.
CREATE OR REPLACE FUNCTION butler.mark_found(p_datastore text, p_artifacts jsonb)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_count integer;
BEGIN
    PERFORM butler_common.require_read_committed('artifacts can be marked');
    PERFORM set_config('synchronous_commit', 'on', true);
    -- Before the artifacts' rows, as whoever empties the trash does; the trigger that counts them would lock them after.
    PERFORM FROM butler_internal.dataset AS d
    WHERE d.dataset_id IN (
        SELECT a.dataset_id
        FROM jsonb_to_recordset(p_artifacts) AS g (dataset_id uuid, component text)
        INNER JOIN butler_internal.artifact AS a
            ON a.dataset_id = g.dataset_id AND a.component = coalesce(g.component, '') AND a.state = 'lost'
    )
    ORDER BY d.dataset_id
    FOR NO KEY UPDATE;
    WITH marked AS (
        UPDATE butler_internal.artifact AS a
        SET state = 'present'
        FROM jsonb_to_recordset(p_artifacts) AS g (dataset_id uuid, component text, size bigint, sha256 text)
        WHERE
            a.dataset_id = g.dataset_id AND a.component = coalesce(g.component, '') AND a.state = 'lost'
            AND a.size = g.size AND a.sha256 = decode(g.sha256, 'hex')
            AND a.datastore_id = (SELECT s.datastore_id FROM butler_internal.all_datastore AS s WHERE s.datastore = p_datastore)
        RETURNING a.dataset_id, a.datastore_id, a.component
    )
    DELETE FROM butler_internal.artifact_loss AS l
    USING marked AS m
    WHERE l.dataset_id = m.dataset_id AND l.datastore_id = m.datastore_id AND l.component = m.component;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    PERFORM butler_internal.record(
        'mark_found', v_count, butler_internal.runs_of(ARRAY(
            SELECT g.dataset_id FROM jsonb_to_recordset(p_artifacts) AS g (dataset_id uuid)
        )), jsonb_build_object('datastore', p_datastore)
    );
    RETURN v_count;
END;
$$;

COMMENT ON FUNCTION butler.mark_found(text, jsonb) IS
'Record that artifacts of a datastore that were lost are there again: an array of {"dataset_id", "component",
"size", "sha256" (hex)}, as verify measured them. Returns how many have the size and checksum on record.';
