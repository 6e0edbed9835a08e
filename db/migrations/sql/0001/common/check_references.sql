-- In a layer a row may point at a row of a lower layer, which no constraint can check. The base's
-- foreign keys say what must hold; this trigger looks the new rows up in the union of the layers, all
-- rows of a statement at once. It first locks what it finds in each layer's own table: FOR KEY SHARE
-- through a union view locks nothing.
CREATE OR REPLACE FUNCTION butler_common.check_references()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_key record;
    v_layer text;
    v_bad jsonb;
BEGIN
    PERFORM butler_common.require_read_committed('rows of a layer can be registered');
    FOR v_key IN
        SELECT
            c.conname,
            r.relname AS target,
            string_agg(format('t.%I = n.%I', f.attname, a.attname), ' AND ' ORDER BY k.position) AS same,
            string_agg(format('n.%I IS NOT NULL', a.attname), ' AND ' ORDER BY k.position) AS present,
            string_agg(format('%L, n.%I', a.attname, a.attname), ', ' ORDER BY k.position) AS shown
        FROM pg_constraint AS c
        INNER JOIN pg_class AS r ON r.oid = c.confrelid
        CROSS JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY AS k (own, foreign_column, position)
        INNER JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.own
        INNER JOIN pg_attribute AS f ON f.attrelid = c.confrelid AND f.attnum = k.foreign_column
        WHERE
            c.conrelid = to_regclass(format('butler_internal.%I', tg_table_name))
            AND c.contype = 'f'
            AND NOT EXISTS (
                SELECT FROM pg_constraint AS own
                WHERE own.conrelid = tg_relid AND own.contype = 'f' AND own.conname = c.conname
            )
        GROUP BY c.conname, r.relname
    LOOP
        FOR v_layer IN SELECT l.layer FROM butler_common.layers_of(tg_table_schema) AS l (layer) LOOP
            EXECUTE format(
                'SELECT FROM %I.%I AS t WHERE EXISTS (SELECT FROM new_rows AS n WHERE %s) FOR KEY SHARE OF t',
                v_layer, v_key.target, v_key.same
            );
        END LOOP;
        EXECUTE format(
            'SELECT jsonb_agg(bad.shown) FROM (SELECT jsonb_build_object(%s) AS shown FROM new_rows AS n '
            'WHERE %s AND NOT EXISTS (SELECT FROM %I.%I AS t WHERE %s) LIMIT 10) AS bad',
            v_key.shown, v_key.present, tg_table_schema, 'all_' || v_key.target, v_key.same
        ) INTO v_bad;
        IF v_bad IS NOT NULL THEN
            RAISE EXCEPTION USING
                ERRCODE = 'foreign_key_violation',
                MESSAGE = format(
                    'no %s with %s in this registry or the layers under it', v_key.target, v_bad -> 0
                ),
                DETAIL = jsonb_build_object('rows', v_bad)::text,
                CONSTRAINT = v_key.conname,
                TABLE = tg_table_name,
                SCHEMA = tg_table_schema;
        END IF;
    END LOOP;
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION butler_common.check_references() IS
'Check the new rows of a layer''s table against the base''s foreign keys, through all layers.';
