-- A file's name is safe on every file system and in every URL, so each character that isn't a letter, a digit
-- or one of ._+,=@- becomes a hyphen. The name need not tell two datasets apart: the datastore adds the id.
-- The template is cut at its braces, as a search by regular expression takes as long as all the rest.
CREATE OR REPLACE FUNCTION butler_internal.fill_template(p_template text, p_fields jsonb)
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_parts constant text[] := string_to_array(p_template, '{');
    v_filled text := v_parts[1];
    v_part text;
    v_field text;
    v_value text;
BEGIN
    FOREACH v_part IN ARRAY v_parts[2:] LOOP
        IF strpos(v_part, '}') = 0 THEN
            v_filled := v_filled || '{' || v_part;
            CONTINUE;
        END IF;
        v_field := split_part(v_part, '}', 1);
        IF NOT p_fields ? v_field THEN
            PERFORM butler_common.raise_error(
                'UB305',
                format('file-name template %L has a field %L that this dataset has not', p_template, v_field),
                'It has ' || (
                    SELECT string_agg(k, ', ' ORDER BY k) FROM jsonb_object_keys(p_fields) AS k
                ) || '.',
                jsonb_build_object('template', p_template, 'field', v_field)
            );
        END IF;
        v_value := coalesce(p_fields ->> v_field, 'none');
        IF v_field <> 'run' THEN
            v_value := replace(v_value, '/', '-');
        END IF;
        v_filled := v_filled || left(v_value, 100) || substr(v_part, length(v_field) + 2);
    END LOOP;
    IF v_filled ~ '[^A-Za-z0-9._+,=@/-]|(^|/)[./-]|/$' THEN
        v_filled := regexp_replace(v_filled, '[^A-Za-z0-9._+,=@/-]+', '-', 'g');
        -- No segment may begin with a dot or a hyphen: neither "..", nor hidden files, nor options.
        v_filled := regexp_replace(v_filled, '(^|/)[.-]+', '\1', 'g');
        v_filled := trim(BOTH '/' FROM regexp_replace(v_filled, '/+', '/', 'g'));
    END IF;
    IF v_filled = '' OR v_filled ~ '[^/]{201}' THEN
        PERFORM butler_common.raise_error(
            'UB305',
            format('file-name template %L gives %L, which is no file name', p_template, left(v_filled, 100)),
            'Shorten it, or choose other fields.',
            jsonb_build_object('template', p_template)
        );
    END IF;
    RETURN v_filled;
END;
$$;

COMMENT ON FUNCTION butler_internal.fill_template(text, jsonb) IS
'A file-name template with its fields filled: a relative path of safe characters.';
