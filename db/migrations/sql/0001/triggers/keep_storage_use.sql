-- What there is of each kind after a statement, less what there was before it, as rows that are only ever added: so the
-- sum is right in any snapshot, and nobody waits for a count.
--
-- A dataset counts once in each kind that it has artifacts of, so what one artifact changes depends on its dataset's others
-- and on its dataset's state. Two sessions that change artifacts of one dataset, or its state, would each take the other's
-- for what it was: whoever changes artifacts locks their datasets, as whoever changes a dataset has its lock, and looks
-- after that, in a snapshot of its own.
--
-- The triggers of both tables fire after the whole statement, so one that changed both would be counted wrongly: each would
-- take what the other has changed for what was before. What is inserted together is right: a dataset brings no artifacts
-- by itself. Two tables are changed by two statements; a test reads that from the functions.
--
-- The planner knows how many rows changed, but nothing of what is in them: it takes a join of old and new ones for
-- hundreds of times as many, for which it would sort both and compile the plan.
CREATE OR REPLACE FUNCTION butler_internal.keep_storage_use()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET work_mem = '64MB'
SET plan_cache_mode = force_custom_plan
SET enable_mergejoin = off
SET jit = off
AS $$
DECLARE
    v_rows constant text := CASE tg_op
        WHEN 'INSERT' THEN 'SELECT n.*, 1 AS gained FROM new_rows AS n'
        WHEN 'DELETE' THEN 'SELECT o.*, -1 AS gained FROM old_rows AS o'
        ELSE 'SELECT o.*, -1 AS gained FROM old_rows AS o UNION ALL SELECT n.*, 1 AS gained FROM new_rows AS n'
    END;
    v_locked bigint;
    v_datasets bigint;
    v_sides jsonb;
    v_dataset_ids uuid[];
    v_numbers bigint[];
BEGIN
    PERFORM butler_common.require_read_committed('datasets and artifacts can be changed');
    IF tg_table_name = 'artifact' THEN
        EXECUTE format(
            'SELECT count(l.dataset_id), (SELECT count(DISTINCT r.dataset_id) FROM (%1$s) AS r) FROM ('
            'SELECT d.dataset_id FROM butler_internal.dataset AS d WHERE d.dataset_id IN (SELECT r.dataset_id FROM (%1$s) AS r) '
            'ORDER BY d.dataset_id FOR NO KEY UPDATE) AS l', v_rows
        ) INTO v_locked, v_datasets;
        IF v_locked < v_datasets THEN
            PERFORM butler_common.raise_error(
                'UB301', 'artifacts are deleted together with their datasets',
                'Delete the artifacts first, by a statement of their own.', '{}'
            );
        END IF;
        EXECUTE format(
            $q$
            WITH changed AS MATERIALIZED (%s),
            kind AS MATERIALIZED (
                SELECT
                    p.dataset_id, p.datastore_id, p.state, p.in_place,
                    sum(p.now) AS after, sum(p.now) - sum(p.gained) AS before, sum(p.bytes) AS bytes
                FROM (
                    SELECT
                        c.dataset_id, c.datastore_id, c.state, strpos(c.path, ':') > 0 AS in_place, 0 AS now, c.gained,
                        CASE WHEN strpos(c.path, '#') = 0 THEN c.gained * c.size::numeric ELSE 0 END AS bytes
                    FROM changed AS c
                    UNION ALL
                    SELECT a.dataset_id, a.datastore_id, a.state, strpos(a.path, ':') > 0, 1, 0, 0
                    FROM butler_internal.artifact AS a
                    WHERE a.dataset_id IN (SELECT c.dataset_id FROM changed AS c)
                ) AS p
                GROUP BY p.dataset_id, p.datastore_id, p.state, p.in_place
            )
            INSERT INTO butler_internal.storage_change (
                run_id, dataset_type_id, datastore_id, state, in_place, datasets, artifacts, bytes
            )
            SELECT
                d.run_id, d.dataset_type_id, k.datastore_id,
                CASE WHEN k.state = 'present' AND d.state <> 'present' THEN 'trashed' ELSE k.state END, k.in_place,
                sum((k.after > 0)::integer - (k.before > 0)::integer), sum(k.after - k.before), sum(k.bytes)
            FROM kind AS k
            INNER JOIN butler_internal.dataset AS d ON d.dataset_id = k.dataset_id
            WHERE d.state = 'present' OR d.trashed
            GROUP BY 1, 2, 3, 4, 5
            HAVING
                sum((k.after > 0)::integer - (k.before > 0)::integer) <> 0 OR sum(k.after - k.before) <> 0
                OR sum(k.bytes) <> 0
            UNION ALL
            SELECT d.run_id, d.dataset_type_id, 0, d.state, false, 0, sum(k.after::integer - k.before::integer), 0
            FROM (
                SELECT k.dataset_id, bool_or(k.after > 0) AS after, bool_or(k.before > 0) AS before
                FROM kind AS k
                WHERE k.state IN ('present', 'lost')
                GROUP BY k.dataset_id
            ) AS k
            INNER JOIN butler_internal.dataset AS d ON d.dataset_id = k.dataset_id
            GROUP BY 1, 2, 4
            HAVING sum(k.after::integer - k.before::integer) <> 0
            $q$, v_rows
        );
    ELSE
        -- Datasets that were alike and became alike are added up together: a removal of a hundred thousand is one sum.
        EXECUTE format(
            $q$
            WITH became AS MATERIALIZED (
                SELECT
                    row_number() OVER () AS number, o.run_id AS old_run_id, o.dataset_type_id AS old_type_id,
                    o.state AS old_state, o.trashed AS old_trashed, n.run_id, n.dataset_type_id, n.state, n.trashed,
                    count(*) AS datasets, max(coalesce(n.created, o.created)) AS created,
                    array_agg(coalesce(n.dataset_id, o.dataset_id)) AS dataset_ids
                FROM %1$s AS o
                FULL JOIN %2$s AS n ON n.dataset_id = o.dataset_id
                WHERE
                    (o.run_id, o.dataset_type_id, o.state, o.trashed)
                    IS DISTINCT FROM (n.run_id, n.dataset_type_id, n.state, n.trashed)
                GROUP BY o.run_id, o.dataset_type_id, o.state, o.trashed, n.run_id, n.dataset_type_id, n.state, n.trashed
            )
            SELECT s.sides, d.dataset_ids, d.numbers
            FROM (
                SELECT jsonb_agg(to_jsonb(s)) AS sides
                FROM (
                    SELECT b.number, b.datasets, b.created, s.*
                    FROM became AS b
                    CROSS JOIN LATERAL (
                        VALUES
                        (b.old_run_id, b.old_type_id, b.old_state, b.old_trashed, -1),
                        (b.run_id, b.dataset_type_id, b.state, b.trashed, 1)
                    ) AS s (run_id, dataset_type_id, state, trashed, gained)
                    WHERE s.run_id IS NOT NULL
                ) AS s
            ) AS s
            CROSS JOIN (
                SELECT array_agg(g.id) AS dataset_ids, array_agg(b.number) AS numbers
                FROM became AS b
                CROSS JOIN LATERAL unnest(b.dataset_ids) AS g (id)
                WHERE %3$L = 'UPDATE'
            ) AS d
            $q$,
            CASE WHEN tg_op = 'INSERT' THEN '(SELECT r.* FROM new_rows AS r WHERE false)' ELSE 'old_rows' END,
            CASE WHEN tg_op = 'DELETE' THEN '(SELECT r.* FROM old_rows AS r WHERE false)' ELSE 'new_rows' END,
            tg_op
        ) INTO v_sides, v_dataset_ids, v_numbers;
        -- In two steps: of arrays the planner knows how long they are, and takes the index for few and the table for many.
        WITH side AS MATERIALIZED (
            SELECT s.*
            FROM jsonb_to_recordset(v_sides) AS s (
                number bigint, datasets bigint, created timestamptz, run_id integer, dataset_type_id integer, state "char",
                trashed boolean, gained integer
            )
        ),
        -- Of each kind of artifacts; and, without a datastore, of all kinds.
        kind AS MATERIALIZED (
            SELECT
                g.number, a.datastore_id, a.state, strpos(a.path, ':') > 0 AS in_place,
                count(DISTINCT a.dataset_id) AS datasets, count(*) AS artifacts,
                sum(CASE WHEN strpos(a.path, '#') = 0 THEN a.size ELSE 0 END) AS bytes,
                count(DISTINCT a.dataset_id) FILTER (WHERE a.state IN ('present', 'lost')) AS stored
            FROM unnest(v_dataset_ids, v_numbers) AS g (id, number)
            INNER JOIN butler_internal.artifact AS a ON a.dataset_id = g.id
            GROUP BY GROUPING SETS ((g.number, a.datastore_id, a.state, strpos(a.path, ':') > 0), (g.number))
        )
        INSERT INTO butler_internal.storage_change (
            run_id, dataset_type_id, datastore_id, state, in_place, datasets, artifacts, bytes, created
        )
        SELECT
            s.run_id, s.dataset_type_id, k.datastore_id,
            CASE WHEN k.state = 'present' AND s.state <> 'present' THEN 'trashed' ELSE k.state END, k.in_place,
            sum(s.gained * k.datasets), sum(s.gained * k.artifacts), sum(s.gained * k.bytes), NULL
        FROM side AS s
        INNER JOIN kind AS k ON k.number = s.number AND k.datastore_id IS NOT NULL
        WHERE s.state = 'present' OR s.trashed
        GROUP BY 1, 2, 3, 4, 5
        HAVING
            sum(s.gained * k.datasets) <> 0 OR sum(s.gained * k.artifacts) <> 0 OR sum(s.gained * k.bytes) <> 0
        UNION ALL
        SELECT
            s.run_id, s.dataset_type_id, 0, s.state, false,
            sum(s.gained * s.datasets), sum(s.gained * coalesce(k.stored, 0)), 0, max(s.created)
        FROM side AS s
        LEFT JOIN kind AS k ON k.number = s.number AND k.datastore_id IS NULL
        GROUP BY 1, 2, 4
        HAVING sum(s.gained * s.datasets) <> 0 OR sum(s.gained * coalesce(k.stored, 0)) <> 0;
    END IF;
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION butler_internal.keep_storage_use() IS
'Keep what each run has of each dataset type in each datastore counted, as datasets and artifacts come, change and go.';
