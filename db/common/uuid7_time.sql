-- An expression, so that it becomes part of the query that calls it.
CREATE OR REPLACE FUNCTION butler_common.uuid7_time(p_id uuid)
RETURNS timestamptz
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN get_byte(uuid_send(p_id), 6) >> 4 = 7
            THEN to_timestamp(('x' || encode(substr(uuid_send(p_id), 1, 6), 'hex'))::bit(48)::bigint / 1000.0)
    END;
END;

COMMENT ON FUNCTION butler_common.uuid7_time(uuid) IS 'When a version 7 UUID was made; null for one of another version.';
