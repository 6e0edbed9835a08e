-- The bytes are safe on disk: dataset, artifacts and the end of the intent are one durable transaction. The
-- writer takes the run's lock shared and then the clock, so that a session that takes the lock exclusively waits
-- for puts in flight, and no dataset appears later with an earlier time, though the clock may step back: what such a
-- session stamped the run with is read here. The run's row isn't locked, so that puts don't wait for each other.
CREATE OR REPLACE FUNCTION butler.finish_put(p_artifacts jsonb, p_skip_existing boolean DEFAULT false)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
-- Intents are few when a session plans its first put, and may be many at the next.
SET enable_seqscan = off
AS $$
DECLARE
    v_ids constant uuid[] := ARRAY(
        SELECT DISTINCT (a ->> 'dataset_id')::uuid FROM jsonb_array_elements(p_artifacts) AS a
    );
    v_run record;
    v_found record;
    v_inputs boolean := false;
    v_collections bigint[] := '{}';
    v_changed timestamptz;
    v_until timestamptz;
    v_least timestamptz := 'infinity';
    v_now timestamptz;
    v_registered uuid[];
    v_problems jsonb;
BEGIN
    PERFORM butler_common.require_read_committed('datasets can be registered');
    PERFORM set_config('synchronous_commit', 'on', true);
    FOR v_run IN
        SELECT DISTINCT r.collection_id, r.run_id, r.run, i.quantum_id
        FROM butler_internal.put_intent AS i
        INNER JOIN butler_internal.run AS r ON r.run_id = i.run_id
        WHERE i.dataset_id = ANY (v_ids)
        ORDER BY r.collection_id, i.quantum_id
    LOOP
        PERFORM pg_advisory_xact_lock_shared(butler_common.lock_class('collection'), v_run.collection_id::integer);
        SELECT r.has_inputs, c.changed, c.put_until, c.frozen OR c.removed IS NOT NULL AS closed INTO v_found
        FROM butler_internal.collection AS c
        INNER JOIN butler_internal.run AS r ON r.collection_id = c.collection_id
        WHERE c.collection_id = v_run.collection_id;
        IF v_found.closed THEN
            PERFORM butler_internal.own_collection(v_run.run, 'run');
        END IF;
        v_inputs := v_inputs OR v_found.has_inputs;
        v_collections := v_collections || v_run.collection_id;
        v_changed := greatest(v_changed, v_found.changed);
        v_until := greatest(v_until, v_found.put_until);
        v_least := least(v_least, coalesce(v_found.put_until, '-infinity'));
        IF v_run.quantum_id IS NOT NULL THEN
            PERFORM butler_internal.hold_quantum(v_run.quantum_id, v_run.run_id, v_run.run);
        END IF;
    END LOOP;
    v_now := butler_common.time_after(v_changed, v_until);

    WITH registered AS (
        INSERT INTO butler_internal.dataset (
            dataset_id, run_id, dataset_type_id, quantum_id,
            camera, abstract_filter, physical_filter, sensor, visit, snap, visit_range,
            skymap, tract, patch, sky_pixel, label, created
        )
        SELECT
            i.dataset_id, i.run_id, i.dataset_type_id, i.quantum_id,
            i.camera, i.abstract_filter, i.physical_filter, i.sensor, i.visit, i.snap, i.visit_range,
            i.skymap, i.tract, i.patch, i.sky_pixel, i.label, v_now
        FROM (
            SELECT p.* FROM butler_internal.put_intent AS p
            WHERE p.dataset_id = ANY (v_ids) AND p.given_up IS NULL
            FOR UPDATE
        ) AS i
        -- In the order of merge_datasets, so that two sessions that put the same data IDs wait for each other.
        ORDER BY
            i.run_id, i.dataset_type_id, i.visit, i.sensor, i.tract, i.patch, i.label, i.snap, i.sky_pixel, i.visit_range,
            i.camera, i.physical_filter, i.abstract_filter, i.skymap
        ON CONFLICT (run_id, dataset_type_id, digest) WHERE state <> 'removed' DO NOTHING
        RETURNING dataset_id
    )
    SELECT array_agg(f.dataset_id) INTO v_registered FROM registered AS f;

    IF v_registered IS NULL OR cardinality(v_registered) < cardinality(v_ids) THEN
        SELECT jsonb_agg(jsonb_build_object(
            'row', given.n, 'code', 'UB101', 'message', CASE
                WHEN i.dataset_id IS NULL THEN format('no put of dataset %s has begun', given.id)
                ELSE format('the put of dataset %s was given up at %s', given.id, to_jsonb(i.given_up) #>> '{}')
            END,
            'hint', 'Begin it again; the bytes written for it belong to nothing.', 'dataset_id', given.id
        )) INTO v_problems
        FROM (
            SELECT min(a.n) AS n, (a.value ->> 'dataset_id')::uuid AS id
            FROM jsonb_array_elements(p_artifacts) WITH ORDINALITY AS a (value, n)
            GROUP BY 2
        ) AS given
        LEFT JOIN butler_internal.put_intent AS i ON i.dataset_id = given.id
        WHERE i.dataset_id IS NULL OR i.given_up IS NOT NULL;
        PERFORM butler_common.raise_rows(v_problems);
        IF NOT p_skip_existing THEN
            PERFORM butler_common.raise_error(
                'UB201', 'another process put a dataset of the same type and data ID into the run meanwhile',
                'It has won; the bytes written here are to be deleted.'
            );
        END IF;
    END IF;
    IF v_inputs AND EXISTS (
        SELECT FROM butler_internal.dataset AS d
        INNER JOIN butler_internal.run AS r ON r.run_id = d.run_id AND r.has_inputs
        INNER JOIN butler_internal.dataset_tag AS t
            ON
                t.collection_id = r.collection_id AND t.dataset_type_id = d.dataset_type_id
                AND t.digest = d.digest AND upper_inf(t.known)
        WHERE d.dataset_id = ANY (v_registered)
    ) THEN
        PERFORM butler_common.raise_error(
            'UB201', 'the run was given a dataset of the same type and data ID as an input meanwhile',
            'Put into another run; the bytes written here are to be deleted.'
        );
    END IF;

    INSERT INTO butler_internal.artifact (dataset_id, datastore_id, component, path, formatter, size, sha256)
    SELECT
        i.dataset_id, i.datastore_id, coalesce(a ->> 'component', ''),
        butler_common.stored_path(a ->> 'path', i.dataset_id), a ->> 'formatter',
        (a ->> 'size')::bigint, decode(a ->> 'sha256', 'hex')
    FROM jsonb_array_elements(p_artifacts) AS a
    INNER JOIN butler_internal.put_intent AS i ON i.dataset_id = (a ->> 'dataset_id')::uuid
    WHERE i.dataset_id = ANY (v_registered);
    DELETE FROM butler_internal.put_intent AS i WHERE i.dataset_id = ANY (v_registered);
    IF v_now > v_least THEN
        PERFORM butler_internal.note_put_time(v_collections, v_now);
    END IF;
    RETURN coalesce(cardinality(v_registered), 0);
END;
$$;

COMMENT ON FUNCTION butler.finish_put(jsonb, boolean) IS
'Register datasets whose bytes are written: a JSON array of artifacts
{"dataset_id", "component", "path", "formatter", "size", "sha256" (hex)}. All or none; returns how many datasets.
Raises UB101 where no put has begun, UB301 where its quantum has ended, UB201 where another process was first; if p_skip_existing is true, the put
of such a data ID stays begun instead, and abandon_put returns its id.';
