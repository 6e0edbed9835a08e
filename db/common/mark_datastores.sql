-- Named by their marks, not by their names: two layers may have a datastore of one name, and whoever has looked at a root
-- learns if somebody else has marked it since. The new mark counts when the transaction ends: meanwhile its client writes
-- it into the root.
CREATE OR REPLACE FUNCTION butler_common.mark_datastores(p_marks uuid[] DEFAULT NULL)
RETURNS TABLE (datastore text, mark uuid, marked timestamp with time zone)
LANGUAGE plpgsql
AS $$
DECLARE
    v_registry text;
    v_rows bigint := 0;
BEGIN
    PERFORM butler_common.require_read_committed('datastores can be marked');
    FOR v_registry IN SELECT r.registry FROM butler_common.registry AS r ORDER BY r.depth, r.registry LOOP
        FOR datastore, mark, marked IN EXECUTE format(
            'UPDATE %I.datastore AS s SET mark = gen_random_uuid(), marked = clock_timestamp()'
            ' WHERE $1 IS NULL OR s.mark = ANY($1) RETURNING s.datastore, s.mark, s.marked',
            v_registry || '_internal'
        ) USING p_marks
        LOOP
            v_rows := v_rows + 1;
            RETURN NEXT;
        END LOOP;
    END LOOP;
    IF v_rows < cardinality(p_marks) THEN
        PERFORM butler_common.raise_error(
            'UB301', format('of these marks only %s are those of datastores: %s', v_rows, p_marks),
            'Somebody has set one anew: look at the root again, and at the view datastore.',
            jsonb_build_object('marks', p_marks)
        );
    END IF;
END;
$$;

COMMENT ON FUNCTION butler_common.mark_datastores(uuid[]) IS
'Give the datastores that have these marks, or all, new ones: what their roots say doesn''t hold any more, until it is set
anew. Raises UB301.';
