-- Worked out of where the database is, and never stored: a dump that is restored elsewhere, and a copy of the database,
-- have the same rows and are another installation. A standby, and what becomes of it, is the same one.
CREATE OR REPLACE FUNCTION butler.installation_id()
RETURNS uuid
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT encode(
        substr(sha256(convert_to(format('%s/%s', c.system_identifier, d.oid), 'UTF8')), 1, 16), 'hex'
    )::uuid
    FROM pg_control_system() AS c
    CROSS JOIN pg_database AS d
    WHERE d.datname = current_database();
END;

COMMENT ON FUNCTION butler.installation_id() IS
'Which database of which cluster this is; with datastore and mark, what the root of a datastore must say.';
