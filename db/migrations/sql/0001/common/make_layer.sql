-- One view all_<table> for each table: the table itself in the base, in a layer its union with the
-- same view of the registry under it. Columns are named, as "*" would swap them silently where two
-- tables differ in order.
CREATE OR REPLACE FUNCTION butler_common.make_layer(p_registry text)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_own text := p_registry || '_internal';
    v_base text := (
        SELECT r.base || '_internal' FROM butler_common.registry AS r WHERE r.registry = p_registry
    );
    v_table record;
    v_query text;
BEGIN
    FOR v_table IN
        SELECT
            c.relname AS name,
            string_agg(format('t.%I', a.attname), ', ' ORDER BY a.attname) AS columns
        FROM pg_catalog.pg_class AS c
        INNER JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace = v_own::regnamespace AND c.relkind = 'r'
        GROUP BY c.relname
        ORDER BY c.relname
    LOOP
        v_query := format('SELECT %s FROM %I.%I AS t', v_table.columns, v_own, v_table.name);
        IF v_base IS NOT NULL THEN
            v_query := format(
                'SELECT %s FROM %I.%I AS t UNION ALL %s',
                v_table.columns, v_base, 'all_' || v_table.name, v_query
            );
        END IF;
        -- With the units as one value too.
        IF v_table.name = 'dataset' THEN
            v_query := format(
                'SELECT t.*, ROW(%s)::%I.data_id AS data_id FROM (%s) AS t',
                (SELECT string_agg('t.' || u.unit, ', ' ORDER BY u.position) FROM butler_common.unit AS u), v_own, v_query
            );
        END IF;
        -- Pairs of sensors and patches have their data IDs already here, so that a condition on these
        -- reaches the indexes of each layer. Pairs of a layer's own rows with lower ones aren't stored: a
        -- load into the base would have to write into every layer. The view joins them live; a person's own
        -- rows are few.
        IF v_table.name = 'sensor_patch_overlap' THEN
            v_query := format(
                'SELECT s.camera, s.visit, s.sensor, p.skymap, p.tract, p.patch FROM %1$I.sensor_patch_overlap AS t '
                'INNER JOIN %1$I.observed_sensor AS s ON s.observed_sensor_id = t.observed_sensor_id '
                'INNER JOIN %1$I.patch AS p ON p.patch_id = t.patch_id', v_own
            );
            IF v_base IS NOT NULL THEN
                v_query := format(
                    'SELECT t.camera, t.visit, t.sensor, t.skymap, t.tract, t.patch '
                    'FROM %2$I.all_sensor_patch_overlap AS t '
                    'UNION ALL SELECT s.camera, s.visit, s.sensor, p.skymap, p.tract, p.patch '
                    'FROM %1$I.observed_sensor AS s '
                    'INNER JOIN %2$I.all_patch AS p ON public.st_intersects(s.region, p.region) '
                    'UNION ALL SELECT s.camera, s.visit, s.sensor, p.skymap, p.tract, p.patch '
                    'FROM %1$I.patch AS p '
                    'INNER JOIN %2$I.all_observed_sensor AS s ON public.st_intersects(s.region, p.region) '
                    'UNION ALL ' || v_query,
                    v_own, v_base
                );
            END IF;
        ELSIF v_table.name IN ('visit_patch_overlap', 'visit_tract_overlap') AND v_base IS NOT NULL THEN
            v_query := v_query || format(
                ' UNION ALL SELECT DISTINCT %3$s FROM %1$I.observed_sensor AS s '
                'INNER JOIN %2$I.all_patch AS p ON public.st_intersects(s.region, p.region) '
                'UNION ALL SELECT DISTINCT %3$s FROM %1$I.patch AS p '
                'INNER JOIN %2$I.all_observed_sensor AS s ON public.st_intersects(s.region, p.region)',
                v_own, v_base,
                CASE v_table.name
                    WHEN 'visit_patch_overlap' THEN 's.camera, p.patch, p.skymap, p.tract, s.visit'
                    ELSE 's.camera, p.skymap, p.tract, s.visit'
                END
            );
        END IF;
        EXECUTE format('CREATE VIEW %I.%I AS %s', v_own, 'all_' || v_table.name, v_query);
        EXECUTE format(
            'COMMENT ON VIEW %I.%I IS %L', v_own, 'all_' || v_table.name,
            'Rows of table ' || v_table.name || ' in this registry and the layers under it.'
        );
    END LOOP;
END;
$$;

COMMENT ON FUNCTION butler_common.make_layer(text) IS
'Create the views all_<table> of a registry.';
