-- Every put in flight holds its run's lock shared, and has taken it before it read the clock. Whoever has waited for
-- those transactions knows that a put of which he sees nothing has a later time than the one that this function returns.
-- They are looked for again and again: whoever asked for the locks would stop all later puts into the same runs.
CREATE OR REPLACE FUNCTION butler_common.wait_for_puts()
RETURNS timestamptz
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_now constant timestamptz := clock_timestamp();
    v_until constant timestamptz := v_now + coalesce(
        nullif((SELECT s.setting::integer FROM pg_settings AS s WHERE s.name = 'lock_timeout'), 0), 600000
    ) * interval '1 millisecond';
    v_pause double precision := 0.001;
    v_puts text[];
BEGIN
    LOOP
        v_puts := ARRAY(
            SELECT DISTINCT l.virtualtransaction
            FROM pg_locks AS l
            WHERE
                l.locktype = 'advisory' AND l.classid = butler_common.lock_class('collection')::oid AND l.objsubid = 2
                AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
                AND l.mode = 'ShareLock' AND l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()  -- null for a prepared transaction
                AND (v_puts IS NULL OR l.virtualtransaction = ANY (v_puts))
        );
        EXIT WHEN v_puts = '{}';
        IF clock_timestamp() > v_until THEN
            RAISE lock_not_available USING
                MESSAGE = format('%s transactions with puts in them don''t end', cardinality(v_puts)),
                HINT = 'Look for sessions that are idle in a transaction, in pg_stat_activity, and try again.';
        END IF;
        PERFORM pg_sleep(v_pause);
        v_pause := least(2 * v_pause, 0.1);
    END LOOP;
    RETURN v_now;
END;
$$;

COMMENT ON FUNCTION butler_common.wait_for_puts() IS
'Wait for the puts in flight, in all registries of the database, for lock_timeout or ten minutes: a time before which every put
has ended.';
