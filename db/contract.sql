-- The contract of the base registry as its callers see it: a row a function, with arguments and result, and a row
-- a view or type, with its columns.
SELECT
    'function' AS object_type,
    p.proname::text AS name,
    jsonb_build_object(
        'arguments', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'name', p.proargnames[n], 'type', format_type(p.proargtypes[n - 1], NULL),
                'default', pg_get_function_arg_default(p.oid, n::integer)
            ) ORDER BY n), '[]')
            FROM generate_series(1, p.pronargs) AS n
        ),
        'result', pg_get_function_result(p.oid)
    ) AS signature
FROM pg_catalog.pg_proc AS p
WHERE p.pronamespace = 'butler'::regnamespace
UNION ALL
SELECT
    CASE c.relkind WHEN 'v' THEN 'view' ELSE 'type' END,
    c.relname,
    jsonb_build_object('columns', (
        SELECT jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ))
FROM pg_catalog.pg_class AS c
WHERE
    c.relnamespace = 'butler'::regnamespace AND c.relkind IN ('v', 'c')
    AND coalesce(obj_description(c.oid, 'pg_class'), '') NOT LIKE 'Visits of camera %'
