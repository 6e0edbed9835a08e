CREATE OR REPLACE FUNCTION butler_internal.has_artifacts(p_dataset_id uuid, p_artifacts jsonb)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT NOT EXISTS (
        (
            SELECT s.datastore, a.component, butler.artifact_path(a.path, a.dataset_id), a.formatter, a.size::text,
                encode(a.sha256, 'hex')
            FROM butler_internal.artifact AS a
            INNER JOIN butler_internal.all_datastore AS s ON s.datastore_id = a.datastore_id
            WHERE a.dataset_id = p_dataset_id
        )
        EXCEPT
        SELECT g ->> 'datastore', coalesce(g ->> 'component', ''), g ->> 'path', g ->> 'formatter', g ->> 'size',
            lower(g ->> 'sha256')
        FROM jsonb_array_elements(p_artifacts) AS g
    ) AND jsonb_array_length(p_artifacts) = (
        SELECT count(*) FROM butler_internal.artifact AS a WHERE a.dataset_id = p_dataset_id
    );
END;

COMMENT ON FUNCTION butler_internal.has_artifacts(uuid, jsonb) IS
'Whether the artifacts of a dataset are these, as put takes them, and no others.';
