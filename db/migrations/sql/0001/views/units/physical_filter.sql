CREATE VIEW butler.physical_filter AS
SELECT f.camera, f.physical_filter, f.abstract_filter, f.wavelength_min, f.wavelength_max
FROM butler_internal.all_physical_filter AS f;

COMMENT ON VIEW butler.physical_filter IS 'Filters that one camera has.';
