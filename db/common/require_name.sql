-- The rule of the tables' constraints, said in words.
CREATE OR REPLACE FUNCTION butler_common.require_name(p_what text, p_name text)
RETURNS void
LANGUAGE plpgsql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF
        p_name IS NULL OR p_name = '' OR octet_length(p_name) > 255
        OR p_name ~ '[[:cntrl:]]' OR p_name ~ '^[[:space:]]' OR p_name ~ '[[:space:]]$'
    THEN
        PERFORM butler_common.raise_error(
            'UB305', format('%L is not a name for a %s', left(p_name, 100), p_what),
            'Use at most 255 bytes without control characters, with no blank at either end.',
            jsonb_build_object('name', left(p_name, 100))
        );
    END IF;
END;
$$;

COMMENT ON FUNCTION butler_common.require_name(text, text) IS
'Refuse a name that is missing, empty, too long, has blanks at its ends or a control character. Raises UB305.';
