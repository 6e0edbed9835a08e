CREATE OR REPLACE FUNCTION butler_common.did_you_mean(p_word text, p_names text[])
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN cardinality(p_names) = 0 OR p_names IS NULL THEN 'None is registered.'
        WHEN cardinality(butler_common.nearest(p_word, p_names)) > 0
            THEN 'Did you mean ' || array_to_string(butler_common.nearest(p_word, p_names), ' or ') || '?'
        WHEN cardinality(p_names) <= 10 THEN 'There are ' || array_to_string(p_names, ', ') || '.'
        ELSE 'There are ' || cardinality(p_names)::text || ', among them '
            || array_to_string(p_names[1:5], ', ') || '.'
    END;
END;

COMMENT ON FUNCTION butler_common.did_you_mean(text, text[]) IS
'A hint that gives the names most like a word, or what there is.';
