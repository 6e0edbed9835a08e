-- In a layer a row may point at a row of a lower layer, which no constraint can check. The base's
-- foreign keys say what must hold; this trigger looks the new rows up in the union of the layers, all
-- rows of a statement at once. It first locks what it finds in each layer's own table: FOR KEY SHARE
-- through a union view locks nothing. Its arguments are what compose_references gives for its table.
CREATE OR REPLACE FUNCTION butler_common.check_references()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_present text[];
    v_key record;
    v_layer text;
    v_layers constant text[] := ARRAY(SELECT l.layer FROM butler_common.layers_of(tg_table_schema) AS l (layer));
    v_bad jsonb;
BEGIN
    PERFORM butler_common.require_read_committed('rows of a layer can be registered');
    -- Most keys are null in all rows of most statements: a dataset of a sensor has no tract.
    EXECUTE tg_argv[0] INTO v_present;
    FOR v_key IN
        SELECT k.* FROM jsonb_to_recordset(tg_argv[1]::jsonb) AS k (conname text, target text, same text, bad text)
        WHERE k.conname = ANY (v_present)
    LOOP
        FOREACH v_layer IN ARRAY v_layers LOOP
            EXECUTE format(
                'SELECT FROM %I.%I AS t WHERE EXISTS (SELECT FROM new_rows AS n WHERE %s) FOR KEY SHARE OF t',
                v_layer, v_key.target, v_key.same
            );
        END LOOP;
        EXECUTE v_key.bad INTO v_bad;
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
