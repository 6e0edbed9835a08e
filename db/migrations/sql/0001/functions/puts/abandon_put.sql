-- The first of two steps: the writer may delete the bytes of the ids that come back, as no dataset has these
-- ids, and none can from now on. The intents stay until forget_puts says that the bytes are gone, so that a
-- writer that dies between the two leaves nothing that isn't named. A writer that lost the answer to finish_put
-- learns here whether the server carried it out.
CREATE OR REPLACE FUNCTION butler.abandon_put(p_dataset_ids uuid[])
RETURNS SETOF uuid
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM butler_common.require_read_committed('puts can be given up');
    PERFORM set_config('synchronous_commit', 'on', true);
    UPDATE butler_internal.put_intent AS i
    SET given_up = coalesce(i.given_up, clock_timestamp())
    WHERE i.dataset_id = ANY (p_dataset_ids);
    RETURN QUERY
    SELECT g.id
    FROM unnest(p_dataset_ids) AS g (id)
    WHERE g.id NOT IN (SELECT r.id FROM butler_common.registered_datasets(p_dataset_ids) AS r (id));
END;
$$;

COMMENT ON FUNCTION butler.abandon_put(uuid[]) IS
'Give up puts that have begun: they can''t end any more. Returns the ids that are no datasets, whose bytes may
be deleted; after that, forget_puts.';
