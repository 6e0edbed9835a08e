CREATE OR REPLACE FUNCTION butler_internal.find_collection(p_collection text)
RETURNS TABLE (collection_id bigint, collection_type text, run_id integer)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT c.collection_id, c.collection_type, r.run_id
    FROM butler_internal.all_collection AS c
    LEFT JOIN butler_internal.all_run AS r ON r.collection_id = c.collection_id
    WHERE c.collection = p_collection AND c.removed IS NULL;
    IF NOT FOUND THEN
        PERFORM butler_common.raise_error(
            'UB103',
            format('no collection %L', p_collection),
            butler_common.did_you_mean(
                p_collection, ARRAY(
                    SELECT c.collection FROM butler_internal.all_collection AS c
                    WHERE c.removed IS NULL
                    ORDER BY left(c.collection, 4) = left(p_collection, 4) DESC, c.collection ASC
                    LIMIT 200
                )
            ),
            jsonb_build_object('collection', p_collection)
        );
    END IF;
END;
$$;

COMMENT ON FUNCTION butler_internal.find_collection(text) IS
'Look a collection up in all layers. Raises UB103 if there is none.';
