-- In each registry a function, which keeps its plan: looked up in all registries by statements that are composed at
-- each call, a put paid as much for each layer of the database as for a tenth of itself.
CREATE OR REPLACE FUNCTION butler_internal.own_datasets(p_dataset_ids uuid[])
RETURNS uuid[]
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET random_page_cost = 0.1
AS $$
BEGIN
    RETURN ARRAY(SELECT d.dataset_id FROM butler_internal.dataset AS d WHERE d.dataset_id = ANY (p_dataset_ids));
END;
$$;

COMMENT ON FUNCTION butler_internal.own_datasets(uuid[]) IS
'Those of these ids that are datasets in this registry itself.';
