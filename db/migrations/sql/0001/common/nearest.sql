-- Shared pairs of letters (Dice's coefficient): enough for a "did you mean", without an extension.
CREATE OR REPLACE FUNCTION butler_common.nearest(p_word text, p_names text[])
RETURNS text[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(array_agg(near.name ORDER BY near.likeness DESC, near.name ASC), '{}')
    FROM (
        SELECT
            candidate.name,
            (
                SELECT 2.0 * count(*) / (length(given.word) + length(candidate.name) + 2)
                FROM generate_series(0, length(given.word)) AS i
                WHERE position(
                    substr(' ' || lower(given.word) || ' ', i + 1, 2) IN ' ' || lower(candidate.name) || ' '
                ) > 0
            ) AS likeness
        FROM unnest(p_names) AS candidate (name)
        CROSS JOIN (SELECT left(p_word, 100) AS word) AS given
        ORDER BY 2 DESC, 1 ASC
        LIMIT 3
    ) AS near
    WHERE near.likeness >= 0.25;
END;

COMMENT ON FUNCTION butler_common.nearest(text, text[]) IS
'The up to three names most like a word.';
