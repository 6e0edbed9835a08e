"""The revisions of the schema that this version of Butler works with.

Constants, so that opening a repository needn't load Alembic; a test holds
them against the migrations. A database that is newer says itself whether it
still serves this version.
"""

SCHEMA_VERSION = "0001"
"""The newest, which it makes and upgrades to."""

OLDEST_SCHEMA = "0001"
"""The oldest that has all that it calls."""
