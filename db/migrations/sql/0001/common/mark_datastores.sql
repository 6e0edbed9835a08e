-- The new mark counts when the transaction ends: meanwhile the same transaction's client writes it into the root.
CREATE OR REPLACE FUNCTION butler_common.mark_datastores(p_datastores text[] DEFAULT NULL)
RETURNS TABLE (datastore text, mark uuid, marked timestamp with time zone)
LANGUAGE plpgsql
AS $$
DECLARE
    v_registry text;
    v_found text[] := '{}';
    v_missing text;
BEGIN
    PERFORM butler_common.require_read_committed('datastores can be marked');
    FOR v_registry IN SELECT r.registry FROM butler_common.registry AS r ORDER BY r.depth, r.registry LOOP
        FOR datastore, mark, marked IN EXECUTE format(
            'UPDATE %I.datastore AS s SET mark = gen_random_uuid(), marked = clock_timestamp()'
            ' WHERE $1 IS NULL OR s.datastore = ANY($1) RETURNING s.datastore, s.mark, s.marked',
            v_registry || '_internal'
        ) USING p_datastores
        LOOP
            v_found := v_found || datastore;
            RETURN NEXT;
        END LOOP;
    END LOOP;
    SELECT g.name INTO v_missing FROM unnest(p_datastores) AS g (name) WHERE g.name <> ALL(v_found) LIMIT 1;
    IF FOUND THEN
        PERFORM butler_common.raise_error(
            'UB301', format('no datastore %L', v_missing), 'Look at the view datastore.',
            jsonb_build_object('datastore', v_missing)
        );
    END IF;
END;
$$;

COMMENT ON FUNCTION butler_common.mark_datastores(text[]) IS
'Give these datastores, or all, new marks: what their roots say doesn''t hold any more, until it is set anew. Raises UB301.';
