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
CREATE OR REPLACE FUNCTION butler_internal.keep_storage_use()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_rows constant text := CASE tg_op
        WHEN 'INSERT' THEN 'SELECT n.*, 1 AS gained FROM new_rows AS n'
        WHEN 'DELETE' THEN 'SELECT o.*, -1 AS gained FROM old_rows AS o'
        ELSE 'SELECT o.*, -1 AS gained FROM old_rows AS o UNION ALL SELECT n.*, 1 AS gained FROM new_rows AS n'
    END;
    v_locked bigint;
    v_datasets bigint;
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
        EXECUTE format(
            $q$
            WITH changed AS MATERIALIZED (
                SELECT
                    c.dataset_id, c.run_id, c.dataset_type_id, c.state, c.trashed, sum(c.gained) AS gained, max(c.created) AS created
                FROM (%1$s) AS c
                GROUP BY c.dataset_id, c.run_id, c.dataset_type_id, c.state, c.trashed
                HAVING sum(c.gained) <> 0
            ),
            kind AS MATERIALIZED (
                SELECT
                    a.dataset_id, a.datastore_id, a.state, strpos(a.path, ':') > 0 AS in_place, count(*) AS artifacts,
                    sum(CASE WHEN strpos(a.path, '#') = 0 THEN a.size ELSE 0 END) AS bytes
                FROM butler_internal.artifact AS a
                WHERE %2$L = 'UPDATE' AND a.dataset_id IN (SELECT c.dataset_id FROM changed AS c)
                GROUP BY a.dataset_id, a.datastore_id, a.state, strpos(a.path, ':') > 0
            )
            INSERT INTO butler_internal.storage_change (
                run_id, dataset_type_id, datastore_id, state, in_place, datasets, artifacts, bytes, created
            )
            SELECT
                c.run_id, c.dataset_type_id, k.datastore_id,
                CASE WHEN k.state = 'present' AND c.state <> 'present' THEN 'trashed' ELSE k.state END, k.in_place,
                sum(c.gained), sum(c.gained * k.artifacts), sum(c.gained * k.bytes), NULL
            FROM changed AS c
            INNER JOIN kind AS k ON k.dataset_id = c.dataset_id
            WHERE c.state = 'present' OR c.trashed
            GROUP BY 1, 2, 3, 4, 5
            HAVING sum(c.gained) <> 0 OR sum(c.gained * k.artifacts) <> 0 OR sum(c.gained * k.bytes) <> 0
            UNION ALL
            SELECT
                c.run_id, c.dataset_type_id, 0, c.state, false, sum(c.gained),
                coalesce(sum(c.gained) FILTER (WHERE s.dataset_id IS NOT NULL), 0), 0, max(c.created)
            FROM changed AS c
            LEFT JOIN (
                SELECT DISTINCT k.dataset_id FROM kind AS k WHERE k.state IN ('present', 'lost')
            ) AS s ON s.dataset_id = c.dataset_id
            GROUP BY 1, 2, 4
            HAVING sum(c.gained) <> 0 OR coalesce(sum(c.gained) FILTER (WHERE s.dataset_id IS NOT NULL), 0) <> 0
            $q$, v_rows, tg_op
        );
    END IF;
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION butler_internal.keep_storage_use() IS
'Keep what each run has of each dataset type in each datastore counted, as datasets and artifacts come, change and go.';
