-- The id is made where the work is done, so that a beginning whose answer was lost is begun once.
CREATE OR REPLACE FUNCTION butler.begin_quantum(
    p_run text,
    p_task text,
    p_data_id jsonb DEFAULT '{}',
    p_inputs uuid[] DEFAULT '{}',
    p_process jsonb DEFAULT '{}',
    p_quantum_id uuid DEFAULT gen_random_uuid()
)
RETURNS uuid
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_run record;
    v_known record;
    v_execution bigint;
    v_data_id constant jsonb := coalesce(p_data_id, '{}');
    v_pid integer;
    v_started timestamptz;
BEGIN
    PERFORM butler_common.require_read_committed('quanta can begin');
    PERFORM set_config('synchronous_commit', 'on', true);
    PERFORM butler_common.require_name('task', p_task);
    IF p_quantum_id IS NULL THEN
        PERFORM butler_common.raise_error('UB301', 'null is no quantum id', 'Give a new UUID, or leave it out.');
    END IF;
    BEGIN
        v_pid := p_process ->> 'pid';
        v_started := p_process ->> 'started';
    EXCEPTION WHEN data_exception THEN
        PERFORM butler_common.raise_error(
            'UB301', format('%s is no process', left(p_process::text, 200)),
            'Give {"host", "pid", "started", "mark"}, each if it is known: pid is a whole number, started a time.'
        );
    END;
    -- The rule of the table's constraint, said in words.
    IF octet_length(p_process ->> 'host') > 255 OR p_process ->> 'host' ~ '[[:cntrl:]]' THEN
        PERFORM butler_common.raise_error(
            'UB305', format('%L is no name of a host', left(p_process ->> 'host', 100)),
            'Use at most 255 bytes without control characters; leave it out if it isn''t known.'
        );
    END IF;
    SELECT r.run_id, r.collection_id INTO v_run FROM butler_internal.run_to_put_into(p_run) AS r;
    -- Two sessions that begin the same make two attempts.
    PERFORM pg_advisory_xact_lock(butler_common.lock_class('quanta'), hashtext(
        format('%s %s %s', v_run.run_id, p_task, v_data_id)
    ));
    SELECT q.run_id, q.task, q.data_id, q.status INTO v_known
    FROM butler_internal.all_quantum AS q WHERE q.quantum_id = p_quantum_id;
    IF FOUND THEN
        IF (v_known.run_id, v_known.task, v_known.data_id, v_known.status) = (v_run.run_id, p_task, v_data_id, 'running') THEN
            RETURN p_quantum_id;
        END IF;
        PERFORM butler_common.raise_error(
            'UB201', format('quantum id %s is taken', p_quantum_id), 'Make a new id for each quantum.',
            jsonb_build_object('quantum_id', p_quantum_id)
        );
    END IF;
    INSERT INTO butler_internal.execution (host, pid, process_started, process_mark, started)
    VALUES (
        coalesce(p_process ->> 'host', butler_common.client_host()), v_pid,
        v_started, p_process ->> 'mark', clock_timestamp()
    )
    RETURNING execution_id INTO v_execution;
    INSERT INTO butler_internal.quantum (quantum_id, execution_id, run_id, task, data_id, begun_by, attempt)
    SELECT
        p_quantum_id, v_execution, v_run.run_id, p_task, v_data_id, butler_common.actor(), 1 + coalesce((
            SELECT max(q.attempt) FROM butler_internal.quantum AS q
            WHERE q.run_id = v_run.run_id AND q.task = p_task AND md5(q.data_id::text) = md5(v_data_id::text)
        ), 0);
    PERFORM butler.predict_inputs(p_quantum_id, p_inputs);
    IF NOT butler_common.is_own(
        (SELECT c.owner FROM butler_internal.collection AS c WHERE c.collection_id = v_run.collection_id)
    ) THEN
        PERFORM butler_internal.record(
            'begin_quantum', 1, ARRAY[p_run], jsonb_build_object('quantum_id', p_quantum_id, 'task', p_task)
        );
    END IF;
    RETURN p_quantum_id;
END;
$$;

COMMENT ON FUNCTION butler.begin_quantum(text, text, jsonb, uuid[], jsonb, uuid) IS
'Record that a task begins to work on a data ID in a run, which is made if there is no collection of that name, with the
inputs that it will read. The process is {"host", "pid", "started", "mark"}, each if it is known. Returns the id, a new UUID:
whoever gives one may call again. Raises UB101 for an unknown input, UB103, UB202 or UB401 for the run, UB201 for an id that
is taken, UB301 for a process or an id that isn''t one, UB305 for the task or the host.';
