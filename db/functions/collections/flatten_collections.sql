-- A depth-first walk that enters each collection once, where it meets it first: chains of chains that
-- have members in common don't multiply. set_chain refuses cycles, and the walk would end in one all the same.
CREATE OR REPLACE FUNCTION butler_internal.flatten_collections(p_collections text[], p_as_of timestamptz)
RETURNS TABLE (place bigint, collection_id bigint, collection text, collection_type text, run_id integer, has_tags boolean)
LANGUAGE plpgsql
STABLE
ROWS 10
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET random_page_cost = 0.1
AS $$
#variable_conflict use_column
DECLARE
    v_name text;
    v_ahead bigint[] := '{}';
    v_met bigint[] := '{}';
    v_next bigint;
    v_found record;
BEGIN
    FOREACH v_name IN ARRAY p_collections LOOP
        -- As of a time before its removal a collection is still there.
        SELECT c.collection_id INTO v_next
        FROM butler_internal.all_collection AS c
        WHERE c.collection = v_name AND (c.removed IS NULL OR p_as_of < c.removed);
        IF NOT FOUND THEN
            PERFORM butler_internal.find_collection(v_name);
        END IF;
        v_ahead := v_ahead || v_next;
    END LOOP;
    place := 0;
    WHILE cardinality(v_ahead) > 0 LOOP
        v_next := v_ahead[1];
        v_ahead := v_ahead[2:];
        CONTINUE WHEN v_next = ANY (v_met);
        v_met := v_met || v_next;
        SELECT c.collection_id, c.collection, c.collection_type, r.run_id,
            CASE c.collection_type WHEN 'tagged' THEN true WHEN 'run' THEN r.has_inputs ELSE false END AS has_tags
        INTO v_found
        FROM butler_internal.all_collection AS c
        LEFT JOIN butler_internal.all_run AS r ON r.collection_id = c.collection_id
        WHERE c.collection_id = v_next;
        IF v_found.collection_type = 'chained' THEN
            v_ahead := ARRAY(
                SELECT m.member_id
                FROM butler_internal.all_collection_member AS m
                WHERE
                    m.collection_id = v_next
                    AND CASE WHEN p_as_of IS NULL THEN upper_inf(m.known) ELSE m.known @> p_as_of END
                ORDER BY m.position
            ) || v_ahead;
        ELSE
            place := place + 1;
            collection_id := v_found.collection_id;
            collection := v_found.collection;
            collection_type := v_found.collection_type;
            run_id := v_found.run_id;
            has_tags := v_found.has_tags;
            RETURN NEXT;
        END IF;
    END LOOP;
END;
$$;

COMMENT ON FUNCTION butler_internal.flatten_collections(text[], timestamptz) IS
'The collections that hold datasets themselves, in search order, with chains followed; has_tags of those that
datasets of any run can be in: tagged collections, and runs with inputs.';
