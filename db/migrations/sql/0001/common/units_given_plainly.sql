-- Data IDs as programs send them need no looking up. An expression, so that it becomes part of the query that calls it.
CREATE OR REPLACE FUNCTION butler_common.units_given_plainly(p_data_id jsonb)
RETURNS integer
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN CASE WHEN jsonb_typeof(p_data_id) = 'object' THEN p_data_id END
            - '{camera,abstract_filter,physical_filter,sensor,visit,snap,skymap,tract,patch,sky_pixel,label}'::text[] = '{}'
            THEN CASE
                WHEN jsonb_typeof(p_data_id -> 'camera') = 'string' THEN 1
                WHEN NOT p_data_id ? 'camera' THEN 0
            END
            + CASE
                WHEN jsonb_typeof(p_data_id -> 'abstract_filter') = 'string' THEN 2
                WHEN NOT p_data_id ? 'abstract_filter' THEN 0
            END
            + CASE
                WHEN jsonb_typeof(p_data_id -> 'physical_filter') = 'string' THEN 4
                WHEN NOT p_data_id ? 'physical_filter' THEN 0
            END
            + CASE
                WHEN jsonb_typeof(p_data_id -> 'sensor') = 'number' AND p_data_id ->> 'sensor' ~ '^[0-9]{1,9}$' THEN 8
                WHEN NOT p_data_id ? 'sensor' THEN 0
            END
            + CASE
                WHEN jsonb_typeof(p_data_id -> 'visit') = 'number' AND p_data_id ->> 'visit' ~ '^[0-9]{1,18}$' THEN 16
                WHEN NOT p_data_id ? 'visit' THEN 0
            END
            + CASE
                WHEN jsonb_typeof(p_data_id -> 'snap') = 'number' AND p_data_id ->> 'snap' ~ '^[0-9]{1,9}$' THEN 32
                WHEN NOT p_data_id ? 'snap' THEN 0
            END
            + CASE
                WHEN jsonb_typeof(p_data_id -> 'skymap') = 'string' THEN 128
                WHEN NOT p_data_id ? 'skymap' THEN 0
            END
            + CASE
                WHEN jsonb_typeof(p_data_id -> 'tract') = 'number' AND p_data_id ->> 'tract' ~ '^[0-9]{1,9}$' THEN 256
                WHEN NOT p_data_id ? 'tract' THEN 0
            END
            + CASE
                WHEN jsonb_typeof(p_data_id -> 'patch') = 'number' AND p_data_id ->> 'patch' ~ '^[0-9]{1,9}$' THEN 512
                WHEN NOT p_data_id ? 'patch' THEN 0
            END
            + CASE
                WHEN jsonb_typeof(p_data_id -> 'sky_pixel') = 'number' AND p_data_id ->> 'sky_pixel' ~ '^[0-9]{1,18}$' THEN 1024
                WHEN NOT p_data_id ? 'sky_pixel' THEN 0
            END
            + CASE
                WHEN jsonb_typeof(p_data_id -> 'label') = 'string' THEN 2048
                WHEN NOT p_data_id ? 'label' THEN 0
            END
    END;
END;

COMMENT ON FUNCTION butler_common.units_given_plainly(jsonb) IS
'The units in a data ID as a mask, if each is given by its own name and a value of its type; else null.';
