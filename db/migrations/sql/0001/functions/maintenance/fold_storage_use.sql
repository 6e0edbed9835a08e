-- One statement takes the changes away and adds them to the totals, so every snapshot has each in one of the two. It waits for
-- no put, and no put for it: what it deletes nobody else looks for. Two that fold would wait for each other, so the
-- second leaves it to the first.
CREATE OR REPLACE FUNCTION butler.fold_storage_use(p_at_least integer DEFAULT 1)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_folded integer;
BEGIN
    PERFORM butler_common.require_read_committed('counts can be added up');
    IF
        NOT EXISTS (SELECT FROM butler_internal.storage_change AS c OFFSET greatest(p_at_least, 1) - 1 LIMIT 1)
        OR NOT pg_try_advisory_xact_lock(butler_common.lock_class('counts'), 0)
    THEN
        RETURN 0;
    END IF;
    PERFORM set_config('synchronous_commit', 'on', true);
    WITH taken AS (
        DELETE FROM butler_internal.storage_change AS c
        RETURNING c.*
    ),
    folded AS (
        INSERT INTO butler_internal.storage_total AS t (
            run_id, dataset_type_id, datastore_id, state, in_place, datasets, artifacts, bytes, created
        )
        SELECT
            c.run_id, c.dataset_type_id, c.datastore_id, c.state, c.in_place,
            sum(c.datasets), sum(c.artifacts), sum(c.bytes), max(c.created)
        FROM taken AS c
        GROUP BY 1, 2, 3, 4, 5
        ON CONFLICT (run_id, dataset_type_id, datastore_id, state, in_place) DO UPDATE
        SET
            datasets = t.datasets + excluded.datasets, artifacts = t.artifacts + excluded.artifacts,
            bytes = t.bytes + excluded.bytes, created = greatest(t.created, excluded.created)
    )
    SELECT count(*) INTO v_folded FROM taken AS c;
    RETURN v_folded;
END;
$$;

COMMENT ON FUNCTION butler.fold_storage_use(integer) IS
'Add the changes of what is stored up to totals, where there are at least so many, so that storage_use and
dataset_count have little to read; returns how many. What they say is the same before and after. Nobody waits for it, and it for nobody: 0 if another session does it.';
