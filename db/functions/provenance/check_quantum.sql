CREATE OR REPLACE FUNCTION butler_internal.check_quantum(p_quantum_id bigint, p_run_id integer, p_run text)
RETURNS void
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM butler_internal.quantum AS q
        WHERE q.quantum_id = p_quantum_id AND q.run_id = p_run_id AND q.status = 'running'
    ) THEN
        PERFORM butler_common.raise_error(
            'UB301', format('quantum %s is not running in run %s', p_quantum_id, p_run),
            'Put a quantum''s outputs into its own run, before it ends.',
            jsonb_build_object('quantum_id', p_quantum_id)
        );
    END IF;
END;
$$;

COMMENT ON FUNCTION butler_internal.check_quantum(bigint, integer, text) IS
'Refuse outputs of a quantum that isn''t running in this run.';
