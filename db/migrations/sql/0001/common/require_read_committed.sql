-- A rule that no constraint can state is checked after waiting for a lock, in a snapshot taken then.
-- Under another isolation level the snapshot would be from before, and the check would see nothing.
CREATE OR REPLACE FUNCTION butler_common.require_read_committed(p_what text)
RETURNS void
LANGUAGE plpgsql
STABLE
AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM butler_common.raise_error(
            'UB601', format(
                '%s under isolation level read committed only, not %s', p_what, current_setting('transaction_isolation')
            ),
            'Begin the transaction by BEGIN ISOLATION LEVEL READ COMMITTED; "butler db check" names whose default is another.'
        );
    END IF;
END;
$$;

COMMENT ON FUNCTION butler_common.require_read_committed(text) IS
'Refuse a transaction of another isolation level. Raises UB601.';
