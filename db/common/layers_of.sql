CREATE OR REPLACE FUNCTION butler_common.layers_of(p_schema text)
RETURNS TABLE (layer text)
LANGUAGE sql
STABLE
BEGIN ATOMIC
    WITH RECURSIVE below AS (
        SELECT r.registry, r.base, r.depth
        FROM butler_common.registry AS r
        WHERE r.registry || '_internal' = p_schema
        UNION ALL
        SELECT r.registry, r.base, r.depth
        FROM butler_common.registry AS r
        INNER JOIN below AS b ON r.registry = b.base
    )
    SELECT b.registry || '_internal' FROM below AS b ORDER BY b.depth DESC;
END;

COMMENT ON FUNCTION butler_common.layers_of(text) IS
'Private schemas of a registry and of those under it, the uppermost first.';
