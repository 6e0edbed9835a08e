-- The bytes are safe under their final names: one durable statement makes them datasets, all or none. What is well is left
-- to the constraints; what is wrong is worked out only after they refused it, or fewer rows came in than were given.
-- The writer takes the run's lock shared and then the clock, so that a session that takes the lock exclusively waits
-- for puts in flight, and no dataset appears later with an earlier time, though the clock may step back: what such a
-- session stamped the run with is read here. The run's row isn't locked, so that puts don't wait for each other.
CREATE OR REPLACE FUNCTION butler.put(p_run text, p_datasets jsonb, p_quantum_id uuid DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET random_page_cost = 0.1
AS $$
DECLARE
    v_collection bigint;
    v_run record;
    v_clock timestamptz;
    v_now timestamptz;
    v_registered uuid[];
    v_stored bigint;
    v_with_files bigint;
    v_fresh boolean;
    v_named_for uuid[];
    v_others jsonb;
    v_counting text;
    v_type integer;
    v_one_type boolean;
    v_datastore integer;
    v_in_place boolean;
    v_bytes numeric;
    v_one_place boolean;
BEGIN
    PERFORM butler_common.require_read_committed('datasets can be registered');
    IF jsonb_typeof(p_datasets) IS DISTINCT FROM 'array' THEN
        PERFORM butler_common.raise_error(
            'UB301', 'datasets are not given as a JSON array',
            'Write [{"dataset_id": "…", "dataset_type": "…", "data_id": {…}, "artifacts": [{…}]}, …].'
        );
    END IF;
    v_collection := butler_internal.own_collection(p_run, 'run');
    PERFORM set_config('synchronous_commit', 'on', true);
    PERFORM pg_advisory_xact_lock_shared(butler_common.lock_class('collection'), v_collection::integer);
    SELECT
        r.run_id, r.has_inputs, c.changed, c.put_until, c.frozen OR c.removed IS NOT NULL AS closed,
        NOT butler_common.is_own(c.owner) AS anothers,
        (SELECT count(*) > 1 FROM butler_common.registry) AS has_layers
    INTO v_run
    FROM butler_internal.collection AS c
    INNER JOIN butler_internal.run AS r ON r.collection_id = c.collection_id
    WHERE c.collection_id = v_collection;
    IF v_run.closed THEN  -- by another session, while this one waited
        PERFORM butler_internal.own_collection(p_run, 'run');
    END IF;
    IF p_quantum_id IS NOT NULL THEN
        PERFORM butler_internal.hold_quantum(p_quantum_id, v_run.run_id, p_run);
    END IF;
    v_clock := clock_timestamp();
    v_now := butler_common.time_after(v_run.changed, v_run.put_until);

    BEGIN
        v_counting := set_config('butler_common.counts_itself', 'on', true);
        WITH given AS MATERIALIZED (
            SELECT g.dataset_id, t.dataset_type_id, g.artifacts, CASE
                WHEN butler_common.units_given_plainly(g.data_id) = t.unit_mask
                    THEN jsonb_populate_record(NULL::butler_internal.data_id, g.data_id)
                ELSE (
                    SELECT r.data_id
                    FROM butler_internal.read_data_ids(t.unit_mask, jsonb_build_array(g.data_id)) AS r
                    WHERE r.problem IS NULL
                )
            END AS data_id
            FROM jsonb_to_recordset(p_datasets) AS g (
                dataset_id uuid, dataset_type text, data_id jsonb, artifacts jsonb
            )
            INNER JOIN butler_internal.all_dataset_type AS t ON t.dataset_type = g.dataset_type
        ),
        registered AS (
            INSERT INTO butler_internal.dataset (
                dataset_id, run_id, dataset_type_id, quantum_id,
                camera, abstract_filter, physical_filter, sensor, visit, snap, visit_range,
                skymap, tract, patch, sky_pixel, label, created
            )
            SELECT g.dataset_id, v_run.run_id, g.dataset_type_id, p_quantum_id, (g.data_id).*, v_now
            FROM given AS g
            WHERE g.data_id IS DISTINCT FROM NULL
            -- In the order of merge_datasets, so that two sessions that put the same data IDs wait for each other.
            ORDER BY
                g.dataset_type_id, (g.data_id).visit, (g.data_id).sensor, (g.data_id).tract, (g.data_id).patch,
                (g.data_id).label, (g.data_id).snap, (g.data_id).sky_pixel, (g.data_id).visit_range,
                (g.data_id).camera, (g.data_id).physical_filter, (g.data_id).abstract_filter, (g.data_id).skymap
            ON CONFLICT DO NOTHING
            RETURNING dataset_id, dataset_type_id
        ),
        stored AS (
            INSERT INTO butler_internal.artifact (dataset_id, datastore_id, component, path, formatter, size, sha256)
            SELECT
                r.dataset_id, s.datastore_id, coalesce(a ->> 'component', ''),
                butler_common.stored_path(a ->> 'path', r.dataset_id), a ->> 'formatter',
                (a ->> 'size')::bigint, decode(a ->> 'sha256', 'hex')
            FROM registered AS r
            INNER JOIN given AS g ON g.dataset_id = r.dataset_id
            CROSS JOIN LATERAL jsonb_array_elements(g.artifacts) AS a
            INNER JOIN butler_internal.all_datastore AS s ON s.datastore = a ->> 'datastore'
            RETURNING dataset_id, CASE
                WHEN strpos(path, ':') = 0 AND strpos(path, '{}') = 0 THEN butler_common.id_in_path(path)
            END AS named_for,
            datastore_id, strpos(path, ':') > 0 AS in_place, CASE WHEN strpos(path, '#') = 0 THEN size ELSE 0 END AS bytes
        )
        SELECT
            coalesce(r.ids, '{}'), coalesce(r.fresh, true), r.dataset_type_id, r.one_type,
            s.artifacts, s.datasets, s.named_for, s.datastore_id, s.in_place, s.bytes, s.one_place
        INTO
            v_registered, v_fresh, v_type, v_one_type,
            v_stored, v_with_files, v_named_for, v_datastore, v_in_place, v_bytes, v_one_place
        FROM (
            SELECT
                array_agg(r.dataset_id) AS ids, max(r.dataset_type_id) AS dataset_type_id,
                min(r.dataset_type_id) = max(r.dataset_type_id) AS one_type,
                bool_and((
                    butler_common.uuid7_time(r.dataset_id)
                    BETWEEN v_clock - i.grace_period AND v_clock + interval '1 hour'
                ) IS TRUE) AS fresh
            FROM registered AS r CROSS JOIN butler_common.installation AS i
        ) AS r
        CROSS JOIN (
            SELECT
                count(*) AS artifacts, count(DISTINCT s.dataset_id) AS datasets,
                array_agg(s.named_for) FILTER (WHERE s.named_for IS NOT NULL) AS named_for,
                max(s.datastore_id) AS datastore_id, bool_or(s.in_place) AS in_place, sum(s.bytes) AS bytes,
                min(s.datastore_id) = max(s.datastore_id) AND bool_or(s.in_place) = bool_and(s.in_place) AS one_place
            FROM stored AS s
        ) AS s;
        v_counting := set_config('butler_common.counts_itself', 'off', true);
        IF
            cardinality(v_registered) < jsonb_array_length(p_datasets)
            OR v_with_files < cardinality(v_registered)
            OR v_stored IS DISTINCT FROM (
                SELECT coalesce(sum(jsonb_array_length(d -> 'artifacts')), 0) FROM jsonb_array_elements(p_datasets) AS d
            )
            -- What was written under a root that isn't the datastore's any more lies elsewhere. Whoever
            -- moves it was waited for by the foreign keys' checks: what is seen now stays until this transaction ends.
            OR EXISTS (
                SELECT FROM jsonb_path_query(p_datasets, '$[*].artifacts[*]') AS a
                INNER JOIN butler_internal.all_datastore AS s ON s.datastore = a ->> 'datastore'
                WHERE s.root <> a ->> 'root'
            )
            OR (NOT v_fresh AND NOT butler_internal.is_held(v_run.run_id, v_clock))
            OR (
                v_named_for IS NOT NULL AND NOT butler_internal.is_held(v_run.run_id, v_clock)
                AND EXISTS (SELECT FROM butler_internal.unnamed_files(v_named_for, v_clock))
            )
            OR (v_run.has_inputs AND EXISTS (
                SELECT FROM butler_internal.dataset AS d
                INNER JOIN butler_internal.dataset_tag AS t
                    ON
                        t.collection_id = v_collection AND t.dataset_type_id = d.dataset_type_id
                        AND t.digest = d.digest AND upper_inf(t.known)
                WHERE d.dataset_id = ANY (v_registered)
            ))
            -- Within one registry the primary key refuses an id that is taken.
            OR (v_run.has_layers AND EXISTS (
                SELECT FROM butler_common.registered_datasets(v_registered) AS r (dataset_id)
                GROUP BY r.dataset_id
                HAVING count(*) > 1
            ))
        THEN
            -- What was written is rolled back, and then judged.
            PERFORM butler_common.raise_error(
                'UB201', 'another process put a dataset of the same id, or of the same type and data ID, meanwhile',
                'It has won; the files written here are to be deleted.'
            );
        END IF;
    EXCEPTION WHEN integrity_constraint_violation OR data_exception OR SQLSTATE 'UB201' THEN
        PERFORM butler_common.raise_rows(
            butler_internal.put_problems(v_run.run_id, v_collection, p_run, p_datasets, v_clock)
        );
        v_others := (
            SELECT coalesce(jsonb_agg(g.dataset ORDER BY g.n), '[]')
            FROM jsonb_array_elements(p_datasets) WITH ORDINALITY AS g (dataset, n)
            WHERE NOT EXISTS (
                SELECT FROM unnest(butler_internal.own_datasets(
                    ARRAY(SELECT (d ->> 'dataset_id')::uuid FROM jsonb_array_elements(p_datasets) AS d)
                )) AS t (id)
                WHERE t.id = (g.dataset ->> 'dataset_id')::uuid
            )
        );
        IF jsonb_array_length(v_others) = jsonb_array_length(p_datasets) THEN
            RAISE;
        END IF;
        -- Nothing is wrong but that some, or all, were put before: the answer to that was lost.
        RETURN CASE WHEN v_others <> '[]' THEN butler.put(p_run, v_others, p_quantum_id) ELSE 0 END;
    END;
    -- What keep_storage_use would say of them. Nearly always they are of one kind, and all is known of it.
    IF v_one_type AND v_one_place THEN
        INSERT INTO butler_internal.storage_change (
            run_id, dataset_type_id, datastore_id, state, in_place, datasets, artifacts, bytes, created
        )
        VALUES
        (v_run.run_id, v_type, 0, 'present', false, v_with_files, v_with_files, 0, v_now),
        (v_run.run_id, v_type, v_datastore, 'present', v_in_place, v_with_files, v_stored, v_bytes, NULL);
    ELSIF v_registered <> '{}' THEN
        INSERT INTO butler_internal.storage_change (
            run_id, dataset_type_id, datastore_id, state, in_place, datasets, artifacts, bytes, created
        )
        SELECT v_run.run_id, d.dataset_type_id, 0, 'present', false, count(*), count(*), 0, v_now
        FROM butler_internal.dataset AS d
        WHERE d.dataset_id = ANY (v_registered)
        GROUP BY d.dataset_type_id
        UNION ALL
        SELECT
            v_run.run_id, d.dataset_type_id, a.datastore_id, 'present', strpos(a.path, ':') > 0, count(DISTINCT a.dataset_id),
            count(*), sum(CASE WHEN strpos(a.path, '#') = 0 THEN a.size ELSE 0 END), NULL
        FROM butler_internal.dataset AS d
        INNER JOIN butler_internal.artifact AS a ON a.dataset_id = d.dataset_id
        WHERE d.dataset_id = ANY (v_registered)
        GROUP BY d.dataset_type_id, a.datastore_id, strpos(a.path, ':') > 0;
    END IF;
    IF v_registered <> '{}' AND v_now > coalesce(v_run.put_until, '-infinity') THEN
        PERFORM butler_internal.note_put_time(ARRAY[v_collection], v_now);
    END IF;
    -- One's own run tells who and when already.
    IF v_run.anothers THEN
        PERFORM butler_internal.record('put', cardinality(v_registered), ARRAY[p_run]);
    END IF;
    RETURN cardinality(v_registered);
END;
$$;

COMMENT ON FUNCTION butler.put(text, jsonb, uuid) IS
'Register datasets whose files are written, of any types and in any datastores, in a run that is there: a JSON array of
{"dataset_id", "dataset_type", "data_id", "artifacts": [{"datastore", "component", "path", "formatter", "size", "sha256" (hex)}]};
an artifact may also say under which "root" it was written, which is compared.
The ids are version 7 UUIDs that the writer makes before it writes, not older than the grace period, unless the run is held.
All or none; returns how many are new: the same datasets given again are no error. One error names every bad one.
Raises UB102, UB103, UB104, UB201, UB202, UB301, UB302, UB401 or UB402.';
