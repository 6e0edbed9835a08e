-- object: function butler_internal.flatten_collections(text[], timestamp with time zone)
-- requires: functions/internal/find_collection.sql
--
-- The order of a depth-first walk; a collection met twice counts where it is met first. set_chain
-- refuses cycles, and the depth is bounded besides.
CREATE OR REPLACE FUNCTION butler_internal.flatten_collections(p_collections text[], p_as_of timestamptz)
RETURNS TABLE (place bigint, collection_id bigint, collection text, kind text, run_id bigint)
LANGUAGE plpgsql
STABLE
ROWS 10
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_name text;
BEGIN
    FOREACH v_name IN ARRAY p_collections LOOP
        IF NOT EXISTS (SELECT FROM butler_internal.all_collection AS c WHERE c.collection = v_name) THEN
            PERFORM butler_internal.find_collection(v_name);
        END IF;
    END LOOP;
    RETURN QUERY
    WITH RECURSIVE walk AS (
        SELECT ARRAY[g.n::integer] AS path, c.collection_id, c.collection, c.kind
        FROM unnest(p_collections) WITH ORDINALITY AS g (name, n)
        INNER JOIN butler_internal.all_collection AS c ON c.collection = g.name
        UNION ALL
        SELECT w.path || m.position, c.collection_id, c.collection, c.kind
        FROM walk AS w
        INNER JOIN butler_internal.all_collection_member AS m ON m.collection_id = w.collection_id
        INNER JOIN butler_internal.all_collection AS c ON c.collection_id = m.member_id
        WHERE
            w.kind = 'chained'
            AND cardinality(w.path) < 64
            AND CASE WHEN p_as_of IS NULL THEN upper_inf(m.known) ELSE m.known @> p_as_of END
    ),
    first_met AS (
        SELECT w.collection_id, w.collection, w.kind, min(w.path) AS path
        FROM walk AS w
        WHERE w.kind <> 'chained'
        GROUP BY w.collection_id, w.collection, w.kind
    )
    SELECT row_number() OVER (ORDER BY f.path), f.collection_id, f.collection, f.kind, r.run_id
    FROM first_met AS f
    LEFT JOIN butler_internal.all_run AS r ON r.collection_id = f.collection_id
    ORDER BY f.path;
END;
$$;

COMMENT ON FUNCTION butler_internal.flatten_collections(text[], timestamptz) IS
'The collections that hold datasets themselves, in search order, with chains followed.';
