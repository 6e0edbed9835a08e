-- Fields that one camera alone records lie in visit.extra; the camera's view gives each of them a column
-- with a type. A value of another type than declared is null there; it doesn't break the view.
CREATE OR REPLACE FUNCTION butler_internal.make_camera_view(p_camera text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_extra jsonb := (
        SELECT c.definition -> 'extra' FROM butler_internal.all_camera AS c WHERE c.camera = p_camera
    );
    v_view text := left('visit_' || regexp_replace(lower(p_camera), '[^a-z0-9]+', '_', 'g'), 63);
    v_mark constant text := 'Visits of camera ' || p_camera || ' with what only it records.';
    v_columns text;
BEGIN
    IF v_extra IS NULL OR v_extra = '{}' OR jsonb_typeof(v_extra) <> 'object' THEN
        IF obj_description(to_regclass(format('butler.%I', v_view)), 'pg_class') = v_mark THEN
            EXECUTE format('DROP VIEW butler.%I', v_view);
        END IF;
        RETURN;
    END IF;
    -- Two cameras whose names differ in a sign only would have the same view: one of two sessions waits here.
    PERFORM pg_advisory_xact_lock(butler_common.lock_class('camera views'), 0);
    IF (SELECT count(*) FROM jsonb_object_keys(v_extra)) > 500 THEN
        PERFORM butler_common.raise_error(
            'UB305', format('camera %L has more than 500 extra fields', p_camera), 'Leave some to the headers.',
            jsonb_build_object('camera', p_camera)
        );
    END IF;
    IF EXISTS (
        SELECT FROM pg_class AS c
        WHERE
            c.relnamespace = 'butler'::regnamespace AND c.relname = v_view
            AND obj_description(c.oid, 'pg_class') IS DISTINCT FROM v_mark
    ) THEN
        PERFORM butler_common.raise_error(
            'UB305', format('the view of camera %L would be named %s, which there is', p_camera, v_view),
            'Choose another name for the camera.', jsonb_build_object('camera', p_camera)
        );
    END IF;
    IF EXISTS (
        SELECT FROM jsonb_each(v_extra) AS e
        WHERE
            e.key !~ '^[a-z][a-z0-9_]{0,62}$' OR e.key IN ('camera', 'visit', 'visit_name')
            OR coalesce(e.value ->> 'type', '') NOT IN ('text', 'integer', 'float', 'boolean')
    ) THEN
        PERFORM butler_common.raise_error(
            'UB305', format('camera %L has an extra field whose name or type is wrong', p_camera),
            'Names are lower case letters, digits and underscores; types text, integer, float, boolean.',
            jsonb_build_object('camera', p_camera, 'extra', v_extra)
        );
    END IF;
    SELECT string_agg(
        CASE e.value ->> 'type'
            WHEN 'integer' THEN format(
                'CASE WHEN jsonb_typeof(v.extra -> %1$L) = ''number'' AND abs((v.extra ->> %1$L)::numeric) < 9e18 '
                'THEN floor((v.extra ->> %1$L)::numeric)::bigint END', e.key)
            WHEN 'float' THEN format(
                'CASE WHEN jsonb_typeof(v.extra -> %1$L) = ''number'' AND abs((v.extra ->> %1$L)::numeric) < 1e308 '
                'THEN (v.extra ->> %1$L)::double precision END', e.key)
            WHEN 'boolean' THEN format(
                'CASE WHEN jsonb_typeof(v.extra -> %1$L) = ''boolean'' THEN (v.extra ->> %1$L)::boolean END', e.key)
            ELSE format('v.extra ->> %L', e.key)
        END || format(' AS %I', e.key), ', ' ORDER BY e.key
    ) INTO v_columns
    FROM jsonb_each(v_extra) AS e;
    IF to_regclass(format('butler.%I', v_view)) IS NOT NULL THEN
        EXECUTE format('DROP VIEW butler.%I', v_view);
    END IF;
    EXECUTE format(
        'CREATE VIEW butler.%I AS SELECT v.camera, v.visit, v.visit_name, %s '
        'FROM butler_internal.all_visit AS v WHERE v.camera = %L', v_view, v_columns, p_camera
    );
    EXECUTE format('COMMENT ON VIEW butler.%I IS %L', v_view, v_mark);
    EXECUTE (
        SELECT string_agg(format(
            'COMMENT ON COLUMN butler.%I.%I IS %L;', v_view, e.key,
            concat_ws(' ', coalesce(e.value ->> 'doc', 'Recorded by this camera.'), 'Unit: ' || (e.value ->> 'unit') || '.')
        ), ' ') FROM jsonb_each(v_extra) AS e
    );
    PERFORM butler_common.copy_comments('butler'::regnamespace::text);
    EXECUTE format('GRANT SELECT ON butler.%I TO butler_reader, butler_writer', v_view);
END;
$$;

COMMENT ON FUNCTION butler_internal.make_camera_view(text) IS
'Create view visit_<camera> for the fields that only this camera records.';
