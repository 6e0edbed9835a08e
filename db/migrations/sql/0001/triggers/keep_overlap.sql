-- Once a statement, over all its rows. Two loads at once, one of sensors and one of patches, must
-- not miss each other's rows: the trigger takes the lock shared for sensors, exclusively for patches, and
-- joins after, in a snapshot of its own. Under another isolation level the snapshot would be older.
--
-- A visit overlaps a tract as long as one of its sensors does. Two sessions may register one sensor of a
-- visit and take away another: a session that adds to a pair of visit and tract that is there locks the
-- pair (the update that never happens), and one that may have to delete the pair locks it first and looks
-- for other sensors after.
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
                SELECT n.observed_sensor_id, n.camera, n.visit, p.patch_id, p.skymap, p.tract
                FROM new_rows AS n
                INNER JOIN butler_internal.patch AS p ON st_intersects(n.region, p.region)
            ),
            kept AS (
                INSERT INTO butler_internal.sensor_patch_overlap (observed_sensor_id, patch_id)
                SELECT n.observed_sensor_id, n.patch_id FROM pair AS n
            )
            INSERT INTO butler_internal.visit_tract_overlap (camera, visit, skymap, tract)
            SELECT DISTINCT n.camera, n.visit, n.skymap, n.tract
            FROM pair AS n
            ORDER BY n.camera, n.visit, n.skymap, n.tract
            ON CONFLICT ON CONSTRAINT pk_visit_tract_overlap DO UPDATE SET tract = excluded.tract WHERE false;
        END IF;
        IF tg_op <> 'INSERT' THEN
            DELETE FROM butler_internal.visit_tract_overlap AS v
            WHERE
                (v.camera, v.visit) IN (SELECT x.camera, x.visit FROM old_rows AS x)
                AND NOT EXISTS (
                    SELECT FROM butler_internal.observed_sensor AS s
                    INNER JOIN butler_internal.sensor_patch_overlap AS o
                        ON o.observed_sensor_id = s.observed_sensor_id
                    INNER JOIN butler_internal.patch AS p ON p.patch_id = o.patch_id
                    WHERE s.camera = v.camera AND s.visit = v.visit AND p.skymap = v.skymap AND p.tract = v.tract
                );
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
                SELECT s.observed_sensor_id, s.camera, s.visit, n.patch_id, n.skymap, n.tract
                FROM new_rows AS n
                INNER JOIN butler_internal.observed_sensor AS s ON st_intersects(s.region, n.region)
            ),
            kept AS (
                INSERT INTO butler_internal.sensor_patch_overlap (observed_sensor_id, patch_id)
                SELECT n.observed_sensor_id, n.patch_id FROM pair AS n
            )
            INSERT INTO butler_internal.visit_tract_overlap (camera, visit, skymap, tract)
            SELECT DISTINCT n.camera, n.visit, n.skymap, n.tract
            FROM pair AS n
            ON CONFLICT DO NOTHING;
        END IF;
        IF tg_op <> 'INSERT' THEN
            DELETE FROM butler_internal.visit_tract_overlap AS v
            WHERE
                (v.skymap, v.tract) IN (SELECT x.skymap, x.tract FROM old_rows AS x)
                AND NOT EXISTS (
                    SELECT FROM butler_internal.patch AS p
                    INNER JOIN butler_internal.sensor_patch_overlap AS o ON o.patch_id = p.patch_id
                    INNER JOIN butler_internal.observed_sensor AS s
                        ON s.observed_sensor_id = o.observed_sensor_id
                    WHERE s.camera = v.camera AND s.visit = v.visit AND p.skymap = v.skymap AND p.tract = v.tract
                );
        END IF;
    END IF;
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION butler_internal.keep_overlap() IS
'Keep sensor_patch_overlap and visit_tract_overlap as sensors and patches are registered, replaced and deleted.';
