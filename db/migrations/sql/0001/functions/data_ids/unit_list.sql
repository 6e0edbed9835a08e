CREATE OR REPLACE FUNCTION butler_internal.unit_list(p_unit_mask integer)
RETURNS text
LANGUAGE sql
STABLE
BEGIN ATOMIC
    SELECT string_agg(u.unit, ', ' ORDER BY u.position)
    FROM butler_common.unit AS u
    WHERE (p_unit_mask >> u.position) & 1 = 1;
END;

COMMENT ON FUNCTION butler_internal.unit_list(integer) IS 'Names of the units in a mask, in their order.';
