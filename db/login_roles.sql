-- In the embedded server owner, writer and reader are login roles themselves, mapped to OS users, of whom each writes by a
-- login of his own, a member of the writer. These settings are defaults for the session and no barrier; the grants are. A
-- member may change them, and give the role a password: each start of the server makes all of it anew, so that what one did
-- to the others ends there.
DO $$
DECLARE
    v_role text;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['butler_owner', 'butler_writer', 'butler_reader'] LOOP
        EXECUTE format('ALTER ROLE %I LOGIN PASSWORD NULL', v_role);
        EXECUTE format('ALTER ROLE %I RESET ALL', v_role);
        EXECUTE format('ALTER ROLE %I IN DATABASE %I RESET ALL', v_role, current_database());
    END LOOP;
END;
$$;

ALTER ROLE butler_reader SET default_transaction_read_only = on;
ALTER ROLE butler_reader SET statement_timeout = '10min';
ALTER ROLE butler_reader SET idle_in_transaction_session_timeout = '1h';
ALTER ROLE butler_writer SET idle_in_transaction_session_timeout = '1h';
