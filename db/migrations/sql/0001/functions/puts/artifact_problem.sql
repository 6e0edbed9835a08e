CREATE OR REPLACE FUNCTION butler_internal.artifact_problem(p_artifact jsonb)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_code text := 'UB301';
    v_message text;
    v_hint text := 'Give datastore, component, path, formatter, size in bytes, and sha256 as 64 hexadecimal digits.';
    v_lacking text;
BEGIN
    IF jsonb_typeof(p_artifact) <> 'object' THEN
        v_message := format('an artifact is not an object but %s', left(p_artifact::text, 80));
    ELSE
        SELECT string_agg(k, ', ') INTO v_lacking
        FROM unnest('{datastore,path,formatter,size,sha256}'::text[]) AS k
        WHERE p_artifact ->> k IS NULL;
        IF v_lacking IS NOT NULL THEN
            v_message := format('an artifact lacks %s', v_lacking);
        ELSIF NOT EXISTS (
            SELECT FROM butler_internal.all_datastore AS s WHERE s.datastore = p_artifact ->> 'datastore'
        ) THEN
            v_message := format('no datastore %L', p_artifact ->> 'datastore');
            v_hint := 'Register it by the command datastore add, or by register_datastore.';
        ELSIF EXISTS (
            SELECT FROM butler_internal.all_datastore AS s
            WHERE s.datastore = p_artifact ->> 'datastore' AND s.root <> p_artifact ->> 'root'
        ) THEN
            v_message := format(
                'an artifact was written under %s, where datastore %L isn''t any more', p_artifact ->> 'root', p_artifact ->> 'datastore'
            );
            v_hint := 'Open the repository anew, and put it again.';
        ELSIF p_artifact ->> 'size' !~ '^[0-9]{1,18}$' THEN
            v_message := format('size = %s is no number of bytes', left(p_artifact ->> 'size', 80));
        ELSIF p_artifact ->> 'sha256' !~* '^[0-9a-f]{64}$' THEN
            v_message := format('sha256 = %L is no SHA-256', left(p_artifact ->> 'sha256', 80));
        ELSIF butler_common.breaks_rule('butler_internal.artifact'::regclass, 'path', p_artifact ->> 'path') THEN
            v_code := 'UB305';
            v_message := format('%L is no path of an artifact', left(p_artifact ->> 'path', 1000));
            v_hint := 'Give one relative to the root, or a whole URI, of at most 4096 bytes; percent-encoded, without . or .. between slashes; after a #'
            ' the part of the file, of at most 255 bytes.';
        ELSIF butler_common.breaks_rule('butler_internal.artifact'::regclass, 'component', coalesce(p_artifact ->> 'component', '')) THEN
            v_code := 'UB305';
            v_message := format('%L is no name of a component', left(p_artifact ->> 'component', 1000));
            v_hint := 'Use at most 255 bytes without control characters; leave it out for the whole.';
        ELSIF butler_common.breaks_rule('butler_internal.artifact'::regclass, 'formatter', p_artifact ->> 'formatter') THEN
            v_code := 'UB305';
            v_message := format('%L is no name of a formatter', left(p_artifact ->> 'formatter', 100));
            v_hint := 'Use 1 to 255 bytes without control characters.';
        END IF;
    END IF;
    RETURN CASE WHEN v_message IS NOT NULL THEN jsonb_build_object('code', v_code, 'message', v_message, 'hint', v_hint) END;
END;
$$;

COMMENT ON FUNCTION butler_internal.artifact_problem(jsonb) IS
'What is wrong with an artifact as put takes it; null if nothing is.';
