"""The database schema as software: tables, SQL files, migrations, registries, roles.

Everything here runs as the owner role. Readers and writers never need it.
"""
