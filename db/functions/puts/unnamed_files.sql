-- The reaper judges a file by the id in its name. A file that bears the id of a dataset is safe from it, and one whose
-- id is young; another may be going, whoever is about to say that he has a part of it.
CREATE OR REPLACE FUNCTION butler_internal.unnamed_files(p_ids uuid[], p_now timestamptz)
RETURNS SETOF uuid
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT g.id
    -- Files without an id in their names give null.
    FROM (SELECT DISTINCT i FROM unnest(p_ids) AS i WHERE i IS NOT NULL) AS g (id)
    WHERE
        butler_internal.age_problem(g.id, p_now) IS NOT NULL
        AND NOT EXISTS (SELECT FROM butler_common.registered_datasets(ARRAY[g.id]));
END;

COMMENT ON FUNCTION butler_internal.unnamed_files(uuid[], timestamptz) IS
'Those of these ids, borne by the names of files that are to be datasets of other ids, that are no dataset themselves and
of an age in which a reaper may be deleting the files.';
