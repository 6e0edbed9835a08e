CREATE OR REPLACE FUNCTION butler.trash_delay()
RETURNS interval
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT i.trash_delay FROM butler_common.installation AS i;
END;

COMMENT ON FUNCTION butler.trash_delay() IS
'For how long a dataset that was unstored or removed can be restored, before emptying the trash deletes its files.';
