CREATE OR REPLACE FUNCTION butler.datasets_without_artifacts(
    p_after uuid DEFAULT '00000000-0000-0000-0000-000000000000',
    p_limit integer DEFAULT 1000
)
RETURNS SETOF uuid
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT d.dataset_id
    FROM butler_internal.dataset AS d
    WHERE
        d.dataset_id > p_after AND d.state = 'present'
        AND NOT EXISTS (
            SELECT FROM butler_internal.artifact AS a
            WHERE a.dataset_id = d.dataset_id AND a.state IN ('present', 'lost')
        )
    ORDER BY d.dataset_id
    LIMIT p_limit;
END;

COMMENT ON FUNCTION butler.datasets_without_artifacts(uuid, integer) IS
'Datasets of this registry whose state is present and that have no artifact.';
