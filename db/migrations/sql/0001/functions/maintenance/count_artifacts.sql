CREATE OR REPLACE FUNCTION butler.count_artifacts(
    p_datastore text,
    p_after uuid DEFAULT '00000000-0000-0000-0000-000000000000',
    p_after_component text DEFAULT ''
)
RETURNS bigint
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT count(*)
    FROM butler_internal.artifact AS a
    WHERE
        a.datastore_id = (SELECT s.datastore_id FROM butler_internal.all_datastore AS s WHERE s.datastore = p_datastore)
        AND (a.dataset_id, a.component) > (p_after, p_after_component)
        AND a.state IN ('present', 'lost');
END;

COMMENT ON FUNCTION butler.count_artifacts(text, uuid, text) IS
'How many artifacts stored_artifacts would return after this one, and those in the trash.';
