-- Transaction time of a change to a collection's members: the row's lock orders the changes. No alias, as releases of PostgreSQL print one in
-- different ways here, which would look like drift.
CREATE OR REPLACE FUNCTION butler_internal.stamp(p_collection_id bigint)
RETURNS timestamptz
LANGUAGE sql
VOLATILE
BEGIN ATOMIC
    UPDATE butler_internal.collection
    SET changed = butler_common.time_after(changed, put_until)
    WHERE collection_id = p_collection_id
    RETURNING changed;
END;

COMMENT ON FUNCTION butler_internal.stamp(bigint) IS
'Lock a collection and give the time of the change to come.';
