-- For the owner alone, as it is no part of the contract. Whoever prunes is on record as having done so.
CREATE OR REPLACE FUNCTION butler_internal.prune_activity(p_older_than interval, p_dry_run boolean DEFAULT false)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_before constant timestamptz := butler_common.time_ago(p_older_than);
    v_count bigint;
BEGIN
    PERFORM butler_common.require_read_committed('what was done can be forgotten');
    IF (v_before <= clock_timestamp()) IS NOT TRUE THEN
        PERFORM butler_common.raise_error(
            'UB301', format('rows can''t be older than %s', coalesce(p_older_than::text, 'null')), 'Give a time such as ''365 days''.'
        );
    END IF;
    IF p_dry_run THEN
        SELECT count(*) INTO v_count FROM butler_internal.activity AS a WHERE a.at < v_before;
    ELSE
        PERFORM set_config('synchronous_commit', 'on', true);
        DELETE FROM butler_internal.activity AS a WHERE a.at < v_before;
        GET DIAGNOSTICS v_count = ROW_COUNT;
        PERFORM butler_internal.record('prune_activity', v_count, p_subject => jsonb_build_object('before', v_before));
    END IF;
    RETURN v_count;
END;
$$;

COMMENT ON FUNCTION butler_internal.prune_activity(interval, boolean) IS
'Forget what was done longer ago than this, by the server''s clock; returns how many rows. A dry run only
counts them. Raises UB301 or UB601.';
