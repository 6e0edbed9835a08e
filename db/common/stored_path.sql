-- The mirror of artifact_path. The row has the id already; written out, half of the path would be the same 32
-- digits again. A whole URI, which has a colon, stays as it is, and so does the name of a part.
CREATE OR REPLACE FUNCTION butler_common.stored_path(p_path text, p_dataset_id uuid)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN strpos(p_path, ':') > 0 THEN p_path
        WHEN strpos(p_path, '#') > 0 THEN
            replace(split_part(p_path, '#', 1), replace(p_dataset_id::text, '-', ''), '{}')
            || substr(p_path, strpos(p_path, '#'))
        ELSE replace(p_path, replace(p_dataset_id::text, '-', ''), '{}')
    END;
END;

COMMENT ON FUNCTION butler_common.stored_path(text, uuid) IS
'The path of an artifact as its row has it: {} stands for the 32 digits of its dataset''s id.';
