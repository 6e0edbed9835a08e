-- In PL/pgSQL, which keeps its plan: PostgreSQL plans an SQL function with an aggregate at every call.
CREATE OR REPLACE FUNCTION butler_internal.unit_array(p_unit_mask integer)
RETURNS text[]
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN ARRAY(
        SELECT u.unit FROM butler_common.unit AS u
        WHERE (p_unit_mask >> u.position) & 1 = 1
        ORDER BY u.position
    );
END;
$$;

COMMENT ON FUNCTION butler_internal.unit_array(integer) IS 'The units in a mask, in their order.';
