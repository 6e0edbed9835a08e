CREATE OR REPLACE FUNCTION butler.verified_up_to(p_datastore text)
RETURNS TABLE (dataset_id uuid, component text, moved timestamptz, completed timestamptz)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT v.dataset_id, v.component, v.moved, v.completed
    FROM butler_internal.verify_position AS v
    INNER JOIN butler_internal.all_datastore AS s ON s.datastore_id = v.datastore_id
    WHERE s.datastore = p_datastore;
END;

COMMENT ON FUNCTION butler.verified_up_to(text) IS
'How far verify has come in a datastore, and when it last came to the end; no row where it never stopped.';
