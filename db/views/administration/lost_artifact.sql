CREATE VIEW butler.lost_artifact AS
SELECT
    a.dataset_id,
    s.datastore,
    a.component,
    CASE
        WHEN a.path ~ '^[a-z][a-z0-9+.-]*:' THEN f.path
        ELSE s.root || f.path
    END AS uri,
    nullif(split_part(a.path, '#', 2), '') AS part,
    l.fault,
    l.found,
    l.found_by
FROM butler_internal.all_artifact AS a
CROSS JOIN LATERAL (SELECT split_part(butler.artifact_path(a.path, a.dataset_id), '#', 1) AS path) AS f
INNER JOIN butler_internal.all_datastore AS s ON s.datastore_id = a.datastore_id
INNER JOIN butler_internal.all_artifact_loss AS l
    ON l.dataset_id = a.dataset_id AND l.datastore_id = a.datastore_id AND l.component = a.component
WHERE a.state = 'lost';

COMMENT ON VIEW butler.lost_artifact IS
'Stored pieces of datasets that were found to be gone or altered, and are so still as far as is known.';
COMMENT ON COLUMN butler.lost_artifact.uri IS 'The file that its bytes should be in: a whole URI. UCD: meta.ref.url';
COMMENT ON COLUMN butler.lost_artifact.part IS 'Which part of the file it is, as in artifact; null if it is the whole.';
