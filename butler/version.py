"""The schema revision that this version of Butler reads and writes.

A constant, so that opening a repository needn't load Alembic; a test holds
it against the newest migration.
"""

SCHEMA_VERSION = "0001"
