-- The trials of layouts whose datasets carry their units as natural columns. Tables are found by the
-- search path: a rival's own in trial, or else the registry's.
CREATE PROCEDURE trial.file() LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO dataset (
        dataset_id, run_id, dataset_type_id, camera, abstract_filter, sensor, visit, skymap, tract, patch, created
    )
    SELECT
        s.dataset_id, s.run_id, s.dataset_type_id, s.camera, s.abstract_filter, s.sensor, s.visit, s.skymap,
        s.tract, s.patch, now()
    FROM staged AS s ORDER BY s.dataset_type_id, s.visit, s.sensor, s.tract, s.patch;
    INSERT INTO artifact (dataset_id, datastore_id, path, formatter, size, sha256)
    SELECT s.dataset_id, 1, stored_path(s.path, s.dataset_id), 'fits-exposure', 1000, s.sha256 FROM staged AS s ORDER BY s.dataset_type_id, s.visit, s.sensor, s.tract, s.patch;
END
$$;

CREATE FUNCTION trial.digest(p_camera text, p_visit bigint, p_sensor integer) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT data_id_digest(
        p_camera, NULL, NULL, p_sensor, p_visit, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
$$;

CREATE FUNCTION trial.find_first(p_type integer, p_visit bigint, p_sensor integer, p_runs integer[])
RETURNS text LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_digest constant uuid := trial.digest('BenchCam', p_visit, p_sensor);
    v_run integer;
    v_path text;
BEGIN
    FOREACH v_run IN ARRAY p_runs LOOP
        SELECT a.path INTO v_path
        FROM dataset AS d INNER JOIN artifact AS a ON a.dataset_id = d.dataset_id
        WHERE d.run_id = v_run AND d.dataset_type_id = p_type AND d.digest = v_digest AND d.state <> 'removed';
        EXIT WHEN FOUND;
    END LOOP;
    RETURN v_path;
END
$$;

CREATE FUNCTION trial.visit_range(p_type integer, p_first bigint, p_last bigint)
RETURNS bigint LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN (
        SELECT count(d.created) FROM dataset AS d
        WHERE d.dataset_type_id = p_type AND d.camera = 'BenchCam' AND d.visit BETWEEN p_first AND p_last
    );
END
$$;

CREATE FUNCTION trial.tract_range(p_type integer, p_first integer, p_last integer)
RETURNS bigint LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN (
        SELECT count(d.created) FROM dataset AS d
        WHERE d.dataset_type_id = p_type AND d.skymap = 'bench_sky' AND d.tract BETWEEN p_first AND p_last
    );
END
$$;

CREATE FUNCTION trial.remove(p_run integer, p_type integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE v_count bigint;
BEGIN
    UPDATE dataset AS d SET state = 'removed', changed = now(), change_reason = 'trial'
    WHERE d.run_id = p_run AND d.dataset_type_id = p_type AND d.state <> 'removed';
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;
