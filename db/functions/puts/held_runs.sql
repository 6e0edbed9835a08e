-- What keeps a reaper from all files is in the way of everybody, also where it is in a layer that the caller can't see. What
-- for is told to those who can.
CREATE OR REPLACE FUNCTION butler.held_runs()
RETURNS TABLE (registry text, run text, held_by text, until timestamptz)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT h.registry, h.run, h.held_by, h.until
    FROM butler_common.held_runs(clock_timestamp() - interval '1 hour') AS h;
END;

COMMENT ON FUNCTION butler.held_runs() IS
'The runs for which claim_loose_files gives no file: held in any registry of the database, or until less than an hour ago; by
whom, and until when (UTC). What for, the view run_hold of that registry says.';
