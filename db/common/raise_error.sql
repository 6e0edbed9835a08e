-- The one way in which stored logic says no: SQLSTATE class UB, the facts as JSON in DETAIL, the
-- remedy in HINT. The registry maps each code to a Python exception.
CREATE OR REPLACE FUNCTION butler_common.raise_error(
    p_code text,
    p_message text,
    p_hint text,
    p_detail jsonb DEFAULT '{}'
)
RETURNS void
LANGUAGE plpgsql
IMMUTABLE
AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = p_code, MESSAGE = p_message, DETAIL = p_detail::text, HINT = coalesce(p_hint, '');
END;
$$;

COMMENT ON FUNCTION butler_common.raise_error(text, text, text, jsonb) IS
'Raise an error of Butler''s own.';
