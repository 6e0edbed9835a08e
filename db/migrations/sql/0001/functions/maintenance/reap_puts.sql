-- A writer that is ending a put has its intent locked: the reaper passes over it. Which puts are registered is
-- looked up by a statement of its own, which sees all that ended before the reaper locked the intents.
CREATE OR REPLACE FUNCTION butler.reap_puts(
    p_datastore text,
    p_older_than interval DEFAULT '1 day',
    p_after uuid DEFAULT '00000000-0000-0000-0000-000000000000',
    p_limit integer DEFAULT 1000
)
RETURNS TABLE (
    dataset_id uuid,
    dataset_type text,
    storage_class text,
    datastore text,
    hint text,
    begun timestamptz,
    begun_by text,
    given_up timestamptz,
    registered boolean
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_ids uuid[];
BEGIN
    PERFORM butler_common.require_read_committed('puts can be given up');
    PERFORM set_config('synchronous_commit', 'on', true);
    WITH due AS (
        SELECT i.dataset_id
        FROM butler_internal.put_intent AS i
        INNER JOIN butler_internal.all_datastore AS s ON s.datastore_id = i.datastore_id
        WHERE
            s.datastore = p_datastore AND i.dataset_id > p_after
            AND (i.given_up IS NOT NULL OR i.begun < clock_timestamp() - p_older_than)
        ORDER BY i.dataset_id
        LIMIT p_limit
        FOR UPDATE OF i SKIP LOCKED
    ),
    marked AS (
        UPDATE butler_internal.put_intent AS i
        SET given_up = coalesce(i.given_up, clock_timestamp())
        FROM due
        WHERE i.dataset_id = due.dataset_id
        RETURNING i.dataset_id
    )
    SELECT array_agg(m.dataset_id) INTO v_ids FROM marked AS m;
    RETURN QUERY
    SELECT
        i.dataset_id, t.dataset_type, t.storage_class, p_datastore, i.hint, i.begun, i.begun_by, i.given_up,
        r.id IS NOT NULL
    FROM butler_internal.put_intent AS i
    INNER JOIN butler_internal.all_dataset_type AS t ON t.dataset_type_id = i.dataset_type_id
    LEFT JOIN butler_common.registered_datasets(v_ids) AS r (id) ON r.id = i.dataset_id
    WHERE i.dataset_id = ANY (v_ids)
    ORDER BY i.dataset_id;
END;
$$;

COMMENT ON FUNCTION butler.reap_puts(text, interval, uuid, integer) IS
'Give up the puts into a datastore that began longer ago than this, and return them with those that were
given up before: ids after this one, at most so many. The bytes of those that aren''t registered may be deleted;
after that, forget_puts.';
