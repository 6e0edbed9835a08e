-- Access by rule instead of by list: readers read every view and call the functions that don't write,
-- which are those that aren't volatile; writers call the others too. All else is the owner's alone.
CREATE OR REPLACE FUNCTION butler_common.grant_access(p_registry text)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_object record;
BEGIN
    EXECUTE format('REVOKE ALL ON SCHEMA %I, %I FROM PUBLIC', p_registry, p_registry || '_internal');
    REVOKE ALL ON SCHEMA butler_common FROM PUBLIC;
    EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %I, %I FROM PUBLIC', p_registry, p_registry || '_internal');
    REVOKE ALL ON ALL FUNCTIONS IN SCHEMA butler_common FROM PUBLIC;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO butler_reader, butler_writer', p_registry);
    FOR v_object IN
        SELECT format('%I.%I', p_registry, c.relname) AS name
        FROM pg_catalog.pg_class AS c
        WHERE c.relnamespace = p_registry::regnamespace AND c.relkind = 'v'
    LOOP
        EXECUTE format('GRANT SELECT ON %s TO butler_reader, butler_writer', v_object.name);
    END LOOP;
    FOR v_object IN
        SELECT p.oid::regprocedure AS name, p.provolatile = 'v' AS writes
        FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = p_registry::regnamespace
    LOOP
        EXECUTE format(
            'GRANT EXECUTE ON FUNCTION %s TO %s', v_object.name,
            CASE WHEN v_object.writes THEN 'butler_writer' ELSE 'butler_reader, butler_writer' END
        );
    END LOOP;
END;
$$;

COMMENT ON FUNCTION butler_common.grant_access(text) IS
'Grant readers and writers what they may do in a registry, and take from all others what they may.';
