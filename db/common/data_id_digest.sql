-- Texts are written with their length, so that no two data IDs give the same string. concat_ws,
-- format and jsonb aren't immutable; this is, as dataset.digest is generated from it.
CREATE OR REPLACE FUNCTION butler_common.data_id_digest(
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
RETURNS uuid
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT md5(
        coalesce('c' || octet_length(p_camera)::text || ':' || p_camera, '')
        || coalesce('b' || octet_length(p_abstract_filter)::text || ':' || p_abstract_filter, '')
        || coalesce('f' || octet_length(p_physical_filter)::text || ':' || p_physical_filter, '')
        || coalesce('d' || p_sensor::text, '')
        || coalesce('v' || p_visit::text, '')
        || coalesce('n' || p_snap::text, '')
        || coalesce('r' || lower(p_visit_range)::text || '-' || coalesce(upper(p_visit_range)::text, ''), '')
        || coalesce('m' || octet_length(p_skymap)::text || ':' || p_skymap, '')
        || coalesce('t' || p_tract::text, '')
        || coalesce('p' || p_patch::text, '')
        || coalesce('x' || p_sky_pixel::text, '')
        || coalesce('l' || octet_length(p_label)::text || ':' || p_label, '')
    )::uuid;
END;

COMMENT ON FUNCTION butler_common.data_id_digest(
    text, text, text, integer, bigint, integer, int8range, text, integer, integer, bigint, text
) IS
'Digest of a data ID: equal for equal data IDs in every registry.';
