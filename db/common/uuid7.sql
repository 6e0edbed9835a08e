-- RFC 9562 version 7: 48 bits of Unix milliseconds, then random bits. Ids made one after the other
-- lie side by side in the index. PostgreSQL has its own from version 18 on.
CREATE OR REPLACE FUNCTION butler_common.uuid7()
RETURNS uuid
LANGUAGE sql
VOLATILE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT encode(
        set_byte(
            pg_catalog.overlay(
                uuid_send(gen_random_uuid()),
                pg_catalog.substring(int8send((extract('epoch' FROM clock_timestamp()) * 1000)::bigint), 3),
                1,
                6
            ),
            6,
            112 + (get_byte(uuid_send(gen_random_uuid()), 0) & 15)
        ),
        'hex'
    )::uuid;
END;

COMMENT ON FUNCTION butler_common.uuid7() IS 'New dataset id: a version 7 UUID.';
