-- removal_plan keeps such datasets and says why; here it is a rule, for whoever changes rows around the functions, and for
-- a calibration that another session certified after the plan was made.
CREATE OR REPLACE FUNCTION butler_internal.keep_certified()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_leaving uuid[];
    v_held record;
BEGIN
    PERFORM butler_common.require_read_committed('datasets can be removed');
    IF tg_op = 'DELETE' THEN
        v_leaving := ARRAY[old.dataset_id];
    ELSE
        v_leaving := ARRAY(
            SELECT o.dataset_id
            FROM old_rows AS o
            INNER JOIN new_rows AS n ON n.dataset_id = o.dataset_id
            WHERE o.state = 'present' AND n.state <> 'present'
        );
    END IF;
    IF cardinality(v_leaving) = 0 THEN
        RETURN NULL;
    END IF;
    SELECT m.* INTO v_held
    FROM butler_common.memberships(v_leaving) AS m
    WHERE m.collection_type = 'calibration'
    ORDER BY m.is_now DESC, m.collection, m.dataset_id
    LIMIT 1;
    IF FOUND THEN
        PERFORM butler_common.raise_error(
            'UB401',
            format(
                'dataset %s is %s in %s', v_held.dataset_id,
                CASE WHEN v_held.is_now THEN 'certified' ELSE 'kept, as it was once certified' END, v_held.collection
            ),
            'Reads as of an earlier time need it; withdraw what is wrong, and leave the dataset.',
            jsonb_build_object('dataset_id', v_held.dataset_id, 'collection', v_held.collection)
        );
    END IF;
    RETURN old;
END;
$$;

COMMENT ON FUNCTION butler_internal.keep_certified() IS
'Keep datasets that a calibration collection of any registry certifies, or once did.';
