-- The session that ends a quantum changes its row: it waits for the outputs that are being registered, and later
-- ones are refused.
CREATE OR REPLACE FUNCTION butler_internal.hold_quantum(p_quantum_id uuid, p_run_id integer, p_run text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM FROM butler_internal.quantum AS q
    WHERE q.quantum_id = p_quantum_id AND q.run_id = p_run_id AND q.status IN ('running', 'died')
    FOR SHARE;
    IF NOT FOUND THEN
        PERFORM butler_common.raise_error(
            'UB301', format('quantum %s is not running in run %s', p_quantum_id, p_run),
            'Put a quantum''s outputs into its own run, before it ends.',
            jsonb_build_object('quantum_id', p_quantum_id)
        );
    END IF;
END;
$$;

COMMENT ON FUNCTION butler_internal.hold_quantum(uuid, integer, text) IS
'Keep a quantum from ending until the end of the transaction. Raises UB301 if it isn''t running in this run.';
