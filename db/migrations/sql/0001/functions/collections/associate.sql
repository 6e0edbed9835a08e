CREATE OR REPLACE FUNCTION butler.associate(p_collection text, p_dataset_ids uuid[])
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_collection_type text;
    v_collection bigint;
    v_run integer;
    v_now timestamptz;
    v_problems jsonb;
    v_count integer;
BEGIN
    PERFORM butler_common.require_read_committed('collections can be changed');
    PERFORM set_config('synchronous_commit', 'on', true);
    SELECT CASE WHEN c.collection_type = 'run' THEN 'run' ELSE 'tagged' END INTO v_collection_type
    FROM butler_internal.all_collection AS c WHERE c.collection = p_collection;
    v_collection := butler_internal.own_collection(p_collection, v_collection_type);
    PERFORM butler_internal.hold_datasets(p_dataset_ids, v_collection);
    v_now := butler_internal.stamp(v_collection);
    -- Another session may have frozen the collection while this one waited.
    PERFORM butler_internal.own_collection(p_collection, v_collection_type);
    IF v_collection_type = 'run' THEN
        UPDATE butler_internal.run AS r SET has_inputs = true
        WHERE r.collection_id = v_collection AND NOT r.has_inputs;
        SELECT r.run_id INTO v_run FROM butler_internal.run AS r WHERE r.collection_id = v_collection;
    END IF;
    -- What is there already is met by the unique index, row by row. A join with the table would be planned as its
    -- statistics say: where these are of a time when it was empty, it is read whole for each dataset.
    INSERT INTO butler_internal.dataset_tag (collection_id, dataset_id, dataset_type_id, digest, known)
    SELECT v_collection, d.dataset_id, d.dataset_type_id, d.digest, tstzrange(v_now, NULL)
    FROM (SELECT DISTINCT g FROM unnest(p_dataset_ids) AS g) AS given (id)
    INNER JOIN butler_internal.all_dataset AS d ON d.dataset_id = given.id
    -- A run holds the datasets that it made without a tag.
    WHERE d.run_id IS DISTINCT FROM v_run
    ON CONFLICT (collection_id, dataset_type_id, digest) WHERE upper_inf(known) DO NOTHING;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    IF v_run IS NOT NULL OR v_count < (SELECT count(DISTINCT g) FROM unnest(p_dataset_ids) AS g) THEN
        SELECT jsonb_agg(jsonb_build_object(
            'row', other.n, 'code', 'UB201',
            'message', format(
                'collection %s holds dataset %s of the same type and data ID as %s', p_collection, other.there, other.id
            ),
            'hint', 'Disassociate the one that is there first.',
            'dataset_id', other.id, 'existing', other.there
        ) ORDER BY other.n) INTO v_problems
        FROM (
            SELECT
                d.n, d.dataset_id AS id,
                coalesce(t.dataset_id, o.dataset_id, nullif(d.first, d.dataset_id), nullif(d.last, d.dataset_id)) AS there
            FROM (
                SELECT
                    g.n, d.dataset_id, d.dataset_type_id, d.digest,
                    first_value(d.dataset_id) OVER same AS first, last_value(d.dataset_id) OVER same AS last
                FROM unnest(p_dataset_ids) WITH ORDINALITY AS g (id, n)
                INNER JOIN butler_internal.all_dataset AS d ON d.dataset_id = g.id
                WINDOW same AS (
                    PARTITION BY d.dataset_type_id, d.digest ORDER BY d.dataset_id
                    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
                )
            ) AS d
            LEFT JOIN butler_internal.dataset_tag AS t
                ON
                    t.collection_id = v_collection AND upper_inf(t.known)
                    AND t.dataset_type_id = d.dataset_type_id AND t.digest = d.digest
                    -- From before: which of two that are given came in is chance.
                    AND t.dataset_id <> d.dataset_id AND lower(t.known) < v_now
            LEFT JOIN butler_internal.dataset AS o
                ON
                    o.run_id = v_run AND o.dataset_type_id = d.dataset_type_id AND o.digest = d.digest
                    AND o.state <> 'removed' AND o.dataset_id <> d.dataset_id
        ) AS other
        WHERE other.there IS NOT NULL;
        PERFORM butler_common.raise_rows(v_problems);
    END IF;
    PERFORM butler_internal.record('associate', v_count, ARRAY[p_collection]);
    RETURN v_count;
END;
$$;

COMMENT ON FUNCTION butler.associate(text, uuid[]) IS
'Put datasets into a tagged collection, or into a run as its inputs; returns how many were new to it.
Raises UB101 for an unknown dataset, UB201 where another of the same type and data ID is there.';
