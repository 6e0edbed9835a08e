-- object: function butler.abandon_put(uuid[])
CREATE OR REPLACE FUNCTION butler.abandon_put(p_dataset_ids uuid[])
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_count integer;
BEGIN
    PERFORM set_config('synchronous_commit', 'on', true);
    DELETE FROM butler_internal.put_intent AS i WHERE i.dataset_id = ANY (p_dataset_ids);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END;
$$;

COMMENT ON FUNCTION butler.abandon_put(uuid[]) IS
'Give up puts that have begun, after their bytes are deleted; returns how many there were.';
