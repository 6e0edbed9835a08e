-- Every put in flight holds its run's lock shared, and has taken it before it read the clock. Whoever has waited for
-- those locks knows that a put of which he sees nothing has a later time than the one that this function returns.
-- The exclusive lock is given back at once, by rolling back what took it: puts of other lots needn't wait for the caller.
CREATE OR REPLACE FUNCTION butler_common.wait_for_puts()
RETURNS timestamptz
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_now constant timestamptz := clock_timestamp();
    v_collection integer;
BEGIN
    FOR v_collection IN
        SELECT DISTINCT l.objid::integer
        FROM pg_locks AS l
        WHERE
            l.locktype = 'advisory' AND l.classid = butler_common.lock_class('collection')::oid AND l.objsubid = 2
            AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
            AND l.mode = 'ShareLock' AND l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()  -- null for a prepared transaction
        ORDER BY 1
    LOOP
        BEGIN
            PERFORM pg_advisory_xact_lock(butler_common.lock_class('collection'), v_collection);
            RAISE EXCEPTION USING ERRCODE = 'triggered_action_exception';
        EXCEPTION WHEN triggered_action_exception THEN
            NULL;
        END;
    END LOOP;
    RETURN v_now;
END;
$$;

COMMENT ON FUNCTION butler_common.wait_for_puts() IS
'Wait for the puts in flight, in all registries of the database: a time before which every put has ended.';
