-- The units in their order, which is that of the bits of a unit mask. Where SQL lists them all the same, it must
-- or is faster so (docs/decisions/0016-units-named-once.md); a test compares each list with butler/units.py.
CREATE TYPE butler_internal.data_id AS (
    camera text,
    abstract_filter text,
    physical_filter text,
    sensor integer,
    visit bigint,
    snap integer,
    visit_range int8range,
    skymap text,
    tract integer,
    patch integer,
    sky_pixel bigint,
    label text
);

COMMENT ON TYPE butler_internal.data_id IS 'A data ID: the value of each unit, null where it has none.';
