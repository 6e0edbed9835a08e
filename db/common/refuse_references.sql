CREATE OR REPLACE FUNCTION butler_common.refuse_references(
    p_schema text, p_table text, p_constraint text, p_target text, p_rows jsonb
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'foreign_key_violation',
        MESSAGE = format('no %s with %s in this registry or the layers under it', p_target, p_rows -> 0),
        DETAIL = jsonb_build_object('rows', p_rows)::text,
        CONSTRAINT = p_constraint,
        TABLE = p_table,
        SCHEMA = p_schema;
END;
$$;

COMMENT ON FUNCTION butler_common.refuse_references(text, text, text, text, jsonb) IS
'Refuse rows of a layer''s table whose targets are in no layer, as the base''s foreign key would.';
