-- In the embedded server owner, writer and reader are login roles themselves, mapped to OS users. These settings
-- are defaults for the session and no barrier; the grants are.
ALTER ROLE butler_owner LOGIN;
ALTER ROLE butler_writer LOGIN;
ALTER ROLE butler_reader LOGIN;
ALTER ROLE butler_reader SET default_transaction_read_only = on;
ALTER ROLE butler_reader SET statement_timeout = '10min';
ALTER ROLE butler_reader SET idle_in_transaction_session_timeout = '1h';
ALTER ROLE butler_writer SET idle_in_transaction_session_timeout = '1h';
