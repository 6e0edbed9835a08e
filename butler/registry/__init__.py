"""Registries: what datasets there are, under which labels, and where their bytes lie."""
