-- A belief ends, once; nothing else of it changes. Not even the owner may take it back by hand: reads as of an earlier time
-- are to give the same for ever.
CREATE OR REPLACE FUNCTION butler_internal.keep_calibration()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_collection text;
BEGIN
    IF tg_op = 'TRUNCATE' THEN
        PERFORM butler_common.raise_error(
            'UB401', format('rows of %s are kept: they say what was believed when', tg_table_name),
            'Withdraw what is wrong; what was believed is kept.', '{}'
        );
    END IF;
    IF tg_table_name = 'calibration' AND tg_op = 'UPDATE' THEN
        IF
            old.known @> 'infinity'::timestamptz AND NOT new.known @> 'infinity'::timestamptz AND lower(new.known) = lower(old.known)
            AND to_jsonb(new) - 'known' = to_jsonb(old) - 'known'
        THEN
            RETURN new;
        END IF;
    END IF;
    SELECT c.collection INTO v_collection
    FROM butler_internal.calibration_key AS k
    INNER JOIN butler_internal.collection AS c ON c.collection_id = k.collection_id
    WHERE k.calibration_key_id = old.calibration_key_id;
    IF tg_table_name = 'calibration' THEN
        PERFORM butler_common.raise_error(
            'UB401',
            format('what %s says of %s is kept as it was believed', v_collection, coalesce('dataset ' || old.dataset_id, 'no dataset')),
            'End the belief, by an upper bound of known, and say what is believed now in another row.',
            jsonb_build_object('collection', v_collection, 'dataset_id', old.dataset_id)
        );
    ELSE
        PERFORM butler_common.raise_error(
            'UB401', format('a key of %s is kept as it is: rows say by it what was believed', v_collection),
            'Make another key.', jsonb_build_object('collection', v_collection)
        );
    END IF;
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION butler_internal.keep_calibration() IS
'Keep what was believed once: a row of calibration changes only by the end of its belief, a key never.';
