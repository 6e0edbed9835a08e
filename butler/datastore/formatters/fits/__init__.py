"""Exposures, images and tables in FITS, also compressed."""
