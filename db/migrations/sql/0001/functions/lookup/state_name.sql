-- Every dataset and every artifact has a state, so it takes one byte: the first letter of its name. The type is
-- "char", a literal of which is cut to that letter, so that SQL can say the name: state = 'removed'.
CREATE OR REPLACE FUNCTION butler.state_name(p_letter text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE p_letter
        WHEN 'p' THEN 'present'
        WHEN 'u' THEN 'unstored'
        WHEN 'r' THEN 'removed'
        WHEN 'l' THEN 'lost'
        WHEN 'd' THEN 'deleting'
        WHEN 't' THEN 'trashed'
    END;
END;

COMMENT ON FUNCTION butler.state_name(text) IS
'The name of a state of datasets and artifacts, which is stored as its first letter.';
