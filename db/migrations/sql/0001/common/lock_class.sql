-- The classes of advisory locks, in the order in which a transaction takes them; db/README.md says what each
-- protects. Immutable, so that a plan has the number. In PL/pgSQL, as its CASE refuses a name that it hasn't:
-- null instead would lock nothing, and say nothing.
CREATE OR REPLACE FUNCTION butler_common.lock_class(p_name text)
RETURNS integer
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
AS $$
BEGIN
    CASE p_name
        WHEN 'migration' THEN RETURN 7310000;
        WHEN 'datastores' THEN RETURN 7310001;
        WHEN 'chains' THEN RETURN 7310002;
        WHEN 'names' THEN RETURN 7310003;
        WHEN 'loose files' THEN RETURN 7310004;
        WHEN 'collection' THEN RETURN 7310005;
        WHEN 'overlap' THEN RETURN 7310006;
        WHEN 'camera views' THEN RETURN 7310007;
        WHEN 'files' THEN RETURN 7310008;
        WHEN 'quanta' THEN RETURN 7310009;
        WHEN 'counts' THEN RETURN 7310010;
    END CASE;
END;
$$;

COMMENT ON FUNCTION butler_common.lock_class(text) IS 'The number of a class of advisory locks.';
