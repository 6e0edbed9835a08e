-- A column is explained once, at its table. A column of the same name of a view or type takes that comment:
-- from the table of the view's own name if there is one, else from the table of the unit that the
-- column is named after, else from any.
CREATE OR REPLACE FUNCTION butler_common.copy_comments(p_registry text)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_column record;
BEGIN
    FOR v_column IN
        SELECT c.relname, a.attname, source.comment
        FROM pg_catalog.pg_class AS c
        INNER JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
        CROSS JOIN LATERAL (
            SELECT col_description(t.oid, ta.attnum) AS comment
            FROM pg_catalog.pg_class AS t
            INNER JOIN pg_catalog.pg_attribute AS ta
                ON ta.attrelid = t.oid AND ta.attnum > 0 AND ta.attname = a.attname
            LEFT JOIN butler_common.unit AS u ON u.unit = a.attname
            WHERE
                t.relkind = 'r'
                AND t.relnamespace IN ('butler_internal'::regnamespace, 'butler_common'::regnamespace)
                AND col_description(t.oid, ta.attnum) IS NOT NULL
            ORDER BY t.relname = c.relname DESC, t.relname = u.view DESC, t.relname = a.attname DESC, t.relname
            LIMIT 1
        ) AS source
        WHERE
            c.relnamespace = p_registry::regnamespace AND c.relkind IN ('v', 'c')
            AND col_description(c.oid, a.attnum) IS NULL
    LOOP
        EXECUTE format(
            'COMMENT ON COLUMN %I.%I.%I IS %L', p_registry, v_column.relname, v_column.attname, v_column.comment
        );
    END LOOP;
END;
$$;

COMMENT ON FUNCTION butler_common.copy_comments(text) IS
'Give the columns of a registry''s views and types the comments of the tables'' columns.';
