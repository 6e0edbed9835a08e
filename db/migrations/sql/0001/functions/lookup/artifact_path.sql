CREATE OR REPLACE FUNCTION butler.artifact_path(p_stored_path text, p_dataset_id uuid)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT replace(p_stored_path, '{}', replace(p_dataset_id::text, '-', ''));
END;

COMMENT ON FUNCTION butler.artifact_path(text, uuid) IS
'The path of an artifact, given as its row has it: {} stands for the 32 digits of its dataset''s id.';
