-- A bulk call names all bad rows at once. Each problem is {"row", "code", "message", "hint", …}.
CREATE OR REPLACE FUNCTION butler_common.raise_rows(p_problems jsonb)
RETURNS void
LANGUAGE plpgsql
IMMUTABLE
AS $$
DECLARE
    v_count integer := coalesce(jsonb_array_length(p_problems), 0);
    v_first jsonb := p_problems -> 0;
BEGIN
    IF v_count = 1 THEN
        PERFORM butler_common.raise_error(
            v_first ->> 'code', v_first ->> 'message', v_first ->> 'hint', v_first - ARRAY['code', 'message', 'hint']
        );
    ELSIF v_count > 1 THEN
        PERFORM butler_common.raise_error(
            v_first ->> 'code',
            v_count || ' rows are wrong: ' || (
                SELECT string_agg('row ' || (p ->> 'row') || ': ' || (p ->> 'message'), '; ' ORDER BY n)
                FROM jsonb_array_elements(p_problems) WITH ORDINALITY AS problem (p, n)
                WHERE n <= 5
            ) || CASE WHEN v_count > 5 THEN '; …' ELSE '' END,
            v_first ->> 'hint',
            jsonb_build_object('rows', jsonb_path_query_array(p_problems, '$[0 to 999]'), 'count', v_count)
        );
    END IF;
END;
$$;

COMMENT ON FUNCTION butler_common.raise_rows(jsonb) IS
'Raise one error for all bad rows of a bulk call, if there are any.';
