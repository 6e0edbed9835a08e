-- A removal closes the tags of a dataset at its own time; these are opened again, where the tag doesn't hold
-- another dataset of the same type and data ID by now. A run's inputs are tags too, and must not meet what it made.
CREATE OR REPLACE FUNCTION butler.restore(p_dataset_ids uuid[])
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_collections bigint[] := '{}';
    v_more bigint[];
    v_problems jsonb;
    v_now timestamptz;
    v_count integer;
BEGIN
    PERFORM butler_common.require_read_committed('datasets can be restored');
    PERFORM set_config('synchronous_commit', 'on', true);
    -- The datasets' runs, and whatever takes one back: until none has come to them while this session waited.
    LOOP
        v_more := ARRAY(
            SELECT held.collection_id
            FROM (
                SELECT r.collection_id
                FROM butler_internal.dataset AS d
                INNER JOIN butler_internal.run AS r ON r.run_id = d.run_id
                WHERE d.dataset_id = ANY (p_dataset_ids)
                UNION
                SELECT t.collection_id
                FROM butler_internal.dataset_tag AS t
                INNER JOIN butler_internal.dataset AS d ON d.dataset_id = t.dataset_id
                WHERE t.dataset_id = ANY (p_dataset_ids) AND d.state = 'removed' AND upper(t.known) = d.changed
            ) AS held
            WHERE held.collection_id <> ALL (v_collections)
            ORDER BY held.collection_id
        );
        EXIT WHEN v_more = '{}';
        PERFORM pg_advisory_xact_lock(butler_common.lock_class('collection'), c::integer) FROM unnest(v_more) AS c;
        v_collections := v_collections || v_more;
    END LOOP;
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
            )) AS successor,
            CASE WHEN d.state = 'removed' THEN
                coalesce(nullif(first_value(d.dataset_id) OVER same, g.id), nullif(last_value(d.dataset_id) OVER same, g.id))
            END AS twin,
            met.run AS reader, met.dataset_id AS met
        FROM unnest(p_dataset_ids) WITH ORDINALITY AS g (id, n)
        LEFT JOIN butler_internal.dataset AS d ON d.dataset_id = g.id
        LEFT JOIN butler_internal.run AS r ON r.run_id = d.run_id
        LEFT JOIN butler_internal.collection AS c ON c.collection_id = r.collection_id
        LEFT JOIN LATERAL (
            SELECT bool_or(a.state = 'deleting') AS gone FROM butler_internal.artifact AS a WHERE a.dataset_id = g.id
        ) AS a ON true
        LEFT JOIN LATERAL (
            SELECT o.dataset_id, i.run
            FROM butler_internal.dataset_tag AS t
            INNER JOIN butler_internal.collection AS c ON c.collection_id = t.collection_id
            INNER JOIN butler_internal.run AS i ON i.collection_id = t.collection_id
            INNER JOIN butler_internal.dataset AS o
                ON
                    o.run_id = i.run_id AND o.dataset_type_id = d.dataset_type_id AND o.digest = d.digest
                    AND (o.state <> 'removed' OR o.dataset_id = ANY (p_dataset_ids))
            WHERE
                d.state = 'removed' AND t.dataset_id = d.dataset_id AND upper(t.known) = d.changed
                AND c.removed IS NULL AND NOT c.frozen
            ORDER BY i.run_id, o.dataset_id
            LIMIT 1
        ) AS met ON true
        WHERE d.state IS DISTINCT FROM 'present'
        WINDOW same AS (
            PARTITION BY d.run_id, d.dataset_type_id, d.digest, d.state ORDER BY d.dataset_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        )
    ),
    problem AS (
        SELECT
            j.n, j.id,
            CASE
                WHEN j.unknown THEN 'UB101' WHEN j.gone THEN 'UB402' WHEN j.frozen OR j.run_removed THEN 'UB401'
                ELSE 'UB201'
            END AS code,
            CASE
                WHEN j.unknown THEN format('no dataset %s in this registry', coalesce(j.id::text, 'null'))
                WHEN j.gone THEN format('the bytes of dataset %s are deleted', j.id)
                WHEN j.frozen THEN format('dataset %s can''t be restored: run %s is frozen', j.id, j.collection)
                WHEN j.run_removed THEN format('dataset %s can''t be restored: run %s was removed', j.id, j.collection)
                WHEN j.successor IS NOT NULL
                    THEN format('dataset %s can''t be restored: %s has its name by now', j.id, j.successor)
                WHEN j.twin IS NOT NULL
                    THEN format('dataset %s can''t be restored together with %s, which has its name', j.id, j.twin)
                ELSE format(
                    'dataset %s can''t be restored: run %s, whose input it was, has made dataset %s of its name',
                    j.id, j.reader, j.met
                )
            END AS message,
            CASE
                WHEN j.unknown THEN 'What can be restored is in the view removal.'
                WHEN j.gone THEN 'Its time in the trash was over: put it anew, or restore a backup.'
                WHEN j.frozen THEN 'Have the run released by ''collection freeze --release'' of the command, or freeze_collection(…, false).'
                WHEN j.run_removed THEN 'Register the run again, under the same name.'
                WHEN j.successor IS NULL AND (j.twin IS NOT NULL OR j.met = ANY (p_dataset_ids)) THEN 'Restore one of the two.'
                ELSE 'Remove that one first.'
            END AS hint
        FROM judged AS j
        WHERE
            j.unknown OR j.gone OR j.frozen OR j.run_removed
            OR j.successor IS NOT NULL OR j.twin IS NOT NULL OR j.met IS NOT NULL
    )
    SELECT jsonb_agg(jsonb_build_object(
        'row', p.n, 'code', p.code, 'message', p.message, 'hint', p.hint, 'dataset_id', p.id
    ) ORDER BY p.n) INTO v_problems
    FROM problem AS p;
    PERFORM butler_common.raise_rows(v_problems);

    v_now := butler_common.stamp_collections(v_collections);
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
    SET state = 'present', changed = v_now, changed_by = butler_common.actor(), change_reason = 'restored', trashed = false
    WHERE d.dataset_id = ANY (p_dataset_ids) AND d.state <> 'present';
    GET DIAGNOSTICS v_count = ROW_COUNT;
    PERFORM butler_internal.record('restore', v_count, butler_internal.runs_of(p_dataset_ids));
    RETURN v_count;
END;
$$;

COMMENT ON FUNCTION butler.restore(uuid[]) IS
'Bring back datasets that were unstored or removed and whose files are still in the trash, and put them into
the tags that their removal took them out of; returns how many. A read of a run as of a time between removal
and restoration finds them. Datasets that are present are ignored.
Raises UB101, UB201 where another has the name by now, or a run would read what it makes, UB401 where the run is
frozen or removed, UB402 where the files are deleted.';
