-- object: function butler_internal.unit_array(integer)
CREATE OR REPLACE FUNCTION butler_internal.unit_array(p_unit_mask integer)
RETURNS text[]
LANGUAGE sql
STABLE
BEGIN ATOMIC
    SELECT coalesce(array_agg(u.unit ORDER BY u.position), '{}')
    FROM butler_shared.unit AS u
    WHERE (p_unit_mask >> u.position) & 1 = 1;
END;

COMMENT ON FUNCTION butler_internal.unit_array(integer) IS 'The units in a mask, in their order.';
