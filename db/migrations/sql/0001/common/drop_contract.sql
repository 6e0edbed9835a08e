-- A revision takes the whole contract of a registry away before it alters tables, and builds it
-- again after: no list of what depends on what can go stale. Views, functions and types depend on
-- each other; they go in the reverse order of their making. RESTRICT, so that PostgreSQL names a
-- view which a user built on ours instead of dropping it.
CREATE OR REPLACE FUNCTION butler_common.drop_contract(p_registry text)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_object record;
BEGIN
    FOR v_object IN
        SELECT c.oid::regclass AS relation, t.tgname AS name
        FROM pg_catalog.pg_trigger AS t
        INNER JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
        WHERE c.relnamespace = (p_registry || '_internal')::regnamespace AND NOT t.tgisinternal
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', v_object.name, v_object.relation);
    END LOOP;
    FOR v_object IN
        SELECT c.oid, 'VIEW ' || c.oid::regclass AS name
        FROM pg_catalog.pg_class AS c
        WHERE
            c.relnamespace IN (p_registry::regnamespace, (p_registry || '_internal')::regnamespace)
            AND c.relkind = 'v'
        UNION ALL
        SELECT c.oid, 'TYPE ' || c.reltype::regtype
        FROM pg_catalog.pg_class AS c
        WHERE
            c.relnamespace IN (p_registry::regnamespace, (p_registry || '_internal')::regnamespace)
            AND c.relkind = 'c'
        UNION ALL
        SELECT p.oid, 'FUNCTION ' || p.oid::regprocedure
        FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace IN (p_registry::regnamespace, (p_registry || '_internal')::regnamespace)
        ORDER BY 1 DESC
    LOOP
        EXECUTE 'DROP ' || v_object.name;
    END LOOP;
END;
$$;

COMMENT ON FUNCTION butler_common.drop_contract(text) IS
'Drop the views, triggers, functions and types of a registry, but none of its tables.';
