-- All of them are counted already; from some place on they are counted one by one.
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
    SELECT CASE
        WHEN p_after = '00000000-0000-0000-0000-000000000000' AND p_after_component = '' THEN (
            SELECT coalesce(sum(c.artifacts), 0)::bigint
            FROM (
                SELECT n.datastore_id, n.state, n.artifacts FROM butler_internal.storage_total AS n
                UNION ALL
                SELECT n.datastore_id, n.state, n.artifacts FROM butler_internal.storage_change AS n
            ) AS c
            WHERE c.datastore_id = s.datastore_id AND c.state IN ('present', 'lost', 'trashed')
        )
        ELSE (
            SELECT count(*)
            FROM butler_internal.artifact AS a
            WHERE
                a.datastore_id = s.datastore_id AND (a.dataset_id, a.component) > (p_after, p_after_component)
                AND a.state IN ('present', 'lost')
        )
    END
    FROM (
        SELECT (SELECT s.datastore_id FROM butler_internal.all_datastore AS s WHERE s.datastore = p_datastore) AS datastore_id
    ) AS s;
END;

COMMENT ON FUNCTION butler.count_artifacts(text, uuid, text) IS
'How many artifacts stored_artifacts would return after this one, and those in the trash.';
