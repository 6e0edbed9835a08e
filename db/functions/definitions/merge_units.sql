-- Registering is idempotent: a row that is there and agrees counts as done. A value that was null is
-- filled in, one that is null now leaves what is there; two values that differ are a conflict, named
-- with their field, unless p_replace overwrites the one that is there.
CREATE OR REPLACE FUNCTION butler_internal.merge_units(
    p_table text,
    p_rows jsonb,
    p_replace boolean,
    OUT inserted bigint,
    OUT changed bigint,
    OUT changed_keys jsonb
)
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
    v_columns text[];
    v_key text[];
    v_given text[];
    v_unknown text;
    v_row record;
    v_rows jsonb := p_rows;
    v_same_key text;
    v_problems jsonb;
    v_column text;
    v_table text;
    v_places bigint[];
BEGIN
    inserted := 0;
    changed := 0;
    changed_keys := '[]';
    IF jsonb_typeof(p_rows) IS DISTINCT FROM 'array' OR jsonb_path_exists(p_rows, '$[*] ? (@.type() != "object")') THEN
        PERFORM butler_common.raise_error(
            'UB301', format('rows of %s are not given as a JSON array of objects', p_table),
            'Write [{"camera": "…", …}, …].'
        );
    END IF;
    IF jsonb_array_length(p_rows) = 0 THEN
        RETURN;
    END IF;
    SELECT array_agg(a.attname::text ORDER BY a.attnum) INTO v_columns
    FROM pg_attribute AS a
    WHERE
        a.attrelid = format('butler_internal.%I', p_table)::regclass
        AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
        AND a.attname NOT IN ('observed_sensor_id', 'patch_id', 'region_derived');
    SELECT array_agg(a.attname::text ORDER BY k.n) INTO v_key
    FROM pg_constraint AS c
    CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY AS k (attnum, n)
    INNER JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.attnum
    WHERE c.conrelid = format('butler_internal.%I', p_table)::regclass AND c.contype = 'p';
    SELECT array_agg(DISTINCT k) INTO v_given
    FROM jsonb_array_elements(p_rows) AS r CROSS JOIN LATERAL jsonb_object_keys(r) AS k;
    SELECT g INTO v_unknown FROM unnest(v_given) AS g WHERE g <> ALL (v_columns) ORDER BY g LIMIT 1;
    IF v_unknown IS NOT NULL THEN
        PERFORM butler_common.raise_error(
            'UB301', format('%s has no column %L', p_table, v_unknown),
            butler_common.did_you_mean(v_unknown, v_columns),
            jsonb_build_object('unit', p_table, 'column', v_unknown)
        );
    END IF;
    IF NOT v_key <@ coalesce(v_given, '{}') THEN
        PERFORM butler_common.raise_error(
            'UB301', format('rows of %s lack %s', p_table, array_to_string(ARRAY(
                SELECT unnest(v_key) EXCEPT SELECT unnest(v_given)
            ), ', ')),
            format('Each needs %s.', array_to_string(v_key, ', ')),
            jsonb_build_object('unit', p_table)
        );
    END IF;
    -- PostgreSQL would drop a zone in silence, and take "now".
    SELECT jsonb_agg(jsonb_build_object(
        'row', r.n, 'code', 'UB301',
        'message', format('%s = %s is not a time in TAI', e.key, left(e.value::text, 80)),
        'hint', 'Write 2026-03-01T12:34:56.789 in TAI, without a zone; utc_to_tai gives it from UTC.'
    ) ORDER BY r.n) INTO v_problems
    FROM jsonb_array_elements(p_rows) WITH ORDINALITY AS r (value, n)
    CROSS JOIN LATERAL jsonb_each(r.value) AS e
    WHERE
        e.key IN ('obs_begin_tai', 'obs_end_tai') AND jsonb_typeof(e.value) <> 'null'
        AND e.value #>> '{}' !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-5][0-9]([.][0-9]+)?)?)?$';
    PERFORM butler_common.raise_rows(v_problems);
    SELECT jsonb_agg(jsonb_build_object(
        'row', r.n, 'code', 'UB301', 'message', format('%s = %s is not a date', e.key, left(e.value::text, 80)),
        'hint', CASE e.key WHEN 'night' THEN 'Write 2026-03-01.' ELSE 'Write 2026-03-01T00:00:00Z.' END
    ) ORDER BY r.n) INTO v_problems
    FROM jsonb_array_elements(p_rows) WITH ORDINALITY AS r (value, n)
    CROSS JOIN LATERAL jsonb_each(r.value) AS e
    WHERE
        e.key IN ('night', 'public_after') AND jsonb_typeof(e.value) <> 'null'
        AND e.value #>> '{}' !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-5][0-9]([.][0-9]+)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?$';
    PERFORM butler_common.raise_rows(v_problems);
    IF 'region' = ANY (v_given) THEN
        BEGIN
            v_rows := butler_internal.read_regions(p_rows);
        EXCEPTION WHEN SQLSTATE 'UB304' THEN
            -- Row by row, to name all that are wrong.
            v_problems := '[]';
            FOR v_row IN SELECT r.* FROM jsonb_array_elements(p_rows) WITH ORDINALITY AS r (value, n) LOOP
                BEGIN
                    PERFORM butler_internal.read_regions(jsonb_build_array(v_row.value));
                EXCEPTION WHEN SQLSTATE 'UB304' THEN
                    v_problems := v_problems || jsonb_build_object(
                        'row', v_row.n, 'code', 'UB304',
                        'message', format('%s %s: %s', replace(p_table, '_', ' '), (
                            SELECT string_agg(v_row.value ->> k, ', ' ORDER BY n)
                            FROM unnest(v_key) WITH ORDINALITY AS key (k, n)
                        ), sqlerrm),
                        'hint', 'Give [[ra, dec], …]: three or more vertices in turn, ICRS degrees, within 35 degrees of their centre.'
                    );
                END;
            END LOOP;
            PERFORM butler_common.raise_rows(v_problems);
        END;
    END IF;
    IF p_table = 'visit_range' THEN
        SELECT jsonb_agg(jsonb_set(r.value, '{visit_range}', to_jsonb(regexp_replace(
            r.value ->> 'visit_range', '^([0-9]+)[.][.]([0-9]*)$', '[\1,\2)'
        ))) ORDER BY r.n) INTO v_rows
        FROM jsonb_array_elements(v_rows) WITH ORDINALITY AS r (value, n);
    END IF;
    SELECT string_agg(format('t.%1$I = n.%1$I', k), ' AND ') INTO v_same_key FROM unnest(v_key) AS k;
    BEGIN
        EXECUTE format(
            'INSERT INTO butler_internal.%1$I (%2$s) SELECT %3$s FROM jsonb_populate_recordset('
            'NULL::butler_internal.%1$I, $1) WITH ORDINALITY AS n '
            'WHERE NOT EXISTS (SELECT FROM butler_internal.%1$I AS t WHERE %4$s) '
            'ORDER BY %5$s, n.ordinality ON CONFLICT DO NOTHING',
            p_table,
            (SELECT string_agg(format('%I', g), ', ') FROM unnest(v_given) AS g),
            (SELECT string_agg(
                CASE WHEN g IN ('doc', 'extra', 'definition')
                    THEN format('coalesce(n.%I, %s)', g, CASE g WHEN 'doc' THEN '''''' ELSE '''{}''' END)
                    ELSE format('n.%I', g)
                END, ', ') FROM unnest(v_given) AS g),
            v_same_key,
            -- Two sessions that register the same rows meet them in the same order; of two rows of one key the
            -- first is registered, whatever the plan.
            (SELECT string_agg(format('n.%I', k), ', ') FROM unnest(v_key) AS k)
        ) USING v_rows;
    EXCEPTION WHEN not_null_violation THEN
        GET STACKED DIAGNOSTICS v_column = COLUMN_NAME, v_table = TABLE_NAME;
        IF v_table <> p_table THEN
            RAISE;
        END IF;
        EXECUTE format(
            'SELECT array_agg(r.place ORDER BY r.place) FROM jsonb_array_elements($1) WITH ORDINALITY AS r (value, place) '
            'CROSS JOIN LATERAL jsonb_populate_record(NULL::butler_internal.%1$I, r.value) AS n '
            'WHERE n.%2$I IS NULL AND NOT EXISTS (SELECT FROM butler_internal.%1$I AS t WHERE %3$s)',
            p_table, v_column, v_same_key
        ) INTO v_places USING v_rows;
        PERFORM butler_common.raise_rows((
            SELECT jsonb_agg(jsonb_build_object(
                'row', g.place, 'code', 'UB301', 'message', format('a row of %s has no %s', p_table, v_column),
                'hint', 'Give it a value.', 'unit', p_table, 'column', v_column
            ))
            FROM unnest(v_places) AS g (place)
        ));
    WHEN data_exception OR internal_error THEN
        PERFORM butler_common.raise_error(
            'UB301', format('a row of %s has a value of the wrong type: %s', p_table, sqlerrm),
            'See the view''s column comments for types and units.',
            jsonb_build_object('unit', p_table)
        );
    END;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    IF inserted = jsonb_array_length(p_rows) THEN
        RETURN;
    END IF;
    IF NOT v_given <@ v_key THEN
        EXECUTE format(
            'SELECT FROM butler_internal.%1$I AS t WHERE EXISTS (SELECT FROM jsonb_populate_recordset('
            'NULL::butler_internal.%1$I, $1) AS n WHERE %2$s) ORDER BY %3$s FOR NO KEY UPDATE OF t',
            p_table, v_same_key, (SELECT string_agg(format('t.%I', k), ', ') FROM unnest(v_key) AS k)
        ) USING v_rows;
        -- A region that the trigger derived gives way to one that the caller gives.
        IF p_table = 'visit' AND 'region' = ANY (v_given) THEN
            UPDATE butler_internal.visit AS t
            SET region = NULL, region_derived = false
            FROM jsonb_populate_recordset(NULL::butler_internal.visit, v_rows) AS n
            WHERE t.camera = n.camera AND t.visit = n.visit AND t.region_derived AND n.region IS NOT NULL;
        END IF;
        EXECUTE format(
            'WITH changed AS (UPDATE butler_internal.%1$I AS t SET %2$s FROM jsonb_populate_recordset('
            'NULL::butler_internal.%1$I, $1) AS n WHERE %3$s AND (%4$s) RETURNING jsonb_build_object(%5$s) AS key) '
            'SELECT count(*), coalesce((SELECT jsonb_agg(f.key) FROM (SELECT c.key FROM changed AS c LIMIT 10) AS f), ''[]'') '
            'FROM changed AS c',
            p_table,
            (SELECT string_agg(
                format(
                    CASE WHEN p_replace THEN '%1$I = coalesce(n.%1$I, t.%1$I)' ELSE '%1$I = coalesce(t.%1$I, n.%1$I)' END,
                    g
                ), ', ')
                FROM unnest(v_given) AS g WHERE g <> ALL (v_key)),
            v_same_key,
            (SELECT string_agg(
                format(
                    CASE
                        WHEN p_replace THEN 'to_jsonb(t.%1$I) <> to_jsonb(n.%1$I) OR t.%1$I IS NULL AND n.%1$I IS NOT NULL'
                        ELSE 't.%1$I IS NULL AND n.%1$I IS NOT NULL'
                    END, g
                ), ' OR ')
                FROM unnest(v_given) AS g WHERE g <> ALL (v_key)),
            (SELECT string_agg(format('%1$L, t.%1$I', k), ', ') FROM unnest(v_key) AS k)
        ) INTO changed, changed_keys USING v_rows;
    END IF;
    EXECUTE format(
        'SELECT jsonb_agg(jsonb_build_object(''row'', bad.place, ''code'', ''UB202'', ''message'', bad.message, '
        '''hint'', ''Leave it as it is, or register it with replace.'') ORDER BY bad.place) FROM ('
        'SELECT g.place, CASE WHEN t.ctid IS NULL THEN format(''%1$s %%s has a name that another has'', g.value) '
        'ELSE format(''%1$s %%s is registered with %%s = %%s, not %%s'', '
        '%2$s, d.key, coalesce(left((to_jsonb(t) -> d.key)::text, 200), ''null''), '
        'left(coalesce((to_jsonb(n) -> d.key)::text, ''null''), 200)) END AS message '
        'FROM jsonb_array_elements($1) WITH ORDINALITY AS g (value, place) '
        'CROSS JOIN LATERAL jsonb_populate_record(NULL::butler_internal.%3$I, g.value) AS n '
        'LEFT JOIN butler_internal.%3$I AS t ON %4$s '
        'LEFT JOIN LATERAL (SELECT k AS key FROM jsonb_object_keys(g.value) AS k '
        'WHERE jsonb_typeof(g.value -> k) <> ''null'' '
        'AND to_jsonb(t) -> k IS DISTINCT FROM to_jsonb(n) -> k LIMIT 1) AS d ON true '
        'WHERE t.ctid IS NULL OR d.key IS NOT NULL) AS bad',
        replace(p_table, '_', ' '),
        'concat_ws('', '', ' || (SELECT string_agg(format('t.%I', k), ', ') FROM unnest(v_key) AS k) || ')',
        p_table,
        v_same_key
    ) INTO v_problems USING v_rows;
    PERFORM butler_common.raise_rows(v_problems);
END;
$$;

COMMENT ON FUNCTION butler_internal.merge_units(text, jsonb, boolean) IS
'Add rows to a unit''s table; returns how many were new, how many that were there are others now, and the keys of ten of
these. Raises UB202 for one that differs.';
