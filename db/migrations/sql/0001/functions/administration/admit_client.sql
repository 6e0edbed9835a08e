-- A client sends it before each statement that writes, in the same message. An upgrade has the table of the
-- oldest client to itself until it ends, so who comes meanwhile waits here, and then sees what the upgrade
-- decided, before the next statement of the message is even read.
CREATE OR REPLACE FUNCTION butler.admit_client(p_oldest text, p_newest text)
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_found text;
    v_oldest_client text;
BEGIN
    PERFORM butler_common.require_read_committed('a client is admitted');
    SELECT a.version_num, i.oldest_client INTO STRICT v_found, v_oldest_client
    FROM butler_common.installation AS i
    CROSS JOIN butler_common.alembic_version AS a;
    IF v_oldest_client > p_newest THEN
        PERFORM butler_common.raise_error(
            'UB602',
            format(
                'the database''s schema is at revision %s, which serves clients made for %s or later; this one is made for %s',
                v_found, v_oldest_client, p_newest
            ),
            'Install a newer version of the client, and start this program again.',
            jsonb_build_object('found', v_found, 'oldest_client', v_oldest_client, 'needed', p_newest)
        );
    ELSIF v_found < p_oldest THEN
        PERFORM butler_common.raise_error(
            'UB602',
            format('the database''s schema is at revision %s; this client needs %s or later', v_found, p_oldest),
            'Upgrade the schema, by the command''s ''db upgrade''.',
            jsonb_build_object('found', v_found, 'oldest_client', v_oldest_client, 'needed', p_oldest)
        );
    END IF;
END;
$$;

COMMENT ON FUNCTION butler.admit_client(text, text) IS
'Refuse a client that works with revisions of the schema from p_oldest on and is made for p_newest, unless this database
serves it. Raises UB601 or UB602.';
