-- A new run is made in the caller's transaction, so that a put which is refused leaves no run either.
CREATE OR REPLACE FUNCTION butler_internal.run_to_put_into(p_run text)
RETURNS TABLE (run_id integer, collection_id bigint, has_inputs boolean, environment uuid)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_own bigint;
BEGIN
    RETURN QUERY
    SELECT r.run_id, r.collection_id, r.has_inputs, r.environment
    FROM butler_internal.collection AS c
    INNER JOIN butler_internal.run AS r ON r.collection_id = c.collection_id
    WHERE c.collection = p_run AND c.removed IS NULL AND NOT c.frozen;
    IF NOT FOUND THEN
        IF NOT EXISTS (
            SELECT FROM butler_internal.all_collection AS c WHERE c.collection = p_run AND c.removed IS NULL
        ) THEN
            PERFORM butler.register_collection(p_run, 'run');
        END IF;
        -- In a statement of its own: the planner would call it before it can see the new collection.
        v_own := butler_internal.own_collection(p_run, 'run');
        RETURN QUERY
        SELECT r.run_id, r.collection_id, r.has_inputs, r.environment
        FROM butler_internal.run AS r
        WHERE r.collection_id = v_own;
    END IF;
END;
$$;

COMMENT ON FUNCTION butler_internal.run_to_put_into(text) IS
'A run of this registry that may be written to; made, if there is no collection of that name.
Raises UB103, UB202 or UB401 otherwise.';
