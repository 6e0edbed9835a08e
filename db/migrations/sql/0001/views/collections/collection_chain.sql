CREATE VIEW butler.collection_chain AS
SELECT c.collection, m.position, k.collection AS member
FROM butler_internal.all_collection_member AS m
INNER JOIN butler_internal.all_collection AS c ON c.collection_id = m.collection_id
INNER JOIN butler_internal.all_collection AS k ON k.collection_id = m.member_id
WHERE upper_inf(m.known);

COMMENT ON VIEW butler.collection_chain IS 'Members of chains, as they are now.';
COMMENT ON COLUMN butler.collection_chain.member IS 'The collection searched at that place.';
