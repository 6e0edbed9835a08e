-- The session that ends a quantum changes its row: it waits for the outputs that are being registered, and later
-- ones are refused.
CREATE OR REPLACE FUNCTION butler_internal.hold_quantum(p_quantum_id bigint, p_run_id integer, p_run text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM FROM butler_internal.quantum AS q WHERE q.quantum_id = p_quantum_id FOR SHARE;
    PERFORM butler_internal.check_quantum(p_quantum_id, p_run_id, p_run);
END;
$$;

COMMENT ON FUNCTION butler_internal.hold_quantum(bigint, integer, text) IS
'Keep a quantum from ending until the end of the transaction. Raises UB301 if it isn''t running in this run.';
