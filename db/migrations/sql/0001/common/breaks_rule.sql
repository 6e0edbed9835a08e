CREATE OR REPLACE FUNCTION butler_common.breaks_rule(p_table regclass, p_column text, p_value text)
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_breaks boolean;
BEGIN
    EXECUTE format(
        'SELECT (%s) IS FALSE FROM (SELECT $1 AS %I) AS given', butler_common.rules_of(p_table, p_column), p_column
    ) INTO v_breaks USING p_value;
    RETURN v_breaks;
END;
$$;

COMMENT ON FUNCTION butler_common.breaks_rule(regclass, text, text) IS
'Whether a constraint of a table would refuse this value of a column of type text.';
