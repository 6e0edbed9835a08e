-- The collection's row stays, with what was in it, so that a read as of an earlier time understands the name.
-- Chains are no obstacle: they forget the collection, and remember that they had it.
CREATE OR REPLACE FUNCTION butler.remove_collection(
    p_collection text,
    p_datasets boolean DEFAULT false,
    p_reason text DEFAULT '',
    p_force boolean DEFAULT false,
    p_dry_run boolean DEFAULT false
)
RETURNS SETOF butler.removal_outcome
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_collection_type text;
    v_collection bigint;
    v_ids uuid[] := '{}';
    v_group butler.removal_outcome;
    v_kept bigint := 0;
    v_gone bigint := 0;
    v_chain record;
    v_chains bigint[] := '{}';
    v_now timestamptz;
    v_registry text;
BEGIN
    PERFORM set_config('synchronous_commit', 'on', true);
    IF p_dry_run IS NOT TRUE THEN
        PERFORM butler_common.require_read_committed('collections can be removed');
        PERFORM pg_advisory_xact_lock(butler_common.lock_class('chains'), 0);
    END IF;
    SELECT c.collection_type INTO v_collection_type
    FROM butler_internal.collection AS c WHERE c.collection = p_collection AND c.removed IS NULL;
    v_collection := butler_internal.own_collection(p_collection, coalesce(v_collection_type, 'tagged'));
    IF p_dry_run IS NOT TRUE THEN
        -- With the locks of its datasets' runs, in the order of the ids, as every session takes these.
        PERFORM pg_advisory_xact_lock(butler_common.lock_class('collection'), held.collection_id::integer)
        FROM (
            SELECT v_collection AS collection_id
            UNION
            SELECT r.collection_id
            FROM butler_internal.dataset_tag AS t
            INNER JOIN butler_internal.dataset AS d ON d.dataset_id = t.dataset_id
            INNER JOIN butler_internal.run AS r ON r.run_id = d.run_id
            WHERE p_datasets AND t.collection_id = v_collection AND upper_inf(t.known)
            ORDER BY collection_id
        ) AS held;
        -- Another session may have frozen the collection while this one waited.
        PERFORM butler_internal.own_collection(p_collection, v_collection_type);
    END IF;
    IF v_collection_type = 'calibration' AND EXISTS (
        SELECT FROM butler_internal.calibration_key AS k
        INNER JOIN butler_internal.calibration AS b ON b.calibration_key_id = k.calibration_key_id
        WHERE k.collection_id = v_collection AND b.known @> 'infinity'::timestamptz
    ) THEN
        PERFORM butler_common.raise_error(
            'UB401', format('collection %L certifies calibrations', p_collection),
            'Withdraw them first; what was believed when is kept.',
            jsonb_build_object('collection', p_collection)
        );
    END IF;
    IF v_collection_type = 'run' THEN
        v_ids := ARRAY(
            SELECT d.dataset_id
            FROM butler_internal.run AS r
            INNER JOIN butler_internal.dataset AS d ON d.run_id = r.run_id
            WHERE r.collection_id = v_collection AND d.state <> 'removed'
        );
        IF NOT p_datasets AND cardinality(v_ids) > 0 THEN
            PERFORM butler_common.raise_error(
                'UB401', format('run %L has %s datasets', p_collection, cardinality(v_ids)),
                'Remove it with its datasets, or keep it.',
                jsonb_build_object('collection', p_collection, 'datasets', cardinality(v_ids))
            );
        END IF;
    ELSIF v_collection_type = 'tagged' AND p_datasets THEN
        v_ids := ARRAY(
            SELECT t.dataset_id FROM butler_internal.dataset_tag AS t
            WHERE t.collection_id = v_collection AND upper_inf(t.known)
        );
    END IF;
    FOR v_group IN
        SELECT r.*
        FROM butler_internal.remove_datasets(
            v_ids, 'removed', p_reason, p_force, p_dry_run, ARRAY[v_collection]
        ) AS r
    LOOP
        IF v_group.outcome = 'kept' THEN
            v_kept := v_kept + v_group.datasets;
        ELSIF v_group.outcome = 'removed' AND p_dry_run IS NOT TRUE THEN
            v_gone := v_gone + v_group.datasets;
        END IF;
        RETURN NEXT v_group;
    END LOOP;
    IF v_collection_type = 'run' AND v_kept > 0 THEN
        v_group := ROW('collection kept', format('%s of the datasets of %s are kept', v_kept, p_collection), 0, 0, 0, '{}');
        RETURN NEXT v_group;
        PERFORM butler_internal.record(
            'remove_collection', v_gone, ARRAY[p_collection],
            jsonb_build_object('datasets', v_gone, 'kept', v_kept), p_reason
        );
        RETURN;
    END IF;
    FOR v_chain IN SELECT c.* FROM butler_common.chains_with(v_collection) AS c LOOP
        IF v_chain.frozen THEN
            PERFORM butler_common.raise_error(
                'UB401', format('chain %L has %L and is frozen', v_chain.collection, p_collection),
                'Have the chain released by ''collection freeze --release'' of the command, or freeze_collection(…, false).',
                jsonb_build_object('collection', p_collection, 'chain', v_chain.collection)
            );
        END IF;
        v_chains := v_chains || v_chain.collection_id;
        v_group := ROW('chain changed', format('%s has it no more', v_chain.collection), 0, 0, 0, '{}');
        RETURN NEXT v_group;
    END LOOP;
    v_group := ROW('collection removed', p_collection, 0, 0, 0, '{}');
    RETURN NEXT v_group;
    IF p_dry_run THEN
        RETURN;
    END IF;
    v_now := butler_common.stamp_collections(v_chains || v_collection);
    IF EXISTS (SELECT FROM butler_common.chains_with(v_collection) AS c WHERE c.frozen) THEN
        PERFORM butler_common.raise_error(
            'UB401', format('a chain that has %L was frozen meanwhile', p_collection),
            'Have the chain released by ''collection freeze --release'' of the command, or freeze_collection(…, false).',
            jsonb_build_object('collection', p_collection)
        );
    END IF;
    UPDATE butler_internal.dataset_tag AS t
    SET known = tstzrange(lower(t.known), v_now)
    WHERE t.collection_id = v_collection AND upper_inf(t.known);
    FOR v_registry IN SELECT r.registry FROM butler_common.registry AS r LOOP
        EXECUTE format(
            'UPDATE %I.collection_member AS m SET known = tstzrange(lower(m.known), $2) '
            'WHERE (m.member_id = $1 OR m.collection_id = $1) AND upper_inf(m.known)',
            v_registry || '_internal'
        ) USING v_collection, v_now;
    END LOOP;
    UPDATE butler_internal.collection AS c
    SET removed = v_now, removed_by = butler_common.actor(), removal_reason = coalesce(p_reason, '')
    WHERE c.collection_id = v_collection;
    PERFORM butler_internal.record(
        'remove_collection', 1 + v_gone, ARRAY[p_collection], jsonb_build_object('datasets', v_gone, 'kept', v_kept), p_reason
    );
END;
$$;

COMMENT ON FUNCTION butler.remove_collection(text, boolean, text, boolean, boolean) IS
'Remove a collection, and take it out of the chains that have it; with its datasets if asked, as remove does.
A run goes with its datasets only, and stays if one of them is kept. Reads as of an earlier time still know it,
and the same name registered again is the same collection. One row for each outcome and reason; a dry run only
says so. Raises UB103, UB401 for one that is frozen, certifies calibrations or is a run with datasets.';
