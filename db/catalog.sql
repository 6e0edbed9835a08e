-- The catalogue of a registry as text: one row for each thing that can drift. Parameters: the
-- schemas. Two databases with the same rows have the same schema, rules, grants and comments. What
-- follows a line AS or BEGIN ATOMIC is written by each version of PostgreSQL in its own way.
WITH wanted AS (
    SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace AS n WHERE n.nspname = ANY (%(schemas)s)
),
relation AS (
    SELECT c.*, w.nspname || '.' || c.relname AS full_name
    FROM pg_catalog.pg_class AS c
    INNER JOIN wanted AS w ON w.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v', 'c', 'S')
)
SELECT 'server' AS object_type, 'version' AS name, (current_setting('server_version_num')::integer / 10000)::text AS definition
UNION ALL
SELECT 'schema', w.nspname::text, 'owner ' || pg_get_userbyid(n.nspowner)
FROM wanted AS w
INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = w.oid
UNION ALL
SELECT
    CASE r.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'c' THEN 'type' ELSE 'sequence' END,
    r.full_name,
    concat_ws(
        E'\n', 'owner ' || pg_get_userbyid(r.relowner), 'comment ' || coalesce(obj_description(r.oid, 'pg_class'), obj_description(r.reltype, 'pg_type')),
        CASE WHEN r.relkind = 'r' THEN 'with ' || array_to_string(r.reloptions, ', ') END,
        CASE WHEN r.relkind = 'v' THEN E'AS\n' || pg_get_viewdef(r.oid) END
    )
FROM relation AS r
UNION ALL
SELECT
    'column', r.full_name || '.' || a.attname,
    concat_ws(
        E'\n', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' END,
        CASE a.attgenerated WHEN 's' THEN 'generated ' ELSE 'default ' END || pg_get_expr(d.adbin, d.adrelid),
        'comment ' || col_description(r.oid, a.attnum)
    )
FROM relation AS r
INNER JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = r.oid AND d.adnum = a.attnum
WHERE r.relkind <> 'S'
UNION ALL
SELECT 'constraint', r.full_name || '.' || k.conname, pg_get_constraintdef(k.oid)
FROM relation AS r
INNER JOIN pg_catalog.pg_constraint AS k ON k.conrelid = r.oid AND k.contype NOT IN ('t', 'n')
UNION ALL
SELECT 'index', r.full_name || '.' || i.relname, pg_get_indexdef(i.oid)
FROM relation AS r
INNER JOIN pg_catalog.pg_index AS x ON x.indrelid = r.oid
INNER JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
UNION ALL
SELECT 'trigger', r.full_name || '.' || t.tgname, pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
FROM relation AS r
INNER JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = r.oid AND NOT t.tgisinternal
UNION ALL
SELECT
    'function', w.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
    concat_ws(
        E'\n', 'owner ' || pg_get_userbyid(p.proowner), 'comment ' || obj_description(p.oid, 'pg_proc'),
        pg_get_functiondef(p.oid)
    )
FROM pg_catalog.pg_proc AS p
INNER JOIN wanted AS w ON w.oid = p.pronamespace
UNION ALL
SELECT 'grant', granted.name, string_agg(
    granted.grantee || ' ' || granted.privilege_type, ', ' ORDER BY granted.grantee, granted.privilege_type
)
FROM (
    SELECT r.full_name AS name, coalesce(nullif(a.grantee::regrole::text, '-'), 'PUBLIC') AS grantee, a.privilege_type
    FROM relation AS r
    CROSS JOIN LATERAL aclexplode(r.relacl) AS a
    WHERE a.grantee <> r.relowner
    UNION ALL
    SELECT
        w.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
        coalesce(nullif(a.grantee::regrole::text, '-'), 'PUBLIC'), a.privilege_type
    FROM pg_catalog.pg_proc AS p
    INNER JOIN wanted AS w ON w.oid = p.pronamespace
    CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
    WHERE a.grantee <> p.proowner
    UNION ALL
    SELECT w.nspname, coalesce(nullif(a.grantee::regrole::text, '-'), 'PUBLIC'), a.privilege_type
    FROM pg_catalog.pg_namespace AS n
    INNER JOIN wanted AS w ON w.oid = n.oid
    CROSS JOIN LATERAL aclexplode(n.nspacl) AS a
    WHERE a.grantee <> n.nspowner
) AS granted
GROUP BY granted.name
ORDER BY 1, 2;
