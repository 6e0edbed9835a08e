"""Conformance suites for registries and datastores, also of third parties.

Each is a class of pytest tests: subclass it, say what to test, and run.
"""
