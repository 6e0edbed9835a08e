CREATE OR REPLACE FUNCTION butler.grace_period()
RETURNS interval
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT i.grace_period FROM butler_common.installation AS i;
END;

COMMENT ON FUNCTION butler.grace_period() IS
'For how long after a dataset''s id was made it can be put, and its files belong to a put in flight: older ones that no
dataset has may be deleted, unless their run is held.';
