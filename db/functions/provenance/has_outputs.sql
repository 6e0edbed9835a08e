CREATE OR REPLACE FUNCTION butler_internal.has_outputs(p_quantum_id uuid, p_outputs jsonb)
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN NOT EXISTS (
        SELECT FROM jsonb_array_elements(p_outputs) AS o
        WHERE NOT EXISTS (
            SELECT FROM butler_internal.dataset AS d
            WHERE
                d.quantum_id = p_quantum_id AND d.dataset_id = CASE
                    WHEN o ->> 'dataset_id' ~* '^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$'
                        THEN (o ->> 'dataset_id')::uuid
                END
                AND butler_internal.has_artifacts(d.dataset_id, o -> 'artifacts')
        )
    );
END;
$$;

COMMENT ON FUNCTION butler_internal.has_outputs(uuid, jsonb) IS
'Whether a quantum has made all of these datasets, each with these artifacts.';
