-- The clock may step back, times of a collection don't: a read as of a time that has passed stays what it was.
-- What a collection was stamped with is known to the microsecond. Its puts, which don't wait for each other, leave a
-- time ten seconds ahead that none of them has reached: a clock that is further behind than that has stepped back.
CREATE OR REPLACE FUNCTION butler_common.time_after(p_changed timestamptz, p_put_until timestamptz)
RETURNS timestamptz
LANGUAGE plpgsql
VOLATILE
AS $$
DECLARE
    v_clock constant timestamptz := clock_timestamp();
BEGIN
    IF v_clock <= p_put_until - interval '10 seconds' THEN
        RETURN greatest(p_changed, p_put_until) + interval '1 microsecond';
    END IF;
    RETURN greatest(v_clock, p_changed + interval '1 microsecond');
END;
$$;

COMMENT ON FUNCTION butler_common.time_after(timestamptz, timestamptz) IS
'The time of a change to a collection, by what its row says of earlier ones: now, or later than any of these.';
