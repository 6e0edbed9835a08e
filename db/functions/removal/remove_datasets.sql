-- The plan that a dry run shows and the plan that is carried out are one query. The runs' locks keep its answer
-- true: a session that puts into a run, or makes a collection hold its datasets, has the run's lock shared.
CREATE OR REPLACE FUNCTION butler_internal.remove_datasets(
    p_dataset_ids uuid[],
    p_state text,
    p_reason text,
    p_force boolean,
    p_dry_run boolean,
    p_leaving bigint[]
)
RETURNS SETOF butler.removal_outcome
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
DECLARE
    v_problems jsonb;
    v_collections bigint[];
    v_group butler.removal_outcome;
    v_going uuid[] := '{}';
    v_now timestamptz;
BEGIN
    SELECT jsonb_agg(jsonb_build_object(
        'row', g.n, 'code', 'UB101', 'message', format('no dataset %s', coalesce(g.id::text, 'null')),
        'hint', 'Give ids of datasets that are registered.', 'dataset_id', g.id
    ) ORDER BY g.n) INTO v_problems
    FROM unnest(p_dataset_ids) WITH ORDINALITY AS g (id, n)
    WHERE NOT EXISTS (SELECT FROM butler_internal.all_dataset AS d WHERE d.dataset_id = g.id);
    PERFORM butler_common.raise_rows(v_problems);
    IF p_dry_run IS NOT TRUE THEN
        PERFORM butler_common.require_read_committed('datasets can be removed');
        v_collections := ARRAY(
            SELECT r.collection_id
            FROM (
                SELECT DISTINCT d.run_id
                FROM unnest(p_dataset_ids) AS g (id)
                INNER JOIN butler_internal.dataset AS d ON d.dataset_id = g.id
            ) AS d
            INNER JOIN butler_internal.run AS r ON r.run_id = d.run_id
            ORDER BY r.collection_id
        );
        PERFORM pg_advisory_xact_lock(butler_common.lock_class('collection'), c::integer) FROM unnest(v_collections) AS c;
    END IF;

    FOR v_group IN
        WITH plan AS MATERIALIZED (
            SELECT p.dataset_id, p.outcome, p.reason
            FROM butler_internal.removal_plan(p_dataset_ids, p_state, p_force, p_leaving) AS p
        ),
        file AS (
            SELECT DISTINCT
                p.outcome, p.reason, a.datastore_id, split_part(butler.artifact_path(a.path, a.dataset_id), '#', 1) AS file, a.size
            FROM unnest(p_dataset_ids) AS g (id)
            INNER JOIN butler_internal.artifact AS a ON a.dataset_id = g.id
            INNER JOIN plan AS p ON p.dataset_id = g.id
            WHERE a.state <> 'deleting'
        )
        SELECT p.outcome, p.reason, cardinality(p.dataset_ids), coalesce(f.files, 0), coalesce(f.bytes, 0), p.dataset_ids
        FROM (
            SELECT p.outcome, p.reason, array_agg(p.dataset_id) AS dataset_ids
            FROM plan AS p
            GROUP BY p.outcome, p.reason
        ) AS p
        LEFT JOIN (
            SELECT f.outcome, f.reason, count(*) AS files, sum(f.size) AS bytes
            FROM file AS f
            GROUP BY f.outcome, f.reason
        ) AS f ON f.outcome = p.outcome AND f.reason = p.reason
        ORDER BY p.outcome = p_state DESC, p.outcome DESC, p.reason
    LOOP
        IF v_group.outcome = p_state THEN
            v_going := v_group.dataset_ids;
        END IF;
        RETURN NEXT v_group;
    END LOOP;
    IF p_dry_run OR cardinality(v_going) = 0 THEN
        RETURN;
    END IF;

    IF p_state = 'removed' THEN
        v_collections := v_collections || ARRAY(
            SELECT DISTINCT m.collection_id FROM butler_common.memberships(v_going) AS m
        );
    END IF;
    v_now := butler_common.stamp_collections(v_collections);
    IF p_state = 'removed' AND EXISTS (SELECT FROM butler_common.memberships(v_going) AS m WHERE m.frozen) THEN
        PERFORM butler_common.raise_error(
            'UB401', 'a collection that holds one of the datasets was frozen meanwhile',
            'Look at the plan again: they are kept now.'
        );
    END IF;
    UPDATE butler_internal.dataset AS d
    SET
        state = p_state, changed = v_now, changed_by = butler_common.actor(), change_reason = coalesce(p_reason, ''),
        trashed = d.state = 'present' OR d.trashed
    FROM unnest(v_going) AS g (id)
    WHERE d.dataset_id = g.id;
    IF p_state = 'removed' THEN
        -- Tags of this registry alone: a dataset that another registry's tag holds is kept.
        UPDATE butler_internal.dataset_tag AS t
        SET known = tstzrange(lower(t.known), v_now)
        FROM unnest(v_going) AS g (id)
        WHERE t.dataset_id = g.id AND upper_inf(t.known);
    END IF;
END;
$$;

COMMENT ON FUNCTION butler_internal.remove_datasets(uuid[], text, text, boolean, boolean, bigint[]) IS
'Unstore or remove datasets as removal_plan says; one row for each outcome and reason.';
