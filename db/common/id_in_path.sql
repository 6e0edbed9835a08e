-- As the datastores of files name what they write, and as the reaper reads it.
CREATE OR REPLACE FUNCTION butler_common.id_in_path(p_path text)
RETURNS uuid
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT substring(split_part(p_path, '#', 1) FROM '_([0-9a-f]{32})(?:-[a-z]+)?(?:[.][A-Za-z0-9.]+)?$')::uuid;
END;

COMMENT ON FUNCTION butler_common.id_in_path(text) IS
'The id of the dataset for which a file was written, as its name bears it: of several whose parts it holds, the first;
null if it bears none.';
