CREATE OR REPLACE FUNCTION butler.unfinished_puts(p_older_than interval DEFAULT '1 day')
RETURNS TABLE (
    dataset_id uuid,
    dataset_type text,
    storage_class text,
    datastore text,
    hint text,
    begun timestamptz,
    begun_by text,
    given_up timestamptz
)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT i.dataset_id, t.dataset_type, t.storage_class, s.datastore, i.hint, i.begun, i.begun_by, i.given_up
    FROM butler_internal.put_intent AS i
    INNER JOIN butler_internal.all_dataset_type AS t ON t.dataset_type_id = i.dataset_type_id
    INNER JOIN butler_internal.all_datastore AS s ON s.datastore_id = i.datastore_id
    WHERE i.given_up IS NOT NULL OR i.begun < clock_timestamp() - p_older_than
    ORDER BY i.begun, i.dataset_id;
END;

COMMENT ON FUNCTION butler.unfinished_puts(interval) IS
'Puts that were given up, or began longer ago than this and have not ended: what dead writers left.';
