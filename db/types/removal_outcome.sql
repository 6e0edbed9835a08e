CREATE TYPE butler.removal_outcome AS (
    outcome text,
    reason text,
    datasets bigint,
    files bigint,
    bytes numeric,
    dataset_ids uuid[] -- noqa: LT01
);

COMMENT ON TYPE butler.removal_outcome IS
'What became of some datasets that were to be unstored or removed, or would become of them, and why.';
COMMENT ON COLUMN butler.removal_outcome.outcome IS
'unstored, removed, kept or done before; of a collection chain changed, collection removed or collection kept.';
COMMENT ON COLUMN butler.removal_outcome.reason IS 'Why they are kept, or who did it before; else empty.';
COMMENT ON COLUMN butler.removal_outcome.datasets IS 'How many datasets.';
COMMENT ON COLUMN butler.removal_outcome.files IS 'How many files they have, each counted once.';
COMMENT ON COLUMN butler.removal_outcome.bytes IS 'Length of these files together. Unit: byte.';
COMMENT ON COLUMN butler.removal_outcome.dataset_ids IS 'Which datasets.';
