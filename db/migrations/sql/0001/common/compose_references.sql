-- The base has the foreign keys as constraints; of those whose targets may lie in a layer under it, a layer's own table has
-- none. What is to be asked for each of them is worked out once, when the layer is made, and written as a function of its
-- own for each table: PL/pgSQL keeps the plans of what is written out, and none of what is composed at each call.
--
-- All rows of a statement are looked up at once. FOR KEY SHARE through a union view locks nothing: each layer's own table is
-- asked. Most keys are null in all rows of most statements, as a dataset of a sensor has no tract: of those nothing is asked.
-- A look-up stands in a subquery that locks, which isn't made a join, so that a plan that is kept reads a few rows by
-- index, also if it was made for many rows.
--
-- To find the best order of its own nine joins took PostgreSQL longer than to carry them out in the order written here.
CREATE OR REPLACE FUNCTION butler_common.compose_references(p_schema text)
RETURNS TABLE (checked name, look_ups text)
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
SET join_collapse_limit = 1
BEGIN ATOMIC
    WITH foreign_key AS (
        SELECT
            own.relname AS checked,
            c.conname,
            r.relname AS target,
            string_agg(format('t.%I = n.%I', f.attname, a.attname), ' AND ' ORDER BY k.place) AS same,
            string_agg(format('n.%I IS NOT NULL', a.attname), ' AND ' ORDER BY k.place) AS present,
            string_agg(format('%L, n.%I', a.attname, a.attname), ', ' ORDER BY k.place) AS shown,
            bool_and(a.attnotnull) AS always
        FROM pg_namespace AS s
        INNER JOIN pg_class AS own ON own.relnamespace = s.oid
        INNER JOIN pg_class AS b ON b.relname = own.relname AND b.relnamespace = to_regnamespace('butler_internal')
        INNER JOIN pg_constraint AS c ON c.conrelid = b.oid AND c.contype = 'f'
        INNER JOIN pg_class AS r ON r.oid = c.confrelid
        CROSS JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY AS k (own, foreign_column, place)
        INNER JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.own
        INNER JOIN pg_attribute AS f ON f.attrelid = c.confrelid AND f.attnum = k.foreign_column
        WHERE
            s.nspname = p_schema
            AND NOT EXISTS (
                SELECT FROM pg_constraint AS kept
                WHERE kept.conrelid = own.oid AND kept.contype = 'f' AND kept.conname = c.conname
            )
        GROUP BY own.relname, c.conname, r.relname
    ),
    asked AS (
        SELECT
            k.checked, k.conname, k.present, k.always,
            row_number() OVER (PARTITION BY k.checked, k.always ORDER BY k.conname) AS place,
            format(
                $q$
    v_bad := (
        SELECT jsonb_agg(bad.shown)
        FROM (
            SELECT jsonb_build_object(%s) AS shown
            FROM new_rows AS n
            WHERE
                %s%s
            LIMIT 10
        ) AS bad
    );
    IF v_bad IS NOT NULL THEN
        PERFORM butler_common.refuse_references(tg_table_schema, tg_table_name, %L, %L, v_bad);
    END IF;$q$,
                k.shown, k.present,
                (
                    SELECT string_agg(format(
                        E'\n                AND NOT EXISTS (SELECT FROM %I.%I AS t WHERE %s FOR KEY SHARE)',
                        l.layer, k.target, k.same
                    ), '')
                    FROM butler_common.layers_of(p_schema) AS l (layer)
                ),
                k.conname, k.target
            ) AS question
        FROM foreign_key AS k
    )
    SELECT k.checked, concat(
        $q$
    SELECT ARRAY[$q$ || string_agg(format(E'\n        bool_or(%s)', k.present), ',' ORDER BY k.place) FILTER (WHERE NOT k.always)
        || $q$
    ] INTO v_present
    FROM new_rows AS n;$q$,
        string_agg(
            CASE
                WHEN k.always THEN k.question
                ELSE format(E'\n    IF v_present[%s] THEN%s\n    END IF;', k.place, replace(k.question, E'\n', E'\n    '))
            END, '' ORDER BY k.conname
        )
    )
    FROM asked AS k
    GROUP BY k.checked;
END;

COMMENT ON FUNCTION butler_common.compose_references(text) IS
'For each table of a layer''s private schema whose rows may point below it, the statements of a trigger function that look
up what new rows point at, as the base''s foreign keys say, in all layers.';
