"""Roles that log in themselves, as those of a repository's own server do: settings and passwords."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, text

from butler.schema.install import run_sql
from butler.schema.objects import sql_root
from butler.schema.requirements import Finding, role_names
from butler.schema.revisions import MIGRATION_LOCK

__all__ = ["set_anew", "unlike"]

_KEPT = re.compile(r"^ALTER ROLE (\w+) SET (\w+) = '?([^';]+)'?;$", re.MULTILINE)

# Where they don't log in, nothing that is set for them has any effect.
_SETTINGS = text("""
    SELECT r.rolname AS role, split_part(c.setting, '=', 1) AS setting,
        substr(c.setting, strpos(c.setting, '=') + 1) AS value, s.setdatabase <> 0 AS here
    FROM pg_roles AS r
    INNER JOIN pg_db_role_setting AS s ON s.setrole = r.oid
    CROSS JOIN LATERAL unnest(s.setconfig) AS c (setting)
    WHERE r.rolname = ANY (:roles) AND r.rolcanlogin
        AND s.setdatabase IN (0, (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()))
    ORDER BY r.rolname, c.setting, here
""")
_LOGINS = text("SELECT r.rolname FROM pg_roles AS r WHERE r.rolname = ANY (:roles) AND r.rolcanlogin")
_MAY_SEE_PASSWORDS = text("SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT')")
_PASSWORDS = text("""
    SELECT a.rolname FROM pg_authid AS a
    WHERE a.rolname = ANY (:roles) AND a.rolcanlogin AND a.rolpassword IS NOT NULL
    ORDER BY a.rolname
""")
# Settings of a role are not those of its members.
_WRITER = """
    ALTER ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD NULL;
    ALTER ROLE {name} SET idle_in_transaction_session_timeout = '1h';
    GRANT butler_writer TO {name};
"""
_REMEDY = "run 'butler db start', which sets it anew"


def set_anew(connection: Connection, writers: Iterable[str] = ()) -> None:
    """Give the roles of a repository's own server the settings that are kept, and none else, and no password.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        As the superuser, in a transaction.
    writers : iterable of `str`
        Logins that are one person's own each; made, if they aren't there.
    """
    # Two processes that find a server just started would alter the same roles at once: one can't.
    connection.execute(text("SELECT pg_advisory_xact_lock(:class, :key)"), MIGRATION_LOCK)
    run_sql(connection, _script())
    there = set(connection.execute(text("SELECT rolname FROM pg_roles")).scalars())
    for writer in writers:
        name = connection.dialect.identifier_preparer.quote_identifier(writer)
        if writer not in there:
            run_sql(connection, f"CREATE ROLE {name}")
        run_sql(connection, _WRITER.format(name=name))


def unlike(connection: Connection, role_prefix: str) -> Iterator[Finding]:
    """Find what of these roles isn't as it is kept; nothing where they are roles that don't log in.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        Passwords are looked at where its login may see that there are any.
    role_prefix : `str`
        What the names of the roles begin with. Those of a repository's own
        server begin with ``butler``.
    """
    if role_prefix != "butler":
        return
    roles = {"roles": list(role_names(role_prefix))}
    logins = set(connection.execute(_LOGINS, roles).scalars())
    wanted = {(role, setting): value for role, setting, value in _KEPT.findall(_script()) if role in logins}
    found = set()
    for row in connection.execute(_SETTINGS, roles):
        known = wanted.get((row.role, row.setting))
        found.add((row.role, row.setting))
        if row.value != known and not _is_of_levels(row.role, row.setting):
            where = " in the database" if row.here else ""
            instead = "it should have none" if known is None else f"it should be {known!r}"
            yield Finding(
                f"role {row.role}", f"its {row.setting}{where} is {row.value[:100]!r}, {instead}", _REMEDY
            )
    for role, setting in sorted(wanted.keys() - found):
        yield Finding(
            f"role {role}", f"its {setting} isn't set, it should be {wanted[role, setting]!r}", _REMEDY
        )
    if connection.execute(_MAY_SEE_PASSWORDS).scalar_one():
        for role in connection.execute(_PASSWORDS, roles).scalars():
            yield Finding(f"role {role}", "it has a password, and several people log in by it", _REMEDY)


def _is_of_levels(role: str, setting: str) -> bool:
    """Whether `butler.schema.requirements.levels` tells of it."""
    return setting == "default_transaction_isolation" and not role.endswith("_reader")


def _script() -> str:
    return (sql_root() / "login_roles.sql").read_text(encoding="utf-8")
