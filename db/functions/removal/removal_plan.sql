CREATE OR REPLACE FUNCTION butler_internal.removal_plan(
    p_dataset_ids uuid[],
    p_state text,
    p_force boolean,
    p_leaving bigint[]
)
RETURNS TABLE (dataset_id uuid, outcome text, reason text)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH held AS (
        SELECT
            m.dataset_id,
            min(format('certified in %s', m.collection))
            FILTER (WHERE m.collection_type = 'calibration' AND m.is_now) AS certified,
            min(format('once certified in %s', m.collection))
            FILTER (WHERE m.collection_type = 'calibration' AND NOT m.is_now) AS once_certified,
            min(format('in %s, which is frozen', m.collection)) FILTER (WHERE m.frozen) AS frozen,
            min(format('in %s of layer %s', m.collection, m.registry))
            FILTER (WHERE m.registry <> 'butler'::regnamespace::text) AS tagged_above,
            min(format('in %s', m.collection))
            FILTER (WHERE NOT p_force AND m.registry = 'butler'::regnamespace::text) AS tagged
        FROM butler_common.memberships(p_dataset_ids) AS m
        WHERE m.frozen OR m.collection_id <> ALL(p_leaving)
        GROUP BY m.dataset_id
    ),
    judged AS (
        SELECT
            g.id,
            CASE
                WHEN d.dataset_id IS NULL THEN NULL
                WHEN d.state = 'removed' OR butler.state_name(d.state) = p_state THEN format(
                    '%s at %s by %s%s', butler.state_name(d.state), to_jsonb(d.changed) #>> '{}', d.changed_by,
                    coalesce(': ' || nullif(d.change_reason, ''), '')
                )
            END AS done,
            CASE
                WHEN d.dataset_id IS NULL THEN 'of a layer under this registry'
                WHEN c.frozen THEN format('in %s, which is frozen', c.collection)
                ELSE coalesce(h.certified, h.once_certified, h.frozen, h.tagged_above, h.tagged)
            END AS kept
        FROM (SELECT DISTINCT g AS id FROM unnest(p_dataset_ids) AS g) AS g
        LEFT JOIN butler_internal.dataset AS d ON d.dataset_id = g.id
        LEFT JOIN butler_internal.run AS r ON r.run_id = d.run_id
        LEFT JOIN butler_internal.collection AS c ON c.collection_id = r.collection_id
        LEFT JOIN held AS h ON h.dataset_id = g.id
    )
    SELECT
        j.id,
        CASE WHEN j.done IS NOT NULL THEN 'done before' WHEN j.kept IS NOT NULL THEN 'kept' ELSE p_state END,
        coalesce(j.done, j.kept, '')
    FROM judged AS j;
END;
$$;

COMMENT ON FUNCTION butler_internal.removal_plan(uuid[], text, boolean, bigint[]) IS
'What would become of datasets that are to be unstored or removed, and why some are kept. Collections in
p_leaving, which are removed themselves, keep nothing, nor with p_force do the tags of this registry that aren''t frozen.';
