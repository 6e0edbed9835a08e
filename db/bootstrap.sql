-- What a database needs once, before any migration. Its administrator runs this in it, as by
-- "psql -v ON_ERROR_STOP=1", or "butler db init" does where its role may. Idempotent. After a
-- restore, "butler db grant" runs it again, as database settings and privileges don't travel in a
-- dump.

CREATE EXTENSION IF NOT EXISTS postgis SCHEMA public;
CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public;

DO $$
DECLARE
    v_role text;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['butler_owner', 'butler_writer', 'butler_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = v_role) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', v_role);
        END IF;
    END LOOP;
    -- A role that makes roles isn't a member of them yet; from PostgreSQL 16 on, a member that may not become one.
    IF NOT pg_has_role(
        current_user, 'butler_owner',
        CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END
    ) THEN
        GRANT butler_owner TO CURRENT_USER;
    END IF;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format(
        'GRANT CONNECT ON DATABASE %I TO butler_owner, butler_writer, butler_reader', current_database()
    );
    EXECUTE format('GRANT CREATE, TEMPORARY ON DATABASE %I TO butler_owner', current_database());
    EXECUTE format('ALTER DATABASE %I SET timezone = ''UTC''', current_database());
    -- So that psql finds our names without their schema; functions pin a path of their own.
    EXECUTE format('ALTER DATABASE %I SET search_path = butler, public', current_database());
    -- The form with IN SCHEMA is accepted and does nothing.
    ALTER DEFAULT PRIVILEGES FOR ROLE butler_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
END;
$$;

-- An advisory lock of any login would hold up our writers, and a login may write a large object whatever
-- default_transaction_read_only says. All may still give locks up: every query ends with it. A role that
-- isn't the server's administrator gets a warning here.
DO $$
DECLARE
    v_function regprocedure;
BEGIN
    FOR v_function IN
        SELECT p.oid::regprocedure
        FROM pg_catalog.pg_proc AS p
        WHERE
            p.pronamespace = 'pg_catalog'::regnamespace
            AND (p.proname ~ '^pg_(try_)?advisory_(xact_)?lock' OR p.proname IN ('lo_creat', 'lo_create', 'lo_from_bytea'))
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', v_function);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO butler_owner', v_function);
    END LOOP;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE WARNING 'functions for advisory locks and large objects stay open to everybody: let the administrator run this';
END;
$$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO butler_owner, butler_writer, butler_reader;
GRANT SELECT ON public.spatial_ref_sys TO butler_owner, butler_writer, butler_reader;
