-- A pooler hands the application's name on, and hides the address. What a client tells is what it likes to tell.
CREATE OR REPLACE FUNCTION butler_common.client_host()
RETURNS text
LANGUAGE sql
STABLE
PARALLEL RESTRICTED
BEGIN ATOMIC
    SELECT coalesce(substring(current_setting('application_name') FROM '@([A-Za-z0-9._:-]+)$'), host(inet_client_addr()));
END;

COMMENT ON FUNCTION butler_common.client_host() IS
'The computer that the client says it is on, as the end of its application_name: "name@host"; else its address, null at
the server''s own socket.';
