-- object: function butler_internal.fill_template(text, jsonb)
-- requires: shared/raise_error.sql
--
-- File names must be safe on every file system and in every URL, so what isn't a letter, a digit or
-- one of ._+,=@- becomes a hyphen. They need not tell two datasets apart: the datastore adds the id.
CREATE OR REPLACE FUNCTION butler_internal.fill_template(p_template text, p_fields jsonb)
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_filled text := p_template;
    v_field text;
    v_value text;
BEGIN
    FOR v_field IN SELECT DISTINCT m[1] FROM regexp_matches(p_template, '\{([^{}]*)\}', 'g') AS m LOOP
        IF NOT p_fields ? v_field THEN
            PERFORM butler_shared.raise_error(
                'UB305',
                format('file-name template %L has a field %L that this dataset has not', p_template, v_field),
                'It has ' || (
                    SELECT string_agg(k, ', ' ORDER BY k) FROM jsonb_object_keys(p_fields) AS k
                ) || '.',
                jsonb_build_object('template', p_template, 'field', v_field)
            );
        END IF;
        v_value := coalesce(p_fields ->> v_field, 'none');
        IF v_field NOT IN ('run') THEN
            v_value := replace(v_value, '/', '-');
        END IF;
        v_filled := replace(v_filled, '{' || v_field || '}', left(v_value, 100));
    END LOOP;
    v_filled := regexp_replace(v_filled, '[^A-Za-z0-9._+,=@/-]+', '-', 'g');
    -- No segment may begin with a dot or a hyphen: neither "..", nor hidden files, nor options.
    v_filled := regexp_replace(v_filled, '(^|/)[.-]+', '\1', 'g');
    v_filled := trim(BOTH '/' FROM regexp_replace(v_filled, '/+', '/', 'g'));
    IF v_filled = '' OR v_filled ~ '[^/]{201}' THEN
        PERFORM butler_shared.raise_error(
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
