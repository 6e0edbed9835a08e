-- In a definer function current_user is the owner, and session_user the login, which a service that serves many people has
-- for all of them: it sets the role of whom it serves. PostgreSQL lets it set only a role that it is a member of.
CREATE OR REPLACE FUNCTION butler_common.actor()
RETURNS text
LANGUAGE sql
STABLE
PARALLEL RESTRICTED
BEGIN ATOMIC
    SELECT coalesce(nullif(current_setting('role'), 'none'), session_user::text);
END;

COMMENT ON FUNCTION butler_common.actor() IS 'Who acts: the database role that was set, or else the one that logged in.';
