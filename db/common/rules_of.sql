CREATE OR REPLACE FUNCTION butler_common.rules_of(p_table regclass, p_column text)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(string_agg(pg_get_expr(c.conbin, c.conrelid), ' AND ' ORDER BY c.conname), 'true')
    FROM pg_attribute AS a
    INNER JOIN pg_constraint AS c ON c.conrelid = a.attrelid AND c.contype = 'c' AND c.conkey = ARRAY[a.attnum]
    WHERE a.attrelid = p_table AND a.attname = p_column;
END;

COMMENT ON FUNCTION butler_common.rules_of(regclass, text) IS
'The condition that constraints of a table set for a column, as far as it concerns no other column: for the words of a
refusal, while the rule itself is written once.';
