CREATE OR REPLACE FUNCTION butler_internal.data_id_json(
    p_camera text,
    p_abstract_filter text,
    p_physical_filter text,
    p_sensor integer,
    p_visit bigint,
    p_snap integer,
    p_visit_range int8range,
    p_skymap text,
    p_tract integer,
    p_patch integer,
    p_sky_pixel bigint,
    p_label text
)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'camera', p_camera,
        'abstract_filter', p_abstract_filter,
        'physical_filter', p_physical_filter,
        'sensor', p_sensor,
        'visit', p_visit,
        'snap', p_snap,
        'visit_range', lower(p_visit_range)::text || '..' || coalesce(upper(p_visit_range)::text, ''),
        'skymap', p_skymap,
        'tract', p_tract,
        'patch', p_patch,
        'sky_pixel', p_sky_pixel,
        'label', p_label
    ));
END;

COMMENT ON FUNCTION butler_internal.data_id_json(
    text, text, text, integer, bigint, integer, int8range, text, integer, integer, bigint, text
) IS
'A data ID as JSON.';
