-- A name means one thing in a registry and in all layers over it. A new name is looked up in the
-- layers under its own and in those over it. The lock makes two sessions that add the same name to
-- two layers wait for each other; there are few names, and new ones are rare.
CREATE OR REPLACE FUNCTION butler_common.check_shadowing()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_other record;
    v_column text := tg_argv[0];
    v_name text;
BEGIN
    IF NOT EXISTS (SELECT FROM butler_common.registry WHERE depth > 0) THEN
        RETURN NULL;
    END IF;
    PERFORM butler_common.require_read_committed('names can be registered');
    PERFORM pg_advisory_xact_lock(butler_common.lock_class('names'), hashtext(tg_table_name));
    FOR v_other IN
        SELECT r.registry, r.depth
        FROM butler_common.registry AS r
        WHERE
            r.registry || '_internal' <> tg_table_schema
            AND (
                r.registry || '_internal' IN (
                    SELECT l.layer FROM butler_common.layers_of(tg_table_schema) AS l
                )
                OR tg_table_schema IN (
                    SELECT l.layer FROM butler_common.layers_of(r.registry || '_internal') AS l
                )
            )
        ORDER BY r.depth, r.registry
    LOOP
        EXECUTE format(
            'SELECT n.%1$I FROM new_rows AS n INNER JOIN %2$I.%3$I AS o ON o.%1$I = n.%1$I LIMIT 1',
            v_column, v_other.registry || '_internal', tg_table_name
        ) INTO v_name;
        IF v_name IS NOT NULL THEN
            PERFORM butler_common.raise_error(
                'UB202',
                format('%s %L is already in registry %s', replace(tg_table_name, '_', ' '), v_name, v_other.registry),
                'A name means one thing in a registry and the layers over it: choose another.',
                jsonb_build_object('name', v_name, 'registry', v_other.registry, 'object_type', tg_table_name)
            );
        END IF;
    END LOOP;
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION butler_common.check_shadowing() IS
'Refuse a name that a layer under or over this one has.';
