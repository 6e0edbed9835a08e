-- A hull's vertices may begin elsewhere, and their last digits differ. Two convex regions are the
-- same if no corner of one lies outside the other.
CREATE OR REPLACE FUNCTION butler.drifted_visits(
    p_after_camera text DEFAULT '',
    p_after bigint DEFAULT 0,
    p_limit integer DEFAULT 1000
)
RETURNS TABLE (camera text, visit bigint, drifted boolean)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
BEGIN ATOMIC
    WITH looked_at AS (
        SELECT v.camera, v.visit, v.region
        FROM butler_internal.visit AS v
        WHERE (v.camera, v.visit) > (p_after_camera, p_after) AND (v.region_derived OR v.region IS NULL)
        ORDER BY v.camera, v.visit
        LIMIT p_limit
    ),
    hull AS (
        SELECT l.camera, l.visit, butler.sky_hull(array_agg(o.region)) AS region
        FROM looked_at AS l
        INNER JOIN butler_internal.observed_sensor AS o ON o.camera = l.camera AND o.visit = l.visit
        WHERE o.region IS NOT NULL
        GROUP BY l.camera, l.visit
    ),
    compared AS (
        SELECT
            l.camera,
            l.visit,
            CASE
                WHEN l.region IS NULL OR h.region IS NULL THEN num_nulls(l.region, h.region) = 1
                ELSE (
                    SELECT bool_or(NOT st_dwithin(p.corner::geography, p.other, 0.001, false))
                    FROM (
                        SELECT d.geom AS corner, h.region AS other FROM st_dumppoints(l.region::geometry) AS d
                        UNION ALL
                        SELECT d.geom, l.region FROM st_dumppoints(h.region::geometry) AS d
                    ) AS p
                )
            END AS drifted
        FROM looked_at AS l
        LEFT JOIN hull AS h ON h.camera = l.camera AND h.visit = l.visit
    )
    SELECT c.camera, c.visit, c.drifted
    FROM compared AS c
    WHERE c.drifted OR (c.camera, c.visit) = (
        SELECT m.camera, m.visit FROM looked_at AS m ORDER BY m.camera DESC, m.visit DESC LIMIT 1
    )
    ORDER BY c.camera, c.visit;
END;

COMMENT ON FUNCTION butler.drifted_visits(text, bigint, integer) IS
'Compare the derived regions of the next visits with the hulls of their sensors'' regions: those that
differ by more than a millimetre on the sphere, and the last one compared.';
