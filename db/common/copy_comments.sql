-- A column is explained once, at the base's table. A layer's tables have those comments too. A column of the
-- same name of a view or type takes that of the table of the view's own name if there is one, else of the table
-- of the unit or of the id that the column is named after, else of any.
--
-- Looked up together and given by one EXECUTE: a look-up for each column took half of the making of a layer.
CREATE OR REPLACE FUNCTION butler_common.copy_comments(p_registry text)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_statements text;
BEGIN
    WITH explained AS (
        SELECT t.relname, t.relnamespace, a.attname, d.description
        FROM pg_catalog.pg_class AS t
        INNER JOIN pg_catalog.pg_description AS d ON d.classoid = 'pg_catalog.pg_class'::regclass AND d.objoid = t.oid
        LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = d.objsubid AND d.objsubid > 0
        WHERE
            t.relkind = 'r'
            AND t.relnamespace IN ('butler_internal'::regnamespace, 'butler_common'::regnamespace)
    ),
    -- The table itself as the column null.
    bare AS (
        SELECT c.relkind, n.nspname, c.relname, a.attname
        FROM pg_catalog.pg_namespace AS n
        INNER JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid
        CROSS JOIN LATERAL (
            SELECT 0 AS attnum, NULL::name AS attname
            UNION ALL
            SELECT a.attnum, a.attname
            FROM pg_catalog.pg_attribute AS a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        ) AS a
        WHERE
            col_description(c.oid, a.attnum) IS NULL
            AND (
                n.nspname = p_registry AND c.relkind IN ('v', 'c') AND a.attnum > 0
                OR n.nspname = p_registry || '_internal' AND c.relkind = 'r'
            )
    ),
    given AS (
        SELECT b.nspname, b.relname, b.attname, e.description
        FROM bare AS b
        INNER JOIN explained AS e
            ON e.relname = b.relname AND e.attname IS NOT DISTINCT FROM b.attname
            AND e.relnamespace = 'butler_internal'::regnamespace
        WHERE b.relkind = 'r'
        UNION ALL
        (
            SELECT DISTINCT ON (b.relname, b.attname) b.nspname, b.relname, b.attname, e.description
            FROM bare AS b
            INNER JOIN explained AS e ON e.attname = b.attname
            LEFT JOIN butler_common.unit AS u ON u.unit = b.attname
            WHERE b.relkind <> 'r'
            ORDER BY
                b.relname, b.attname,
                e.relname = b.relname DESC, e.relname = u.view DESC, e.relname IN (b.attname, regexp_replace(b.attname, '_id$', '')) DESC,
                e.relname
        )
    )
    SELECT string_agg(
        CASE
            WHEN g.attname IS NULL THEN format('COMMENT ON TABLE %I.%I IS %L', g.nspname, g.relname, g.description)
            ELSE format('COMMENT ON COLUMN %I.%I.%I IS %L', g.nspname, g.relname, g.attname, g.description)
        END, '; '
    ) INTO v_statements
    FROM given AS g;
    EXECUTE coalesce(v_statements, '');
END;
$$;

COMMENT ON FUNCTION butler_common.copy_comments(text) IS
'Give the columns of a registry''s views and types, and a layer''s tables, the comments of the base''s tables.';
