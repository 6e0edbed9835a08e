-- Once in ten seconds a put says until when puts may take the clock's word; while the clock is behind that, each put
-- its time. It is a version of the row each time, and nobody waits for it: whoever has the row does it himself.
CREATE OR REPLACE FUNCTION butler_internal.note_put_time(p_collection_ids bigint[], p_now timestamptz)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_behind constant boolean := clock_timestamp() < p_now;
BEGIN
    UPDATE butler_internal.collection AS c
    SET
        changed = CASE WHEN v_behind THEN p_now ELSE c.changed END,
        put_until = CASE WHEN v_behind THEN c.put_until ELSE p_now + interval '10 seconds' END
    FROM (
        SELECT o.collection_id
        FROM butler_internal.collection AS o
        WHERE
            o.collection_id = ANY (p_collection_ids)
            AND o.changed < p_now AND coalesce(o.put_until, '-infinity') < p_now
        ORDER BY o.collection_id
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS o
    WHERE c.collection_id = o.collection_id;
END;
$$;

COMMENT ON FUNCTION butler_internal.note_put_time(bigint[], timestamptz) IS
'Keep later changes of these runs from being dated before a put of this time.';
