-- The constraints of dataset and artifact refuse bad rows. Only after a refusal does staged_problems look at all
-- rows, to name each bad one; what no constraint refuses is looked for before.
CREATE OR REPLACE FUNCTION butler.merge_datasets(
    p_run text,
    p_dataset_type text,
    p_datastore text,
    p_skip_existing boolean DEFAULT false,
    p_quantum_id uuid DEFAULT NULL,
    p_root text DEFAULT NULL
)
RETURNS TABLE (row_number integer, existing uuid, same_bytes boolean)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_page_cost constant text := current_setting('random_page_cost');
    v_type record;
    v_collection bigint;
    v_run integer;
    v_datastore integer;
    v_now timestamptz;
    v_rows bigint;
    v_datasets bigint;
    v_incomplete boolean;
    v_stale boolean;
    v_clock timestamptz;
    v_grace constant interval := butler.grace_period();
    v_registered uuid[];
BEGIN
    PERFORM butler_common.require_read_committed('datasets can be registered');
    PERFORM set_config('synchronous_commit', 'on', true);
    IF NOT EXISTS (
        SELECT FROM pg_class AS c
        INNER JOIN pg_roles AS r ON r.oid = c.relowner
        WHERE
            c.oid = to_regclass('pg_temp.butler_stage_dataset')
            AND c.relkind = 'r' AND r.rolname = current_user
    ) THEN
        PERFORM butler_common.raise_error(
            'UB301', 'no staging table was made in this transaction',
            'Call stage_datasets() first, and COPY into it.'
        );
    END IF;
    SELECT * INTO v_type FROM butler_internal.find_dataset_type(p_dataset_type);
    SELECT r.run_id, r.collection_id INTO v_run, v_collection FROM butler_internal.run_to_put_into(p_run) AS r;
    v_datastore := butler_internal.find_datastore(p_datastore);
    PERFORM pg_advisory_xact_lock_shared(butler_common.lock_class('collection'), v_collection::integer);
    -- Another session may have frozen the run while this one waited.
    PERFORM butler_internal.own_collection(p_run, 'run');
    IF p_quantum_id IS NOT NULL THEN
        PERFORM butler_internal.hold_quantum(p_quantum_id, v_run, p_run);
    END IF;
    v_clock := clock_timestamp();
    v_now := butler_common.time_after(c.changed, c.put_until)
    FROM butler_internal.collection AS c WHERE c.collection_id = v_collection;

    SELECT
        count(*), count(DISTINCT s.dataset_id),
        coalesce(bool_or(num_nulls(s.row_number, s.dataset_id, s.path, s.formatter, s.size, s.sha256) > 0), false),
        coalesce(bool_or((
            butler_common.uuid7_time(s.dataset_id) BETWEEN v_clock - v_grace AND v_clock + interval '1 hour'
        ) IS NOT TRUE), false)
    INTO v_rows, v_datasets, v_incomplete, v_stale
    FROM pg_temp.butler_stage_dataset AS s;
    IF
        v_incomplete
        OR (v_stale AND NOT butler_internal.is_held(v_run, v_clock) AND EXISTS (
            SELECT FROM pg_temp.butler_stage_dataset AS s
            LEFT JOIN butler_internal.dataset AS d ON d.dataset_id = s.dataset_id
            WHERE d.dataset_id IS NULL AND butler_internal.age_problem(s.dataset_id, v_clock) IS NOT NULL
        ))
        OR EXISTS (
            SELECT FROM butler_internal.dataset_tag AS t
            WHERE
                t.collection_id = v_collection AND t.dataset_type_id = v_type.dataset_type_id
                AND upper_inf(t.known)
        )
        OR (v_rows > v_datasets AND EXISTS (
            SELECT FROM pg_temp.butler_stage_dataset AS s
            GROUP BY s.dataset_id
            HAVING count(DISTINCT (
                s.camera, s.abstract_filter, s.physical_filter, s.sensor, s.visit, s.snap, s.visit_range,
                s.skymap, s.tract, s.patch, s.sky_pixel, s.label
            )) > 1
        ))
        OR (NOT butler_internal.is_held(v_run, v_clock) AND EXISTS (
            SELECT FROM butler_internal.unnamed_files(ARRAY(
                SELECT butler_common.id_in_path(s.path)
                FROM pg_temp.butler_stage_dataset AS s
                WHERE strpos(s.path, ':') = 0 AND strpos(s.path, replace(s.dataset_id::text, '-', '')) = 0
            ), v_clock) AS u (id)
            WHERE u.id NOT IN (SELECT s.dataset_id FROM pg_temp.butler_stage_dataset AS s WHERE s.dataset_id IS NOT NULL)
        ))
        -- Within one registry the primary key refuses an id that is taken.
        OR ((SELECT count(*) > 1 FROM butler_common.registry) AND EXISTS (
            SELECT FROM butler_common.registered_datasets(
                ARRAY(SELECT s.dataset_id FROM pg_temp.butler_stage_dataset AS s)
            )
        ))
    THEN
        PERFORM butler_common.raise_rows(butler_internal.staged_problems(
            v_type.dataset_type_id, v_type.unit_mask, v_collection, v_run, p_run, p_skip_existing
        ));
    END IF;

    BEGIN
        PERFORM set_config('butler_common.counts_itself', 'on', true);
        -- For the plans of foreign keys' checks, which a session keeps: by index also where they are made for a table of one page.
        PERFORM set_config('random_page_cost', '0.1', true);
        WITH registered AS (
            INSERT INTO butler_internal.dataset (
                dataset_id, run_id, dataset_type_id, quantum_id,
                camera, abstract_filter, physical_filter, sensor, visit, snap, visit_range,
                skymap, tract, patch, sky_pixel, label, created
            )
            -- In the order of put, so that two sessions that put the same data IDs wait for each other.
            SELECT DISTINCT
                s.dataset_id, v_run, v_type.dataset_type_id, p_quantum_id,
                s.camera, s.abstract_filter, s.physical_filter, s.sensor, s.visit, s.snap, s.visit_range,
                s.skymap, s.tract, s.patch, s.sky_pixel, s.label, v_now
            FROM pg_temp.butler_stage_dataset AS s
            ORDER BY
                s.visit, s.sensor, s.tract, s.patch, s.label, s.snap, s.sky_pixel, s.visit_range,
                s.camera, s.physical_filter, s.abstract_filter, s.skymap, s.dataset_id
            ON CONFLICT (run_id, dataset_type_id, digest) WHERE state <> 'removed' DO NOTHING
            RETURNING dataset_id
        ),
        stored AS (
            INSERT INTO butler_internal.artifact (
                dataset_id, datastore_id, component, path, formatter, size, sha256
            )
            SELECT
                s.dataset_id, v_datastore, coalesce(s.component, ''), butler_common.stored_path(s.path, s.dataset_id),
                s.formatter, s.size, s.sha256
            FROM pg_temp.butler_stage_dataset AS s
            INNER JOIN registered AS f ON f.dataset_id = s.dataset_id
            -- Ids ascend: in their order, the primary key's index fills one page after the other.
            ORDER BY s.dataset_id
            RETURNING
                dataset_id, strpos(path, ':') > 0 AS in_place, CASE WHEN strpos(path, '#') = 0 THEN size ELSE 0 END AS bytes
        ),
        -- What keep_storage_use would say; each of the datasets has an artifact, as both come from the same rows.
        counted AS (
            INSERT INTO butler_internal.storage_change (
                run_id, dataset_type_id, datastore_id, state, in_place, datasets, artifacts, bytes, created
            )
            SELECT v_run, v_type.dataset_type_id, 0, 'present', false, count(*), count(*), 0, v_now
            FROM registered AS f
            HAVING count(*) > 0
            UNION ALL
            SELECT
                v_run, v_type.dataset_type_id, v_datastore, 'present', f.in_place,
                count(DISTINCT f.dataset_id), count(*), sum(f.bytes), NULL
            FROM stored AS f
            GROUP BY f.in_place
        )
        SELECT coalesce(array_agg(f.dataset_id), '{}') INTO v_registered
        FROM registered AS f;
        PERFORM set_config('random_page_cost', v_page_cost, true);
        PERFORM set_config('butler_common.counts_itself', 'off', true);
        IF cardinality(v_registered) < v_datasets AND (
            NOT p_skip_existing
            OR cardinality(v_registered) + (
                SELECT count(DISTINCT e.existing)
                FROM butler_internal.staged_existing(v_type.dataset_type_id, v_run, v_registered) AS e
                WHERE e.existing NOT IN (SELECT f.dataset_id FROM unnest(v_registered) AS f (dataset_id))
            ) < v_datasets
        ) THEN
            PERFORM butler_common.raise_error(
                'UB201', 'another process put a dataset of the same type and data ID into the run meanwhile',
                'Load again, and skip what exists.'
            );
        END IF;
    EXCEPTION WHEN integrity_constraint_violation OR SQLSTATE 'UB201' THEN
        PERFORM butler_common.raise_rows(butler_internal.staged_problems(
            v_type.dataset_type_id, v_type.unit_mask, v_collection, v_run, p_run, p_skip_existing
        ));
        RAISE;
    END;
    -- Whoever moves the datastore was waited for by the foreign key's check, and waits from then on.
    IF v_registered <> '{}' AND p_root <> (
        SELECT s.root FROM butler_internal.all_datastore AS s WHERE s.datastore_id = v_datastore
    ) THEN
        PERFORM butler_common.raise_error(
            'UB301', format('files were written under %s, where datastore %L isn''t any more', p_root, p_datastore),
            'Open the repository anew, and load them again.',
            jsonb_build_object('datastore', p_datastore, 'root', p_root)
        );
    END IF;
    IF cardinality(v_registered) < v_datasets THEN
        RETURN QUERY
        SELECT e.row_number, e.existing, e.same_bytes
        FROM butler_internal.staged_existing(v_type.dataset_type_id, v_run, v_registered) AS e
        ORDER BY e.row_number;
    END IF;
    PERFORM butler_internal.note_put_time(ARRAY[v_collection], v_now);
    PERFORM butler.fold_storage_use(1000);
    PERFORM butler_internal.record(
        'merge_datasets', cardinality(v_registered), ARRAY[p_run],
        jsonb_build_object('dataset_type', p_dataset_type, 'datastore', p_datastore)
    );
    -- So that a transaction may load datasets of several types.
    DROP TABLE pg_temp.butler_stage_dataset;
END;
$$;

COMMENT ON FUNCTION butler.merge_datasets(text, text, text, boolean, uuid, text) IS
'Register what was copied into the staging table as datasets of one type in a run, which is made if it isn''t there. A row
is one artifact; the rows of one dataset have its id. All or none: one error names every bad row. A data ID of which
the run has a dataset already is an error, or its rows are passed over if p_skip_existing is true. Returns the rows
passed over, each with the dataset that the run has and whether that has an artifact of the same bytes. Where p_root is
given, the files were written under it: it is compared with the datastore''s.';
