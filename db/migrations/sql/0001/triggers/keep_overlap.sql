-- object: function butler_internal.keep_overlap()
-- requires: shared/require_read_committed.sql
--
-- Once a statement, over all its rows. Two loads at once, one of sensors and one of patches, must
-- not miss each other's rows: sensors take the lock shared, patches take it exclusively, and the
-- join runs after, in a snapshot of its own. Under another isolation level it would not.
CREATE OR REPLACE FUNCTION butler_internal.keep_overlap()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    PERFORM butler_shared.require_read_committed('regions can be registered');
    IF tg_table_name = 'observed_sensor' THEN
        PERFORM pg_advisory_xact_lock_shared(7310004, 0);
        IF tg_op = 'UPDATE' THEN
            DELETE FROM butler_internal.sensor_patch_overlap AS o
            USING new_rows AS n
            WHERE o.observed_sensor_id = n.observed_sensor_id;
        END IF;
        INSERT INTO butler_internal.sensor_patch_overlap (observed_sensor_id, patch_id)
        SELECT n.observed_sensor_id, p.patch_id
        FROM new_rows AS n
        INNER JOIN butler_internal.patch AS p ON st_intersects(n.region, p.region);
    ELSE
        PERFORM pg_advisory_xact_lock(7310004, 0);
        IF tg_op = 'UPDATE' THEN
            DELETE FROM butler_internal.sensor_patch_overlap AS o
            USING new_rows AS n
            WHERE o.patch_id = n.patch_id;
        END IF;
        INSERT INTO butler_internal.sensor_patch_overlap (observed_sensor_id, patch_id)
        SELECT s.observed_sensor_id, n.patch_id
        FROM new_rows AS n
        INNER JOIN butler_internal.observed_sensor AS s ON st_intersects(s.region, n.region);
    END IF;
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION butler_internal.keep_overlap() IS
'Keep sensor_patch_overlap as sensors and patches are registered.';
