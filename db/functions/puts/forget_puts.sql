CREATE OR REPLACE FUNCTION butler.forget_puts(p_dataset_ids uuid[])
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_count integer;
BEGIN
    PERFORM butler_common.require_read_committed('puts can be forgotten');
    PERFORM set_config('synchronous_commit', 'on', true);
    DELETE FROM butler_internal.put_intent AS i
    WHERE i.dataset_id = ANY (p_dataset_ids) AND i.given_up IS NOT NULL;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END;
$$;

COMMENT ON FUNCTION butler.forget_puts(uuid[]) IS
'Say that the bytes of puts that were given up are deleted; returns how many puts are forgotten. Others stay.';
