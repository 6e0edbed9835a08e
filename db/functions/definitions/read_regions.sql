CREATE OR REPLACE FUNCTION butler_internal.read_regions(p_rows jsonb)
RETURNS jsonb
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_rows jsonb;
BEGIN
    IF EXISTS (
        SELECT FROM jsonb_array_elements(p_rows) AS r (value)
        -- CASE, as the operands of AND may be evaluated in any order: a path fails on what isn't there.
        WHERE CASE jsonb_typeof(r.value -> 'region')
            WHEN 'array' THEN
                jsonb_path_exists(r.value, 'lax $.region[*][*] ? (@.type() != "number")')
                OR jsonb_path_exists(r.value, 'strict $.region[*] ? (@.type() == "array" && @.size() != 2)')
            WHEN 'null' THEN false
            ELSE r.value -> 'region' IS NOT NULL
        END
    ) THEN
        PERFORM butler_common.raise_error('UB304', 'the region is not a list of vertices', NULL);
    END IF;
    SELECT jsonb_agg(
        CASE
            WHEN jsonb_typeof(r.value -> 'region') = 'array' THEN jsonb_set(
                r.value, '{region}', to_jsonb(butler.sky_polygon(ARRAY(
                    SELECT v::text::double precision FROM jsonb_path_query(r.value, '$.region[*][*]') AS v
                ))::text)
            )
            ELSE r.value
        END
        ORDER BY r.n
    ) INTO v_rows
    FROM jsonb_array_elements(p_rows) WITH ORDINALITY AS r (value, n);
    RETURN v_rows;
END;
$$;

COMMENT ON FUNCTION butler_internal.read_regions(jsonb) IS
'Rows of a unit with their lists of vertices turned into regions. Raises UB304.';
