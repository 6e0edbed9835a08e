-- A reaper that waits for the put of this transaction holds the lock that the caller is about to wait for, and the
-- server can't see that.
CREATE OR REPLACE FUNCTION butler_common.refuse_in_put(p_what text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (
        SELECT FROM pg_locks AS l
        WHERE
            l.locktype = 'advisory' AND l.classid = butler_common.lock_class('collection')::oid AND l.objsubid = 2
            AND l.pid = pg_backend_pid() AND l.mode = 'ShareLock' AND l.granted
    ) THEN
        PERFORM butler_common.raise_error(
            'UB601', format('%s in a transaction that has put something', p_what), 'End the transaction first.'
        );
    END IF;
END;
$$;

COMMENT ON FUNCTION butler_common.refuse_in_put(text) IS
'Refuse what waits for a reaper, in a transaction for which a reaper may wait.';
