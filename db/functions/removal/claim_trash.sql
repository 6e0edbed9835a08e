-- The mirror of a put: it records durably which bytes are about to be deleted, before the first is. It
-- returns again what a process claimed that has died since, but not what a process is deleting now. Only the
-- owner may claim sooner than after the trash's delay.
CREATE OR REPLACE FUNCTION butler.claim_trash(
    p_datastore text,
    p_older_than interval DEFAULT NULL,
    p_limit integer DEFAULT 1000,
    p_except uuid[] DEFAULT '{}'
)
RETURNS TABLE (
    dataset_id uuid,
    component text,
    path text,
    formatter text,
    size bigint,
    sha256 bytea,
    delete_bytes boolean
)
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_datastore integer;
    v_now constant timestamptz := clock_timestamp();
    v_delay constant interval := butler.trash_delay();
    v_cutoff constant timestamptz := butler_common.time_ago(coalesce(p_older_than, v_delay), v_now);
    v_shared text[];
    v_unnamed uuid[];
    v_claimed uuid[];
    v_due uuid[];
BEGIN
    PERFORM butler_common.require_read_committed('the trash can be emptied');
    PERFORM set_config('synchronous_commit', 'on', true);
    v_datastore := butler_internal.find_datastore(p_datastore);
    IF p_limit < 0 THEN
        PERFORM butler_common.raise_error(
            'UB301', format('%s datasets can''t be claimed', p_limit), 'Give how many at most; null for all.'
        );
    END IF;
    -- The moments are compared, as intervals of months and days can't be.
    IF
        v_cutoff > v_now - v_delay AND NOT pg_has_role(butler_common.actor(), current_user, 'MEMBER')
        AND NOT EXISTS (
            SELECT FROM butler_common.registry AS r
            WHERE r.registry = 'butler'::regnamespace::text AND r.owner = butler_common.actor()
        )
    THEN
        PERFORM butler_common.raise_error(
            'UB401', format('what is in the trash can be restored for %s; only the owner may delete it sooner', v_delay),
            'Wait, or ask the owner of the repository.'
        );
    END IF;
    -- A writer that registers a file which several datasets may share takes this lock shared.
    PERFORM pg_advisory_xact_lock(butler_common.lock_class('files'), v_datastore::integer);
    WITH claimed_before AS (
        SELECT d.dataset_id
        FROM butler_internal.dataset AS d
        WHERE d.dataset_id IN (
            SELECT a.dataset_id
            FROM butler_internal.artifact AS a
            WHERE a.state = 'deleting' AND a.datastore_id = v_datastore AND a.dataset_id <> ALL (p_except)
        )
        ORDER BY d.dataset_id
        LIMIT p_limit
        FOR NO KEY UPDATE OF d SKIP LOCKED
    ),
    due AS (
        SELECT d.dataset_id
        FROM butler_internal.dataset AS d
        WHERE
            d.state <> 'present' AND d.trashed AND d.changed <= v_cutoff
            AND EXISTS (
                SELECT FROM butler_internal.artifact AS a
                WHERE a.dataset_id = d.dataset_id AND a.datastore_id = v_datastore
            )
        ORDER BY d.changed, d.dataset_id
        LIMIT p_limit - (SELECT count(*) FROM claimed_before)
        FOR NO KEY UPDATE OF d SKIP LOCKED
    )
    SELECT
        ARRAY(SELECT n.dataset_id FROM due AS n),
        ARRAY(SELECT b.dataset_id FROM claimed_before AS b UNION SELECT n.dataset_id FROM due AS n)
    INTO v_due, v_claimed;
    -- Two statements, as what they change is counted by each (keep_storage_use).
    UPDATE butler_internal.dataset AS d
    SET trashed = false
    WHERE d.dataset_id = ANY (v_due);
    -- With all of its artifacts, in whatever datastore: no part of the dataset can be restored any more.
    UPDATE butler_internal.artifact AS a
    SET state = 'deleting'
    WHERE a.dataset_id = ANY (v_due);
    PERFORM butler_internal.record(
        'claim_trash', cardinality(v_due), butler_internal.runs_of(v_due), jsonb_build_object('datastore', p_datastore)
    );
    v_shared := ARRAY(SELECT s.path FROM butler_common.shared_paths(v_datastore, ARRAY(
        SELECT butler.artifact_path(a.path, a.dataset_id) FROM butler_internal.artifact AS a
        WHERE a.dataset_id = ANY (v_claimed) AND a.datastore_id = v_datastore AND a.state = 'deleting'
    )) AS s (path));
    -- A file that bears the id of no dataset may be being written for a put that is to come: whoever said that he has it,
    -- too, takes it from nobody. The reaper has it, in time.
    v_unnamed := ARRAY(
        SELECT g.id
        FROM (
            SELECT DISTINCT butler_common.id_in_path(a.path) AS id
            FROM butler_internal.artifact AS a
            WHERE
                a.dataset_id = ANY (v_claimed) AND a.datastore_id = v_datastore AND a.state = 'deleting'
                AND strpos(a.path, '{}') = 0
        ) AS g
        WHERE g.id IS NOT NULL AND NOT EXISTS (SELECT FROM butler_common.registered_datasets(ARRAY[g.id]))
    );
    RETURN QUERY
    SELECT
        a.dataset_id, a.component, f.path, a.formatter, a.size, a.sha256,
        a.path !~ '^[a-z][a-z0-9+.-]*:' AND split_part(f.path, '#', 1) <> ALL (v_shared)
        AND (butler_common.id_in_path(f.path) = ANY (v_unnamed)) IS NOT TRUE
        -- Of a file that several of them have, the last: whoever drops the last one has deleted it.
        AND lead(a.dataset_id) OVER (PARTITION BY split_part(f.path, '#', 1) ORDER BY a.dataset_id, a.component) IS NULL
    FROM butler_internal.artifact AS a
    CROSS JOIN LATERAL (SELECT butler.artifact_path(a.path, a.dataset_id) AS path) AS f
    WHERE a.dataset_id = ANY (v_claimed) AND a.datastore_id = v_datastore AND a.state = 'deleting'
    ORDER BY a.dataset_id, a.component;
END;
$$;

COMMENT ON FUNCTION butler.claim_trash(text, interval, integer, uuid[]) IS
'Claim the artifacts of a datastore that have been in the trash for longer than this, or than the trash''s delay: they
can no longer be restored, and the caller deletes their files now. Not where delete_bytes is false: another dataset
needs the file, it was ingested in place, or it bears the id of no dataset and may be another''s; of several that have one file it is true of the last. At most so many datasets, and none of those in p_except, which the
caller couldn''t delete. Go on with hold_trash, end with drop_trash. Raises UB301, UB401.';
