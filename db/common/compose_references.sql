-- The base has the foreign keys as constraints; of those whose targets may lie in a layer under it, a layer's own table has
-- none. What is to be asked for each of them is worked out once, when the triggers are made: from the catalogue it
-- takes longer than the asking.
CREATE OR REPLACE FUNCTION butler_common.compose_references(p_table regclass)
RETURNS TABLE (look text, keys jsonb)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH foreign_key AS (
        SELECT
            c.conname,
            s.nspname::text AS own,
            r.relname AS target,
            string_agg(format('t.%I = n.%I', f.attname, a.attname), ' AND ' ORDER BY k.place) AS same,
            string_agg(format('n.%I IS NOT NULL', a.attname), ' AND ' ORDER BY k.place) AS present,
            string_agg(format('%L, n.%I', a.attname, a.attname), ', ' ORDER BY k.place) AS shown
        FROM pg_class AS own
        INNER JOIN pg_namespace AS s ON s.oid = own.relnamespace
        INNER JOIN pg_class AS b ON b.relname = own.relname AND b.relnamespace = to_regnamespace('butler_internal')
        INNER JOIN pg_constraint AS c ON c.conrelid = b.oid AND c.contype = 'f'
        INNER JOIN pg_class AS r ON r.oid = c.confrelid
        CROSS JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY AS k (own, foreign_column, place)
        INNER JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.own
        INNER JOIN pg_attribute AS f ON f.attrelid = c.confrelid AND f.attnum = k.foreign_column
        WHERE
            own.oid = p_table
            AND NOT EXISTS (
                SELECT FROM pg_constraint AS kept
                WHERE kept.conrelid = own.oid AND kept.contype = 'f' AND kept.conname = c.conname
            )
        GROUP BY c.conname, s.nspname, r.relname
    )
    SELECT
        format('SELECT ARRAY[%s] FROM new_rows AS n', string_agg(
            format('CASE WHEN bool_or(%s) THEN %L END', k.present, k.conname), ', ' ORDER BY k.conname
        )),
        jsonb_agg(jsonb_build_object(
            'conname', k.conname,
            'target', k.target,
            'same', k.same,
            'bad', format(
                'SELECT jsonb_agg(bad.shown) FROM (SELECT jsonb_build_object(%s) AS shown FROM new_rows AS n '
                'WHERE %s AND NOT EXISTS (SELECT FROM %I.%I AS t WHERE %s) LIMIT 10) AS bad',
                k.shown, k.present, k.own, 'all_' || k.target, k.same
            )
        ) ORDER BY k.conname)
    FROM foreign_key AS k
    HAVING count(*) > 0;
END;

COMMENT ON FUNCTION butler_common.compose_references(regclass) IS
'What check_references asks of new rows of a layer''s table: which foreign keys aren''t null in all of them; and for each key
when a row t is the target of a row n, and the statement that names the rows without. No row where there is nothing to ask.';
