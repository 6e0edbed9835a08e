-- The last sensor compared comes back even if it is right: the next call goes on after it.
CREATE OR REPLACE FUNCTION butler.drifted_overlap(p_after bigint DEFAULT 0, p_limit integer DEFAULT 10000)
RETURNS TABLE (
    observed_sensor_id bigint,
    camera text,
    visit bigint,
    sensor integer,
    missing bigint,
    extra bigint
)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
BEGIN ATOMIC
    WITH looked_at AS (
        SELECT o.observed_sensor_id, o.camera, o.visit, o.sensor, o.region
        FROM butler_internal.observed_sensor AS o
        WHERE o.observed_sensor_id > p_after
        ORDER BY o.observed_sensor_id
        LIMIT p_limit
    ),
    pair AS (
        SELECT coalesce(k.observed_sensor_id, n.observed_sensor_id) AS id, k.patch_id AS kept, n.patch_id AS new
        FROM (
            SELECT o.observed_sensor_id, o.patch_id
            FROM butler_internal.sensor_patch_overlap AS o
            WHERE o.observed_sensor_id IN (SELECT l.observed_sensor_id FROM looked_at AS l)
        ) AS k
        FULL JOIN (
            SELECT l.observed_sensor_id, p.patch_id
            FROM looked_at AS l
            INNER JOIN butler_internal.patch AS p ON st_intersects(l.region, p.region)
        ) AS n ON n.observed_sensor_id = k.observed_sensor_id AND n.patch_id = k.patch_id
    ),
    drift AS (
        SELECT
            p.id,
            count(*) FILTER (WHERE p.kept IS NULL) AS missing,
            count(*) FILTER (WHERE p.new IS NULL) AS extra
        FROM pair AS p
        WHERE p.kept IS NULL OR p.new IS NULL
        GROUP BY p.id
    )
    SELECT l.observed_sensor_id, l.camera, l.visit, l.sensor, coalesce(d.missing, 0), coalesce(d.extra, 0)
    FROM looked_at AS l
    LEFT JOIN drift AS d ON d.id = l.observed_sensor_id
    WHERE d.id IS NOT NULL OR l.observed_sensor_id = (SELECT max(m.observed_sensor_id) FROM looked_at AS m)
    ORDER BY l.observed_sensor_id;
END;

COMMENT ON FUNCTION butler.drifted_overlap(bigint, integer) IS
'Compare sensor_patch_overlap of the next sensors with their regions: those whose patches are missing or too many,
and the last one compared.';
