-- A removal closes the tags of a dataset at its own time; these are opened again, where the tag doesn't hold
-- another dataset of the same type and data ID by now.
CREATE OR REPLACE FUNCTION butler.restore(p_dataset_ids uuid[])
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_collections bigint[];
    v_problems jsonb;
    v_now timestamptz;
    v_count integer;
BEGIN
    PERFORM butler_common.require_read_committed('datasets can be restored');
    PERFORM set_config('synchronous_commit', 'on', true);
    v_collections := ARRAY(
        SELECT DISTINCT r.collection_id
        FROM unnest(p_dataset_ids) AS g (id)
        INNER JOIN butler_internal.dataset AS d ON d.dataset_id = g.id
        INNER JOIN butler_internal.run AS r ON r.run_id = d.run_id
        ORDER BY r.collection_id
    );
    PERFORM pg_advisory_xact_lock(butler_common.lock_class('collection'), c::integer) FROM unnest(v_collections) AS c;
    -- A session that empties the trash passes over rows that are locked.
    PERFORM FROM butler_internal.dataset AS d
    WHERE d.dataset_id = ANY (p_dataset_ids) ORDER BY d.dataset_id FOR NO KEY UPDATE;
    WITH judged AS (
        SELECT
            g.n, g.id, d.dataset_id IS NULL AS unknown, c.collection, c.frozen, c.removed IS NOT NULL AS run_removed,
            d.trashed IS NOT TRUE OR coalesce(a.gone, true) AS gone,
            coalesce((
                SELECT s.dataset_id FROM butler_internal.dataset AS s
                WHERE
                    d.state = 'removed' AND s.run_id = d.run_id AND s.dataset_type_id = d.dataset_type_id
                    AND s.digest = d.digest AND s.state <> 'removed'
            ), (
                SELECT t.dataset_id FROM butler_internal.dataset_tag AS t
                WHERE
                    d.state = 'removed' AND t.collection_id = r.collection_id
                    AND t.dataset_type_id = d.dataset_type_id AND t.digest = d.digest AND upper_inf(t.known)
            )) AS successor
        FROM unnest(p_dataset_ids) WITH ORDINALITY AS g (id, n)
        LEFT JOIN butler_internal.dataset AS d ON d.dataset_id = g.id
        LEFT JOIN butler_internal.run AS r ON r.run_id = d.run_id
        LEFT JOIN butler_internal.collection AS c ON c.collection_id = r.collection_id
        LEFT JOIN LATERAL (
            SELECT bool_or(a.state = 'deleting') AS gone FROM butler_internal.artifact AS a WHERE a.dataset_id = g.id
        ) AS a ON true
        WHERE d.state IS DISTINCT FROM 'present'
    ),
    problem AS (
        SELECT
            j.n, j.id,
            CASE
                WHEN j.unknown THEN 'UB101' WHEN j.gone THEN 'UB402' WHEN j.frozen OR j.run_removed THEN 'UB401'
                ELSE 'UB201'
            END AS code,
            CASE
                WHEN j.unknown THEN format('no dataset %s in this registry', j.id)
                WHEN j.gone THEN format('the bytes of dataset %s are deleted', j.id)
                WHEN j.frozen THEN format('dataset %s can''t be restored: run %s is frozen', j.id, j.collection)
                WHEN j.run_removed THEN format('dataset %s can''t be restored: run %s was removed', j.id, j.collection)
                ELSE format('dataset %s can''t be restored: %s has its name by now', j.id, j.successor)
            END AS message,
            CASE
                WHEN j.unknown THEN 'What can be restored is in the view removal.'
                WHEN j.gone THEN 'Its time in the trash was over: put it anew, or restore a backup.'
                WHEN j.frozen THEN 'Have the run released by freeze_collection(…, false).'
                WHEN j.run_removed THEN 'Register the run again, under the same name.'
                ELSE 'Remove that one first.'
            END AS hint
        FROM judged AS j
        WHERE j.unknown OR j.gone OR j.frozen OR j.run_removed OR j.successor IS NOT NULL
    )
    SELECT jsonb_agg(jsonb_build_object(
        'row', p.n, 'code', p.code, 'message', p.message, 'hint', p.hint, 'dataset_id', p.id
    ) ORDER BY p.n) INTO v_problems
    FROM problem AS p;
    PERFORM butler_common.raise_rows(v_problems);

    v_now := butler_common.stamp_collections(v_collections || ARRAY(
        SELECT t.collection_id
        FROM butler_internal.dataset_tag AS t
        INNER JOIN butler_internal.dataset AS d ON d.dataset_id = t.dataset_id
        WHERE t.dataset_id = ANY (p_dataset_ids) AND d.state = 'removed' AND upper(t.known) = d.changed
    ));
    INSERT INTO butler_internal.dataset_tag (collection_id, dataset_id, dataset_type_id, digest, known)
    SELECT DISTINCT ON (t.collection_id, t.dataset_type_id, t.digest)
        t.collection_id, t.dataset_id, t.dataset_type_id, t.digest, tstzrange(v_now, NULL)
    FROM butler_internal.dataset_tag AS t
    INNER JOIN butler_internal.dataset AS d ON d.dataset_id = t.dataset_id
    INNER JOIN butler_internal.collection AS c ON c.collection_id = t.collection_id
    WHERE
        t.dataset_id = ANY (p_dataset_ids) AND d.state = 'removed' AND upper(t.known) = d.changed
        AND c.removed IS NULL AND NOT c.frozen
        AND NOT EXISTS (
            SELECT FROM butler_internal.dataset_tag AS o
            WHERE
                o.collection_id = t.collection_id AND o.dataset_type_id = t.dataset_type_id
                AND o.digest = t.digest AND upper_inf(o.known)
        )
    ORDER BY t.collection_id, t.dataset_type_id, t.digest, upper(t.known) DESC;
    UPDATE butler_internal.dataset AS d
    SET state = 'present', changed = v_now, changed_by = session_user, change_reason = 'restored', trashed = false
    WHERE d.dataset_id = ANY (p_dataset_ids) AND d.state <> 'present';
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END;
$$;

COMMENT ON FUNCTION butler.restore(uuid[]) IS
'Bring back datasets that were unstored or removed and whose files are still in the trash, and put them into
the tags that their removal took them out of; returns how many. A read of a run as of a time between removal
and restoration finds them. Datasets that are present are ignored.
Raises UB101, UB201 where another has the name by now, UB401 where the run is frozen or removed, UB402 where the
files are deleted.';
