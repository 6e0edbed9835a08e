-- The caller deletes the files in the transaction that claims them. Until it ends, nobody begins or ends a hold, and
-- without a hold no put of so old an id comes in: what was loose stays so. While any run is held, each of them may be on its
-- way into it, whatever the file says: that tells where it comes from, not where it is going. Holds are judged at the time before the wait:
-- a put that a hold let in, which has ended since, has been waited for, and its dataset is seen. An hour is left between what
-- a put takes and what may go, as the server's clock may step back.
CREATE OR REPLACE FUNCTION butler.claim_loose_files(
    p_datastore text, p_paths text[], p_modified timestamptz[]
)
RETURNS TABLE (path text)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_datastore record;
    v_now timestamptz;
    v_claimed text[];
    v_count bigint;
BEGIN
    PERFORM butler_common.require_read_committed('files can be claimed');
    PERFORM set_config('synchronous_commit', 'on', true);
    PERFORM butler_internal.find_datastore(p_datastore);
    PERFORM pg_advisory_xact_lock_shared(butler_common.lock_class('loose files'), 0);
    v_now := butler_common.wait_for_puts();
    -- Whoever sets the mark anew waits for the files to be deleted, and whoever has set it is seen.
    PERFORM FROM butler_internal.datastore AS s WHERE s.datastore = p_datastore FOR SHARE;
    SELECT s.root, s.marked INTO v_datastore FROM butler_internal.all_datastore AS s WHERE s.datastore = p_datastore;
    v_claimed := ARRAY(
        SELECT u.claimed
        FROM butler.claims_of_files(p_datastore, p_paths, ARRAY(SELECT v_datastore.root || p FROM unnest(p_paths) AS p)) AS c
        CROSS JOIN LATERAL (VALUES (c.path), (c.uri)) AS u (claimed)
    );
    RETURN QUERY
    WITH given AS (
        SELECT g.path, g.modified, butler_common.id_in_path(g.path) AS dataset_id
        FROM unnest(p_paths, p_modified) AS g (path, modified)
    ),
    claims AS (
        SELECT r AS dataset_id
        FROM butler_common.registered_datasets(ARRAY(SELECT g.dataset_id FROM given AS g)) AS r
        UNION
        SELECT c.dataset_id FROM butler.claims_of_datasets(ARRAY(SELECT g.dataset_id FROM given AS g)) AS c
    )
    SELECT g.path
    FROM given AS g
    WHERE
        g.dataset_id IS NOT NULL
        AND coalesce(butler_common.uuid7_time(g.dataset_id), g.modified) < v_now - butler.grace_period() - interval '1 hour'
        AND coalesce(butler_common.uuid7_time(g.dataset_id), g.modified) >= v_datastore.marked
        AND g.dataset_id NOT IN (SELECT c.dataset_id FROM claims AS c)
        AND g.path <> ALL (v_claimed) AND v_datastore.root || g.path <> ALL (v_claimed)
        AND NOT EXISTS (SELECT FROM butler_common.held_runs(v_now - interval '1 hour'));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    PERFORM butler_internal.record('claim_loose_files', v_count, p_subject => jsonb_build_object('datastore', p_datastore));
END;
$$;

COMMENT ON FUNCTION butler.claim_loose_files(text, text[], timestamptz[]) IS
'Those of these files of a datastore that may be deleted before this transaction ends: named by the id of a dataset that no
registry of the database has, and older than the grace period by that id, or else by when they were modified, but not
than the root''s mark: what was there before, the registry may have forgotten in a restore. None while any run is held, in
any registry: it may be meant for that; held_runs names it. Waits for the puts in flight. Raises UB301 or UB601.';
