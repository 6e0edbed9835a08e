-- Every writer may set the role that all writers are members of: what that role has is only the login's own.
CREATE OR REPLACE FUNCTION butler_common.is_own(p_role text)
RETURNS boolean
LANGUAGE sql
STABLE
PARALLEL RESTRICTED
BEGIN ATOMIC
    SELECT p_role = butler_common.actor() AND (p_role = session_user::text OR p_role NOT IN ('butler_owner', 'butler_writer'));
END;

COMMENT ON FUNCTION butler_common.is_own(text) IS
'Whether what this role owns or has begun is of whoever acts, and of nobody else.';
