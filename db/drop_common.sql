-- Empties butler_common but for Alembic's table, which says that nothing is left.
DO $$
DECLARE
    v_object record;
BEGIN
    FOR v_object IN
        SELECT 'FUNCTION ' || p.oid::regprocedure AS name
        FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = 'butler_common'::regnamespace
        ORDER BY p.oid DESC
    LOOP
        EXECUTE 'DROP ' || v_object.name;
    END LOOP;
    FOR v_object IN
        SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || c.oid::regclass AS name
        FROM pg_catalog.pg_class AS c
        WHERE
            c.relnamespace = 'butler_common'::regnamespace AND c.relkind IN ('r', 'S')
            AND c.relname <> 'alembic_version'
        ORDER BY c.oid DESC
    LOOP
        EXECUTE 'DROP ' || v_object.name || ' CASCADE';
    END LOOP;
END;
$$;
