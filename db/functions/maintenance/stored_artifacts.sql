CREATE OR REPLACE FUNCTION butler.stored_artifacts(
    p_datastore text,
    p_after uuid DEFAULT '00000000-0000-0000-0000-000000000000',
    p_after_component text DEFAULT '',
    p_limit integer DEFAULT 1000
)
RETURNS TABLE (
    dataset_id uuid,
    component text,
    path text,
    formatter text,
    size bigint,
    sha256 bytea,
    state text,
    dataset_state text
)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT
        a.dataset_id, a.component, butler.artifact_path(a.path, a.dataset_id) AS path, a.formatter, a.size, a.sha256,
        butler.state_name(a.state) AS state, butler.state_name(d.state) AS dataset_state
    FROM butler_internal.artifact AS a
    INNER JOIN butler_internal.dataset AS d ON d.dataset_id = a.dataset_id
    WHERE
        a.datastore_id = (SELECT s.datastore_id FROM butler_internal.all_datastore AS s WHERE s.datastore = p_datastore)
        AND (a.dataset_id, a.component) > (p_after, p_after_component)
        AND a.state IN ('present', 'lost') AND (d.state = 'present' OR d.trashed IS NOT TRUE)
    ORDER BY a.dataset_id, a.component
    LIMIT p_limit;
END;

COMMENT ON FUNCTION butler.stored_artifacts(text, uuid, text, integer) IS
'The next artifacts of this registry''s own datasets in a datastore, but those in the trash, by dataset and
component; with the state of their datasets.';
