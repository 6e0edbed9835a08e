-- A hold ends by itself, so that nobody's death keeps a run open for ever. A reaper at work may have looked for holds already: it
-- is waited for.
CREATE OR REPLACE FUNCTION butler.hold_run(p_run text, p_until timestamptz, p_reason text DEFAULT '')
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_collection bigint;
    v_now timestamptz;
BEGIN
    PERFORM butler_common.require_read_committed('runs can be held');
    PERFORM butler_common.refuse_in_put('a run can''t be held');
    IF butler_common.breaks_rule('butler_internal.run_hold'::regclass, 'reason', coalesce(p_reason, '')) THEN
        PERFORM butler_common.raise_error(
            'UB305', format('%s is not a reason', left(to_jsonb(p_reason)::text, 200)),
            'Write a line of at most 1000 characters.', jsonb_build_object('run', p_run)
        );
    END IF;
    v_collection := butler_internal.own_collection(p_run, 'run');
    PERFORM set_config('synchronous_commit', 'on', true);
    PERFORM pg_advisory_xact_lock(butler_common.lock_class('loose files'), 0);
    PERFORM pg_advisory_xact_lock_shared(butler_common.lock_class('collection'), v_collection::integer);
    PERFORM butler_internal.own_collection(p_run, 'run');
    v_now := clock_timestamp();
    IF p_until > v_now AND p_until <= v_now + interval '1 year' THEN
        INSERT INTO butler_internal.run_hold AS h (run_id, held_by, since, until, reason)
        SELECT r.run_id, butler_common.actor(), v_now, p_until, coalesce(p_reason, '')
        FROM butler_internal.run AS r WHERE r.collection_id = v_collection
        ON CONFLICT (run_id, held_by) DO UPDATE SET
            -- A hold that has ended is a new one; one that hasn't is renewed.
            since = CASE WHEN h.until > v_now THEN h.since ELSE v_now END,
            until = greatest(h.until, excluded.until),
            reason = CASE WHEN h.until > excluded.until THEN h.reason ELSE excluded.reason END;
        PERFORM butler_internal.record('hold_run', 1, ARRAY[p_run], jsonb_build_object('until', p_until), p_reason);
    ELSE
        PERFORM butler_common.raise_error(
            'UB301', format('a run can''t be held until %s', coalesce(to_jsonb(p_until) #>> '{}', 'null')),
            'Give a time that is to come, at most a year from now; renew the hold before it ends.',
            jsonb_build_object('run', p_run, 'until', p_until)
        );
    END IF;
END;
$$;

COMMENT ON FUNCTION butler.hold_run(text, timestamptz, text) IS
'Hold a run until this time, before files are written for datasets whose ids are older than the grace period, or not
of version 7: an import, an adoption, work done offline. Until then the run takes them, and their files are nobody''s
leftovers. Called again, it makes the hold longer; release_run ends it. The view run_hold lists who holds what. Raises UB103, UB202, UB301, UB305 or UB401.';
