"""Ours beside the peer and beside the bare limit, in one run on one PostgreSQL: ``make bench``."""
