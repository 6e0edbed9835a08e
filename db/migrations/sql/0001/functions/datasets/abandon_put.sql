-- object: function butler.abandon_put(uuid[])
-- requires: shared/registered_datasets.sql
--
-- What comes back may be deleted: no dataset has these ids, and without its intent none can. Whoever
-- lost the answer to finish_put learns from it whether that was carried out.
CREATE OR REPLACE FUNCTION butler.abandon_put(p_dataset_ids uuid[])
RETURNS SETOF uuid
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'on', true);
    DELETE FROM butler_internal.put_intent AS i WHERE i.dataset_id = ANY (p_dataset_ids);
    RETURN QUERY
    SELECT g.id
    FROM unnest(p_dataset_ids) AS g (id)
    WHERE g.id NOT IN (SELECT r.id FROM butler_shared.registered_datasets(p_dataset_ids) AS r (id));
END;
$$;

COMMENT ON FUNCTION butler.abandon_put(uuid[]) IS
'Give up puts that have begun. Returns the ids that are no datasets, whose bytes may be deleted.';
