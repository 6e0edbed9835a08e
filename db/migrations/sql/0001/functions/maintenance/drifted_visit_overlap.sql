-- The last visit compared comes back even if it is right: the next call goes on after it. A pair of visit and
-- tract is one whose patch is null.
CREATE OR REPLACE FUNCTION butler.drifted_visit_overlap(
    p_after_camera text DEFAULT '',
    p_after bigint DEFAULT 0,
    p_limit integer DEFAULT 1000
)
RETURNS TABLE (
    camera text,
    visit bigint,
    missing_tracts bigint,
    extra_tracts bigint,
    missing_patches bigint,
    extra_patches bigint
)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
BEGIN ATOMIC
    WITH looked_at AS (
        SELECT v.camera, v.visit
        FROM butler_internal.visit AS v
        WHERE (v.camera, v.visit) > (p_after_camera, p_after)
        ORDER BY v.camera, v.visit
        LIMIT p_limit
    ),
    derived AS (
        SELECT DISTINCT s.camera, s.visit, p.skymap, p.tract, p.patch
        FROM looked_at AS l
        INNER JOIN butler_internal.observed_sensor AS s ON s.camera = l.camera AND s.visit = l.visit
        INNER JOIN butler_internal.sensor_patch_overlap AS o ON o.observed_sensor_id = s.observed_sensor_id
        INNER JOIN butler_internal.patch AS p ON p.patch_id = o.patch_id
    ),
    pair AS (
        SELECT v.camera, v.visit, v.skymap, v.tract, NULL::integer AS patch, true AS kept
        FROM looked_at AS l
        INNER JOIN butler_internal.visit_tract_overlap AS v ON v.camera = l.camera AND v.visit = l.visit
        UNION ALL
        SELECT v.camera, v.visit, v.skymap, v.tract, v.patch, true
        FROM looked_at AS l
        INNER JOIN butler_internal.visit_patch_overlap AS v ON v.camera = l.camera AND v.visit = l.visit
        UNION ALL
        SELECT DISTINCT d.camera, d.visit, d.skymap, d.tract, NULL::integer, false
        FROM derived AS d
        UNION ALL
        SELECT d.camera, d.visit, d.skymap, d.tract, d.patch, false
        FROM derived AS d
    ),
    drift AS (
        SELECT
            d.camera,
            d.visit,
            count(*) FILTER (WHERE d.patch IS NULL AND NOT d.kept) AS missing_tracts,
            count(*) FILTER (WHERE d.patch IS NULL AND d.kept) AS extra_tracts,
            count(*) FILTER (WHERE d.patch IS NOT NULL AND NOT d.kept) AS missing_patches,
            count(*) FILTER (WHERE d.patch IS NOT NULL AND d.kept) AS extra_patches
        FROM (
            SELECT p.camera, p.visit, p.skymap, p.tract, p.patch, bool_or(p.kept) AS kept
            FROM pair AS p
            GROUP BY p.camera, p.visit, p.skymap, p.tract, p.patch
            HAVING count(*) = 1
        ) AS d
        GROUP BY d.camera, d.visit
    )
    SELECT
        l.camera, l.visit, coalesce(d.missing_tracts, 0), coalesce(d.extra_tracts, 0),
        coalesce(d.missing_patches, 0), coalesce(d.extra_patches, 0)
    FROM looked_at AS l
    LEFT JOIN drift AS d ON d.camera = l.camera AND d.visit = l.visit
    WHERE d.visit IS NOT NULL OR (l.camera, l.visit) = (
        SELECT m.camera, m.visit FROM looked_at AS m ORDER BY m.camera DESC, m.visit DESC LIMIT 1
    )
    ORDER BY l.camera, l.visit;
END;

COMMENT ON FUNCTION butler.drifted_visit_overlap(text, bigint, integer) IS
'Compare visit_tract_overlap and visit_patch_overlap of the next visits with sensor_patch_overlap: those whose tracts or
patches are missing or too many, and the last one compared.';
