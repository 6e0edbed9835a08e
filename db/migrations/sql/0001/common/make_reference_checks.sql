-- In a layer a row may point at a row of a lower layer, which no constraint can check. The base's foreign keys say what must
-- hold: a trigger looks up what new rows point at, all rows of a statement at once.
CREATE OR REPLACE FUNCTION butler_common.make_reference_checks(p_registry text)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_own text := p_registry || '_internal';
    v_check record;
    v_event text;
BEGIN
    FOR v_check IN
        SELECT c.checked, 'check_references_' || c.checked AS name, c.look_ups
        FROM butler_common.compose_references(v_own) AS c
        ORDER BY c.checked
    LOOP
        EXECUTE format(
            'CREATE FUNCTION %I.%I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER '
            'SET search_path = pg_catalog, pg_temp AS %L',
            v_own, v_check.name,
            $q$
DECLARE
    v_present boolean[];
    v_bad jsonb;
BEGIN
    PERFORM butler_common.require_read_committed('rows of a layer can be registered');$q$ || v_check.look_ups || $q$
    RETURN NULL;
END;
$q$
        );
        EXECUTE format(
            'COMMENT ON FUNCTION %I.%I() IS %L', v_own, v_check.name,
            'Check new rows of table ' || v_check.checked || ' against the base''s foreign keys, through all layers.'
        );
        FOREACH v_event IN ARRAY ARRAY['INSERT', 'UPDATE'] LOOP
            EXECUTE format(
                'CREATE TRIGGER check_references_%s AFTER %s ON %I.%I REFERENCING NEW TABLE AS new_rows '
                'FOR EACH STATEMENT EXECUTE FUNCTION %I.%I()',
                lower(v_event), v_event, v_own, v_check.checked, v_own, v_check.name
            );
        END LOOP;
    END LOOP;
END;
$$;

COMMENT ON FUNCTION butler_common.make_reference_checks(text) IS
'Create what checks the rows of a layer''s tables: a function for each table, and its triggers.';
