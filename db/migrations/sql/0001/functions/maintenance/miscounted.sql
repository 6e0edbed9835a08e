-- Both sides are read in one snapshot: what is written meanwhile is in both or in neither.
CREATE OR REPLACE FUNCTION butler_internal.miscounted()
RETURNS TABLE (
    run_id integer,
    dataset_type_id integer,
    datastore_id integer,
    state "char",  -- noqa: RF06
    in_place boolean,
    datasets bigint,
    artifacts bigint,
    bytes numeric,
    created timestamptz
)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT
        c.run_id, c.dataset_type_id, c.datastore_id, c.state, c.in_place,
        sum(c.datasets)::bigint, sum(c.artifacts)::bigint, sum(c.bytes), max(c.created)
    FROM (
        SELECT
            d.run_id, d.dataset_type_id, a.datastore_id,
            CASE WHEN a.state = 'present' AND d.state <> 'present' THEN 'trashed' ELSE a.state END AS state,
            strpos(a.path, ':') > 0 AS in_place, count(DISTINCT a.dataset_id) AS datasets, count(*) AS artifacts,
            sum(CASE WHEN strpos(a.path, '#') = 0 THEN a.size ELSE 0 END) AS bytes, NULL::timestamptz AS created
        FROM butler_internal.artifact AS a
        INNER JOIN butler_internal.dataset AS d ON d.dataset_id = a.dataset_id
        WHERE d.state = 'present' OR d.trashed
        GROUP BY 1, 2, 3, 4, 5
        UNION ALL
        SELECT d.run_id, d.dataset_type_id, 0, d.state, false, count(*), count(s.dataset_id), 0, max(d.created)
        FROM butler_internal.dataset AS d
        LEFT JOIN (
            SELECT DISTINCT a.dataset_id FROM butler_internal.artifact AS a WHERE a.state IN ('present', 'lost')
        ) AS s ON s.dataset_id = d.dataset_id
        GROUP BY 1, 2, 4
        UNION ALL
        SELECT
            k.run_id, k.dataset_type_id, k.datastore_id, k.state, k.in_place, -k.datasets, -k.artifacts, -k.bytes, NULL AS created
        FROM butler_internal.storage_total AS k
        UNION ALL
        SELECT
            k.run_id, k.dataset_type_id, k.datastore_id, k.state, k.in_place, -k.datasets, -k.artifacts, -k.bytes, NULL AS created
        FROM butler_internal.storage_change AS k
    ) AS c
    GROUP BY 1, 2, 3, 4, 5
    HAVING sum(c.datasets) <> 0 OR sum(c.artifacts) <> 0 OR sum(c.bytes) <> 0;
END;

COMMENT ON FUNCTION butler_internal.miscounted() IS
'By how much more there is than is counted, of each kind of which that isn''t nothing. Reads all datasets and artifacts.';
