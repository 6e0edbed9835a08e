-- Once a statement, over all its rows. Two loads at once, one of sensors and one of patches, must
-- not miss each other's rows: the trigger takes the lock shared for sensors, exclusively for patches, and
-- joins after, in a snapshot of its own. Under another isolation level the snapshot would be older.
--
-- A visit overlaps a tract as long as one of its sensors does. Two sessions may register one sensor of a
-- visit and take away another: a session that adds to a pair of visit and tract that is there locks the
-- pair (the update that never happens), and one that may have to delete the pair locks it first and looks
-- for other sensors after. A pair of visit and patch needs no lock of its own: who adds or deletes one has
-- locked that of its tract before.
--
-- What is left over is subtracted as a set, never looked up a row: the plan of a session's first statement,
-- perhaps of one sensor, serves its later ones, of ten thousand.
CREATE OR REPLACE FUNCTION butler_internal.keep_overlap()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    PERFORM butler_common.require_read_committed('regions can be registered');
    IF tg_table_name = 'observed_sensor' THEN
        PERFORM pg_advisory_xact_lock_shared(butler_common.lock_class('overlap'), 0);
        IF tg_op <> 'INSERT' THEN
            PERFORM FROM butler_internal.visit_tract_overlap AS v
            WHERE (v.camera, v.visit) IN (SELECT x.camera, x.visit FROM old_rows AS x)
            ORDER BY v.camera, v.visit, v.skymap, v.tract
            FOR UPDATE;
            DELETE FROM butler_internal.sensor_patch_overlap AS o
            USING old_rows AS x
            WHERE o.observed_sensor_id = x.observed_sensor_id;
        END IF;
        IF tg_op <> 'DELETE' THEN
            WITH pair AS (
                SELECT n.observed_sensor_id, n.camera, n.visit, p.patch_id, p.skymap, p.tract, p.patch
                FROM new_rows AS n
                INNER JOIN butler_internal.patch AS p ON st_intersects(n.region, p.region)
            ),
            kept AS (
                INSERT INTO butler_internal.sensor_patch_overlap (observed_sensor_id, patch_id)
                SELECT n.observed_sensor_id, n.patch_id FROM pair AS n
            ),
            held AS (
                INSERT INTO butler_internal.visit_tract_overlap (camera, visit, skymap, tract)
                SELECT DISTINCT n.camera, n.visit, n.skymap, n.tract
                FROM pair AS n
                ORDER BY n.camera, n.visit, n.skymap, n.tract
                ON CONFLICT ON CONSTRAINT pk_visit_tract_overlap DO UPDATE SET tract = excluded.tract WHERE false
                RETURNING tract
            )
            INSERT INTO butler_internal.visit_patch_overlap (camera, visit, skymap, tract, patch)
            SELECT DISTINCT n.camera, n.visit, n.skymap, n.tract, n.patch
            FROM pair AS n
            -- Asked for first: then no pair of visit and patch is looked at before its tract's is locked.
            WHERE (SELECT count(*) FROM held) >= 0
            ON CONFLICT DO NOTHING;
        END IF;
        IF tg_op <> 'INSERT' THEN
            WITH old AS (
                SELECT DISTINCT x.camera, x.visit FROM old_rows AS x
            ),
            left_over AS (
                SELECT DISTINCT s.camera, s.visit, p.skymap, p.tract, p.patch
                FROM old AS x
                INNER JOIN butler_internal.observed_sensor AS s ON s.camera = x.camera AND s.visit = x.visit
                INNER JOIN butler_internal.sensor_patch_overlap AS o ON o.observed_sensor_id = s.observed_sensor_id
                INNER JOIN butler_internal.patch AS p ON p.patch_id = o.patch_id
            ),
            gone_tract AS (
                SELECT v.camera, v.visit, v.skymap, v.tract
                FROM old AS x
                INNER JOIN butler_internal.visit_tract_overlap AS v ON v.camera = x.camera AND v.visit = x.visit
                EXCEPT
                SELECT l.camera, l.visit, l.skymap, l.tract
                FROM left_over AS l
            ),
            deleted AS (
                DELETE FROM butler_internal.visit_tract_overlap AS v
                USING gone_tract AS g
                WHERE v.camera = g.camera AND v.visit = g.visit AND v.skymap = g.skymap AND v.tract = g.tract
            ),
            gone_patch AS (
                SELECT v.camera, v.visit, v.skymap, v.tract, v.patch
                FROM old AS x
                INNER JOIN butler_internal.visit_patch_overlap AS v ON v.camera = x.camera AND v.visit = x.visit
                EXCEPT
                SELECT l.camera, l.visit, l.skymap, l.tract, l.patch
                FROM left_over AS l
            )
            DELETE FROM butler_internal.visit_patch_overlap AS v
            USING gone_patch AS g
            WHERE
                v.camera = g.camera AND v.visit = g.visit
                AND v.skymap = g.skymap AND v.tract = g.tract AND v.patch = g.patch;
        END IF;
    ELSE
        PERFORM pg_advisory_xact_lock(butler_common.lock_class('overlap'), 0);
        IF tg_op <> 'INSERT' THEN
            DELETE FROM butler_internal.sensor_patch_overlap AS o
            USING old_rows AS x
            WHERE o.patch_id = x.patch_id;
        END IF;
        IF tg_op <> 'DELETE' THEN
            WITH pair AS (
                SELECT s.observed_sensor_id, s.camera, s.visit, n.patch_id, n.skymap, n.tract, n.patch
                FROM new_rows AS n
                INNER JOIN butler_internal.observed_sensor AS s ON st_intersects(s.region, n.region)
            ),
            kept AS (
                INSERT INTO butler_internal.sensor_patch_overlap (observed_sensor_id, patch_id)
                SELECT n.observed_sensor_id, n.patch_id FROM pair AS n
            ),
            kept_tract AS (
                INSERT INTO butler_internal.visit_tract_overlap (camera, visit, skymap, tract)
                SELECT DISTINCT n.camera, n.visit, n.skymap, n.tract
                FROM pair AS n
                ON CONFLICT DO NOTHING
            )
            INSERT INTO butler_internal.visit_patch_overlap (camera, visit, skymap, tract, patch)
            SELECT DISTINCT n.camera, n.visit, n.skymap, n.tract, n.patch
            FROM pair AS n
            ON CONFLICT DO NOTHING;
        END IF;
        IF tg_op <> 'INSERT' THEN
            WITH old AS (
                SELECT DISTINCT x.skymap, x.tract FROM old_rows AS x
            ),
            left_over AS (
                SELECT DISTINCT s.camera, s.visit, p.skymap, p.tract, p.patch
                FROM old AS x
                INNER JOIN butler_internal.patch AS p ON p.skymap = x.skymap AND p.tract = x.tract
                INNER JOIN butler_internal.sensor_patch_overlap AS o ON o.patch_id = p.patch_id
                INNER JOIN butler_internal.observed_sensor AS s ON s.observed_sensor_id = o.observed_sensor_id
            ),
            gone_tract AS (
                SELECT v.camera, v.visit, v.skymap, v.tract
                FROM old AS x
                INNER JOIN butler_internal.visit_tract_overlap AS v ON v.skymap = x.skymap AND v.tract = x.tract
                EXCEPT
                SELECT l.camera, l.visit, l.skymap, l.tract
                FROM left_over AS l
            ),
            deleted AS (
                DELETE FROM butler_internal.visit_tract_overlap AS v
                USING gone_tract AS g
                WHERE v.camera = g.camera AND v.visit = g.visit AND v.skymap = g.skymap AND v.tract = g.tract
            ),
            gone_patch AS (
                SELECT v.camera, v.visit, v.skymap, v.tract, v.patch
                FROM old AS x
                INNER JOIN butler_internal.visit_patch_overlap AS v ON v.skymap = x.skymap AND v.tract = x.tract
                EXCEPT
                SELECT l.camera, l.visit, l.skymap, l.tract, l.patch
                FROM left_over AS l
            )
            DELETE FROM butler_internal.visit_patch_overlap AS v
            USING gone_patch AS g
            WHERE
                v.camera = g.camera AND v.visit = g.visit
                AND v.skymap = g.skymap AND v.tract = g.tract AND v.patch = g.patch;
        END IF;
    END IF;
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION butler_internal.keep_overlap() IS
'Keep sensor_patch_overlap, visit_tract_overlap and visit_patch_overlap as sensors and patches are registered,
replaced and deleted.';
