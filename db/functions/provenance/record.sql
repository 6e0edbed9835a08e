-- One row a call, in the caller's transaction: what is rolled back has left none. What changed nothing leaves none either,
-- so that registering again what is there, which programs do each time they start, costs nothing.
CREATE OR REPLACE FUNCTION butler_internal.record(
    p_operation text,
    p_affected bigint,
    p_collections text[] DEFAULT '{}',
    p_subject jsonb DEFAULT '{}',
    p_reason text DEFAULT NULL
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_told constant text := current_setting('application_name');
BEGIN
    IF p_affected > 0 THEN
        INSERT INTO butler_internal.activity (
            at, actor, login, client_address, told_application, told_host, operation, collections, subject, affected, reason
        )
        VALUES (
            clock_timestamp(), butler_common.actor(), session_user, inet_client_addr(),
            nullif(regexp_replace(v_told, '@[A-Za-z0-9._:-]+$', ''), ''),
            substring(v_told FROM '@([A-Za-z0-9._:-]+)$'),
            p_operation, p_collections[:100], p_subject, p_affected,
            nullif(left(regexp_replace(p_reason, '[[:cntrl:]]+', ' ', 'g'), 1000), '')
        );
    END IF;
END;
$$;

COMMENT ON FUNCTION butler_internal.record(text, bigint, text[], jsonb, text) IS
'Record who did this, when and from where, unless it affected nothing. Every function that writes calls it.';
