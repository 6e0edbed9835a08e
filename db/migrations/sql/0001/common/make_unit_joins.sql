-- A view for each unit, by the unit's name and by that of its view. They are all alike, so they aren't files.
CREATE OR REPLACE FUNCTION butler_common.make_unit_joins(p_registry text)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_join record;
BEGIN
    FOR v_join IN
        SELECT
            n.name || '_dataset_join' AS view,
            u.unit,
            (SELECT string_agg(format('d.%I', c.name), ', ') FROM unnest(u.requires || u.unit) AS c (name)) AS columns,
            format('Which datasets have which %s in their data ID.', replace(n.name, '_', ' ')) AS comment
        FROM butler_common.unit AS u
        CROSS JOIN LATERAL (SELECT u.unit AS name UNION SELECT u.view) AS n
        ORDER BY n.name
    LOOP
        EXECUTE format(
            'CREATE VIEW %I.%I AS SELECT %s, d.dataset_id FROM %I.all_dataset AS d '
            'WHERE d.%I IS NOT NULL AND d.state <> ''removed''',
            p_registry, v_join.view, v_join.columns, p_registry || '_internal', v_join.unit
        );
        EXECUTE format('COMMENT ON VIEW %I.%I IS %L', p_registry, v_join.view, v_join.comment);
    END LOOP;
END;
$$;

COMMENT ON FUNCTION butler_common.make_unit_joins(text) IS
'Create the views <unit>_dataset_join of a registry.';
