-- No search_path and no STRICT: the planner puts the body into the query, and the index is used.
CREATE OR REPLACE FUNCTION butler.sky_within(
    p_region public.geography,
    p_ra double precision,
    p_dec double precision,
    p_radius double precision
)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT public.st_dwithin(p_region, butler.sky_point(p_ra, p_dec), p_radius * 111195.0797343);
END;

COMMENT ON FUNCTION butler.sky_within(public.geography, double precision, double precision, double precision) IS
'Whether a region comes within so many degrees of a position: an exact cone search that uses the index.';
