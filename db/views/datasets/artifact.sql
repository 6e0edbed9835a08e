CREATE VIEW butler.artifact AS
SELECT
    a.dataset_id,
    s.datastore,
    a.component,
    CASE WHEN a.path ~ '^[a-z][a-z0-9+.-]*:' THEN f.path ELSE s.root || f.path END AS uri,
    f.path,
    nullif(split_part(a.path, '#', 2), '') AS part,
    a.formatter,
    a.size,
    encode(a.sha256, 'hex') AS sha256,
    CASE
        WHEN a.state = 'present' AND d.dataset_id IS NOT NULL THEN 'trashed'
        ELSE butler.state_name(a.state)
    END AS state
FROM butler_internal.all_artifact AS a
CROSS JOIN LATERAL (SELECT split_part(butler.artifact_path(a.path, a.dataset_id), '#', 1) AS path) AS f
INNER JOIN butler_internal.all_datastore AS s ON s.datastore_id = a.datastore_id
LEFT JOIN butler_internal.all_dataset AS d
    ON d.dataset_id = a.dataset_id AND d.state <> 'present' AND d.trashed;

COMMENT ON VIEW butler.artifact IS 'Stored pieces of datasets: uri opens the file, of which it is the whole or a part.';
COMMENT ON COLUMN butler.artifact.uri IS 'The file that its bytes are in: a whole URI. UCD: meta.ref.url';
COMMENT ON COLUMN butler.artifact.path IS 'Of the file: percent-encoded, relative to the datastore''s root; or a whole URI.';
COMMENT ON COLUMN butler.artifact.part IS
'Which part of the file it is, percent-encoded: an HDU by number, name, or name and EXTVER, such as SCI,1; a member of a
zip file. Null if it is the whole file.';
COMMENT ON COLUMN butler.artifact.size IS 'Length of the file. Unit: byte.';
COMMENT ON COLUMN butler.artifact.state IS
'present; lost, as verify found; trashed: its dataset was unstored or removed and can be restored; or deleting.';
COMMENT ON COLUMN butler.artifact.sha256 IS 'SHA-256 of the file, hexadecimal.';
