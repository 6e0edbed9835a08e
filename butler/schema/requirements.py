"""What a database needs besides the schema, and who can give it what it lacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

__all__ = ["Finding", "advice", "gaps", "levels", "locks", "neighbours", "obstacles", "role_names"]

OLDEST_SERVER = 15
OLDEST_POSTGIS = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a database lacks, or has otherwise than it should.

    Parameters
    ----------
    what : `str`
        Type and name, such as ``extension postgis``.
    problem : `str`
        What is wrong with it.
    remedy : `str`
        What to do about it; empty where the problem says that.
    needed : `bool`
        Whether it must be remedied; else it is advice.
    """

    what: str
    problem: str
    remedy: str
    needed: bool = True

    def __str__(self) -> str:
        words = ": ".join(filter(None, (self.what, self.problem, self.remedy)))
        return words if self.needed else f"advice: {words}"


_SERVER = text("""
    SELECT
        current_setting('server_version_num')::integer / 10000 AS version,
        current_setting('server_encoding') AS encoding,
        p.extversion AS postgis,
        p.extnamespace::regnamespace::text AS postgis_schema
    FROM (SELECT) AS server
    LEFT JOIN pg_extension AS p ON p.extname = 'postgis'
""")
_MISSING_EXTENSIONS = text("""
    SELECT e.name
    FROM unnest(ARRAY['postgis', 'btree_gist']) AS e (name)
    WHERE NOT EXISTS (SELECT FROM pg_extension AS p WHERE p.extname = e.name)
""")
# The list is read from the files of all extensions that the server has: only where one is missing.
_AVAILABLE = text("""
    SELECT
        v.name,
        u.rolsuper OR NOT v.superuser
        OR (v.trusted AND has_database_privilege(session_user, current_database(), 'CREATE')) AS may
    FROM pg_available_extensions AS a
    INNER JOIN pg_available_extension_versions AS v ON v.name = a.name AND v.version = a.default_version
    CROSS JOIN pg_roles AS u
    WHERE u.rolname = session_user AND a.name = ANY (:names)
""")
_ROLES = text("""
    SELECT w.role, u.rolsuper OR u.rolcreaterole AS may
    FROM unnest(CAST(:roles AS text[])) AS w (role)
    CROSS JOIN pg_roles AS u
    WHERE u.rolname = session_user AND to_regrole(w.role) IS NULL
""")
# From PostgreSQL 16 on, who made a role is its member and still may not become it.
_MEMBER = text("""
    SELECT
        pg_has_role(session_user, r.oid, CASE WHEN v.number >= 160000 THEN 'SET' ELSE 'MEMBER' END) AS member,
        u.rolsuper OR u.rolcreaterole OR pg_has_role(session_user, r.oid, 'MEMBER WITH ADMIN OPTION') AS may
    FROM pg_roles AS r
    CROSS JOIN pg_roles AS u
    CROSS JOIN (SELECT current_setting('server_version_num')::integer) AS v (number)
    WHERE r.rolname = :owner AND u.rolname = session_user
""")
_SETTINGS = text("""
    SELECT w.setting, w.value
    FROM (VALUES ('TimeZone', 'UTC'), ('search_path', 'butler, public')) AS w (setting, value)
    WHERE NOT EXISTS (
        SELECT FROM pg_db_role_setting AS s
        INNER JOIN pg_database AS d ON d.oid = s.setdatabase
        WHERE d.datname = current_database() AND s.setrole = 0
            AND w.setting || '=' || w.value = ANY (s.setconfig)
    )
""")
_PUBLIC = text("""
    SELECT a.privilege_type
    FROM pg_database AS d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a
    WHERE d.datname = current_database() AND a.grantee = 0
    ORDER BY a.privilege_type
""")
_PRIVILEGES = text("""
    SELECT w.role, w.privilege
    FROM unnest(CAST(:roles AS text[]), CAST(:privileges AS text[])) AS w (role, privilege)
    WHERE NOT has_database_privilege(to_regrole(w.role), current_database(), w.privilege)
""")
_OWNS_DATABASE = text("""
    SELECT pg_has_role(session_user, d.datdba, 'USAGE')
    FROM pg_database AS d
    WHERE d.datname = current_database()
""")
_NEIGHBOURS = text("""
    SELECT DISTINCT d.datname
    FROM pg_database AS d, aclexplode(d.datacl) AS a
    WHERE d.datname <> current_database() AND a.grantee = to_regrole(:owner)
    ORDER BY d.datname
""")
_OPEN_FUNCTIONS = text("""
    SELECT EXISTS (
        SELECT FROM pg_proc AS p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = 'pg_advisory_lock' AND a.grantee = 0
    )
""")
# A superuser has every role without being a member. Members inherit no setting, but have their own.
_LEVELS = text("""
    SELECT
        split_part(c.setting, '=', 2) AS level,
        CASE
            WHEN s.setrole = 0 AND s.setdatabase = 0 THEN 'every role'
            WHEN s.setrole = 0 THEN 'the database'
            WHEN s.setdatabase = 0 THEN format('role %I', r.rolname)
            ELSE format('role %I in the database', r.rolname)
        END AS whose,
        CASE
            WHEN s.setrole = 0 AND s.setdatabase = 0 THEN 'ALTER ROLE ALL'
            WHEN s.setrole = 0 THEN format('ALTER DATABASE %I', d.datname)
            WHEN s.setdatabase = 0 THEN format('ALTER ROLE %I', r.rolname)
            ELSE format('ALTER ROLE %I IN DATABASE %I', r.rolname, d.datname)
        END || ' RESET default_transaction_isolation' AS remedy
    FROM pg_db_role_setting AS s
    CROSS JOIN LATERAL unnest(s.setconfig) AS c (setting)
    INNER JOIN pg_database AS d ON d.datname = current_database()
    LEFT JOIN pg_roles AS r ON r.oid = s.setrole
    WHERE
        s.setdatabase IN (0, d.oid)
        AND c.setting ~ '^default_transaction_isolation=(?!read committed$)'
        AND (s.setrole = 0 OR EXISTS (
            SELECT FROM unnest(CAST(:roles AS text[])) AS w (role)
            WHERE
                r.rolname = w.role
                OR (
                    NOT r.rolsuper AND to_regrole(w.role) IS NOT NULL
                    AND pg_has_role(r.oid, to_regrole(w.role), 'MEMBER')
                )
        ))
    UNION ALL
    SELECT g.reset_val, 'the server', 'take it out of postgresql.conf, or out of PGOPTIONS'
    FROM pg_settings AS g
    WHERE
        g.name = 'default_transaction_isolation' AND g.reset_val <> 'read committed'
        AND g.source NOT IN ('database', 'user', 'database user')
    ORDER BY 2
""")
_LOCKS = text("""
    SELECT
        (
            SELECT count(*) FROM pg_class AS c
            INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
            INNER JOIN butler_common.registry AS r ON n.nspname IN (r.registry, r.registry || '_internal')
        ) AS taken,
        (SELECT count(*) FROM butler_common.registry) AS registries,
        current_setting('max_locks_per_transaction')::bigint AS setting,
        current_setting('max_connections')::bigint
        + current_setting('max_prepared_transactions')::bigint AS sessions
""")


def role_names(role_prefix: str) -> tuple[str, str, str]:
    """Give the names of the owner, the writer and the reader."""
    return (f"{role_prefix}_owner", f"{role_prefix}_writer", f"{role_prefix}_reader")


def obstacles(connection: Connection) -> Iterator[Finding]:
    """Find what keeps a database from ever being ours, as it is."""
    server = connection.execute(_SERVER).one()
    if server.version < OLDEST_SERVER:
        yield Finding(
            "server",
            f"it runs PostgreSQL {server.version}, Butler needs {OLDEST_SERVER} or newer",
            "give the DSN of a newer one, or upgrade it by dump and restore",
        )
    if server.encoding != "UTF8":
        yield Finding(
            "database",
            f"its encoding is {server.encoding}, not UTF8",
            "make another: CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8'",
        )
    for extension, available in _missing_extensions(connection):
        if available is not None:
            continue
        yield Finding(
            f"extension {extension}",
            "the server lacks it",
            f"install it on the server's computer, as Debian's postgresql-{server.version}"
            f"{'-postgis-3' if extension == 'postgis' else ''} does",
        )
    if server.postgis_schema not in (None, "public"):
        yield Finding(
            "extension postgis",
            f"it is in schema {server.postgis_schema}, and Butler's functions call it in public",
            "give the repository a database of its own, or where nobody else uses PostGIS run"
            " DROP EXTENSION postgis; CREATE EXTENSION postgis SCHEMA public",
        )
    if server.postgis and int(server.postgis.split(".")[0]) < OLDEST_POSTGIS:
        yield Finding(
            "extension postgis",
            f"it is of version {server.postgis}, Butler needs {OLDEST_POSTGIS} or newer",
            "run SELECT postgis_extensions_upgrade()",
        )


def gaps(connection: Connection, role_prefix: str) -> Iterator[tuple[Finding, bool]]:
    """Find what ``butler db init`` would make, and whether this login may make it.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        As the login, whatever role it has taken since.
    role_prefix : `str`
        What the names of the roles begin with.
    """
    names = role_names(role_prefix)
    owner = names[0]
    login = connection.execute(text("SELECT session_user")).scalar_one()

    def finding(what: str, problem: str, may: bool) -> tuple[Finding, bool]:
        prefixed = "" if role_prefix == "butler" else f" --role-prefix {role_prefix}"
        remedy = (
            f"run 'butler db init{prefixed}'"
            if may
            else f"let the administrator run what 'butler db init --sql{prefixed} --login {login}' prints"
        )
        return Finding(what, problem, remedy), may

    for extension, may_create in _missing_extensions(connection):
        yield finding(f"extension {extension}", "it is missing", bool(may_create))
    missing = {row.role: row.may for row in connection.execute(_ROLES, {"roles": list(names)})}
    for role, may in missing.items():
        problem = "it is missing" if may else f"it is missing, and {login} has no CREATEROLE"
        yield finding(f"role {role}", problem, may)
    for row in connection.execute(_MEMBER, {"owner": owner}):
        if not row.member:
            yield finding(f"role {owner}", f"{login} is no member of it", row.may)
    owns = bool(connection.execute(_OWNS_DATABASE).scalar_one())
    for row in connection.execute(_SETTINGS):
        yield finding(f"setting {row.setting.lower()}", f"the database's is not {row.value}", owns)
    open_to_all = {"CONNECT": "connect", "TEMPORARY": "make temporary tables", "CREATE": "make schemas"}
    for privilege in connection.execute(_PUBLIC).scalars():
        yield finding("grant", f"anybody may {open_to_all[privilege]}", owns)
    wanted = [(role, "CONNECT") for role in names] + [(owner, "CREATE"), (owner, "TEMPORARY")]
    there = [pair for pair in wanted if pair[0] not in missing]
    closed = {"roles": [role for role, _ in there], "privileges": [privilege for _, privilege in there]}
    for row in connection.execute(_PRIVILEGES, closed):
        yield finding("grant", f"{row.role} has no {row.privilege} on the database", owns)


def neighbours(connection: Connection, role_prefix: str) -> Iterator[Finding]:
    """Find the other databases of the server that roles of this prefix open."""
    others = list(connection.execute(_NEIGHBOURS, {"owner": role_names(role_prefix)[0]}).scalars())
    if others:
        yield Finding(
            f"roles {role_prefix}_*",
            f"they open {', '.join(others[:3])}{' and others' if len(others) > 3 else ''} too",
            "keep repositories apart by a --role-prefix each",
            needed=False,
        )


def advice(connection: Connection) -> Iterator[Finding]:
    """Find what isn't needed, and would be better otherwise."""
    if connection.execute(_OPEN_FUNCTIONS).scalar_one():
        yield Finding(
            "functions for advisory locks and large objects",
            "anybody may call them",
            "let a superuser run what 'butler db init --sql' prints; a managed server may have none",
            needed=False,
        )


def levels(connection: Connection, role_prefix: str) -> Iterator[Finding]:
    """Find whose transactions begin under an isolation level that functions which write refuse.

    Butler's own sessions name the level that they need; those of psql and of
    other programs begin with what is set.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        To the database.
    role_prefix : `str`
        What the names of the roles begin with; readers may read as they like.
    """
    owner, writer, _ = role_names(role_prefix)
    for row in connection.execute(_LEVELS, {"roles": [owner, writer]}):
        yield Finding(
            "setting default_transaction_isolation",
            f"it is {row.level!r} for {row.whose}, and functions that write need 'read committed'",
            row.remedy,
        )


def locks(connection: Connection) -> Iterator[Finding]:
    """Find whether there is room for the locks that an upgrade of all registries takes."""
    found = connection.execute(_LOCKS).one()
    if found.taken > found.setting * found.sessions:
        enough = -(-found.taken // found.sessions)
        yield Finding(
            "setting max_locks_per_transaction",
            f"an upgrade of {found.registries} registries takes {found.taken} locks, there is room for"
            f" {found.setting * found.sessions}",
            f"raise it to {2 * enough}, and restart the server",
        )


def _missing_extensions(connection: Connection) -> Iterator[tuple[str, bool | None]]:
    """Give each, and whether this login may create it; `None` if the server doesn't have it."""
    missing = list(connection.execute(_MISSING_EXTENSIONS).scalars())
    if missing:
        available = {row.name: row.may for row in connection.execute(_AVAILABLE, {"names": missing})}
        yield from ((name, available.get(name)) for name in missing)
