"""Who may do what: by the catalogue, and by trying."""

from __future__ import annotations

import psycopg2
import pytest
from db.session import Session, refused
from db.world import contents

READS = {
    "artifact_path",
    "claims_of_datasets",
    "claims_of_files",
    "count_artifacts",
    "drifted_overlap",
    "drifted_storage_use",
    "drifted_visit_overlap",
    "drifted_visits",
    "find_dataset",
    "find_in_run",
    "get_dataset",
    "get_dataset_type",
    "held_runs",
    "prepare_put",
    "query_dataset_columns",
    "query_datasets",
    "running_quanta",
    "trash_delay",
    "grace_period",
    "sky_box",
    "sky_center",
    "sky_circle",
    "installation_id",
    "sky_hull",
    "sky_point",
    "sky_polygon",
    "sky_s_region",
    "sky_separation",
    "sky_vertices",
    "sky_within",
    "state_name",
    "tai_to_utc",
    "stored_artifacts",
    "datasets_without_artifacts",
    "utc_to_tai",
    "verified_up_to",
}
WRITES = {
    "admit_client",
    "associate",
    "begin_quantum",
    "claim_loose_files",
    "claim_trash",
    "disassociate",
    "drop_trash",
    "end_dead_quanta",
    "end_quantum",
    "fold_storage_use",
    "freeze_collection",
    "hold_run",
    "hold_trash",
    "mark_found",
    "mark_lost",
    "merge_datasets",
    "open_run",
    "predict_inputs",
    "put",
    "recompute_overlap",
    "recompute_storage_use",
    "recompute_visit_regions",
    "recompute_visit_overlap",
    "register_camera",
    "register_collection",
    "register_dataset_type",
    "register_datastore",
    "register_skymap",
    "register_units",
    "release_run",
    "remove",
    "remove_collection",
    "restore",
    "set_chain",
    "set_run_environment",
    "set_verified",
    "stage_datasets",
    "unstore",
}
ROLES = ("butler_reader", "butler_writer")
SCHEMAS = ["butler", "butler_internal", "butler_common"]

RELATIONS = """
    SELECT n.nspname, c.relname, c.relkind::text, c.oid::regclass::text, c.relacl::text
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY (%s) AND c.relkind IN ('r', 'v', 'S', 'm', 'p', 'f')
    ORDER BY 1, 2
"""


def test_roles_have_exactly_select_on_the_views_of_the_contract(still: dict[str, Session]) -> None:
    granted = still["owner"].rows(
        """
        SELECT r.role, c.oid::regclass::text, p.privilege
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        CROSS JOIN unnest(%s) AS r (role)
        CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p (privilege)
        WHERE n.nspname = ANY (%s) AND c.relkind IN ('r', 'v') AND has_table_privilege(r.role, c.oid, p.privilege)
        """,
        list(ROLES),
        SCHEMAS,
    )
    views = [
        name
        for schema, _, kind, name, _ in still["owner"].rows(RELATIONS, SCHEMAS)
        if (schema, kind) == ("butler", "v")
    ]
    assert sorted(granted) == sorted((role, view, "SELECT") for role in ROLES for view in views)
    assert len(views) > 50


def test_no_column_is_granted_alone_and_no_sequence_at_all(still: dict[str, Session]) -> None:
    assert (
        still["owner"].rows(
            "SELECT attrelid::regclass, attname FROM pg_attribute WHERE attacl IS NOT NULL AND attrelid >= 16384"
        )
        == []
    )
    assert (
        still["owner"].rows(
            "SELECT c.oid::regclass FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace, unnest(%s) AS r (role)"
            " WHERE n.nspname = ANY (%s) AND c.relkind = 'S' AND has_sequence_privilege(r.role, c.oid, 'USAGE, SELECT, UPDATE')",
            list(ROLES),
            SCHEMAS,
        )
        == []
    )


def test_roles_may_call_exactly_the_functions_of_the_contract(still: dict[str, Session]) -> None:
    callable_ = still["owner"].rows(
        "SELECT r.role, n.nspname, p.proname FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace,"
        " unnest(%s) AS r (role) WHERE n.nspname = ANY (%s) AND has_function_privilege(r.role, p.oid, 'EXECUTE')",
        list(ROLES),
        SCHEMAS,
    )
    assert sorted(callable_) == sorted(
        [("butler_reader", "butler", name) for name in READS]
        + [("butler_writer", "butler", name) for name in READS | WRITES]
    )


def test_readers_call_what_writes_nothing_and_nothing_else(still: dict[str, Session]) -> None:
    volatile = still["owner"].rows(
        "SELECT p.proname, p.provolatile = 'v' FROM pg_proc AS p WHERE p.pronamespace = 'butler'::regnamespace"
    )
    assert {name for name, writes in volatile if writes} == WRITES
    assert {name for name, writes in volatile if not writes} == READS


def test_public_may_do_nothing(still: dict[str, Session]) -> None:
    assert (
        still["owner"].rows(
            """
        SELECT p.oid::regprocedure::text FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
        CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
        WHERE n.nspname LIKE 'butler%' AND a.grantee = 0
        UNION ALL
        SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        CROSS JOIN LATERAL aclexplode(c.relacl) AS a WHERE n.nspname LIKE 'butler%' AND a.grantee = 0
        UNION ALL
        SELECT n.nspname FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS a
        WHERE n.nspname LIKE 'butler%' AND a.grantee = 0
        """
        )
        == []
    )


@pytest.mark.parametrize("role", ["reader", "writer"])
def test_a_role_enters_one_schema_and_makes_nothing_in_it(still: dict[str, Session], role: str) -> None:
    session = still[role]
    assert session.column(
        "SELECT n FROM unnest(%s) AS n WHERE has_schema_privilege(n, 'USAGE')", SCHEMAS
    ) == ["butler"]
    for schema in [*SCHEMAS, "public"]:
        assert not session.scalar("SELECT has_schema_privilege(%s, 'CREATE')", schema)
    assert (
        session.rows(
            "SELECT p FROM unnest(ARRAY['CREATE', 'TEMPORARY']) AS p WHERE has_database_privilege(current_database(), p)"
        )
        == []
    )


@pytest.mark.parametrize("role", ["reader", "writer"])
def test_every_write_around_the_functions_is_refused(still: dict[str, Session], role: str) -> None:
    session, before = still[role], contents(still["owner"])
    # The setting is a default of the session; grants must hold without it.
    session.rows("SET default_transaction_read_only = off")
    relations = still["owner"].rows(RELATIONS, SCHEMAS)
    for schema, name, kind, *_ in relations:
        full = f"{schema}.{name}"
        if kind == "S":
            attempts = [f"SELECT nextval('{full}')", f"SELECT setval('{full}', 1)"]
        else:
            column = still["owner"].scalar(
                "SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = %s::regclass AND a.attnum > 0"
                " AND a.attgenerated = '' LIMIT 1",
                full,
            )
            attempts = [
                f"INSERT INTO {full} DEFAULT VALUES",
                f"UPDATE {full} SET {column} = {column}",
                f"DELETE FROM {full}",
                f"TRUNCATE {full}",
                f"ALTER TABLE {full} RENAME TO other",
                f"DROP {'VIEW' if kind == 'v' else 'TABLE'} {full} CASCADE",
                f"COMMENT ON {'VIEW' if kind == 'v' else 'TABLE'} {full} IS 'mine'",
                f"LOCK TABLE {full} IN ACCESS EXCLUSIVE MODE",
            ]
            if kind == "r":
                attempts += [
                    f"SELECT FROM {full}",
                    f"CREATE TRIGGER mine BEFORE INSERT ON {full} EXECUTE FUNCTION suppress_redundant_updates_trigger()",
                ]
        for attempt in attempts:
            # A view that nobody could write into says so before it looks who asks.
            session.rows("BEGIN")
            with pytest.raises(psycopg2.Error) as caught:
                session.rows(attempt)
            session.rows("ROLLBACK")
            not_writable = {"55000", "42809"} if kind == "v" else set()
            assert caught.value.pgcode in {"42501", *not_writable}, f"{attempt}: {caught.value}"
    session.rows("RESET default_transaction_read_only")
    assert contents(still["owner"]) == before
    assert still["owner"].rows(RELATIONS, SCHEMAS) == relations


@pytest.mark.parametrize("role", ["reader", "writer"])
@pytest.mark.parametrize(
    "attempt",
    [
        "CREATE TABLE butler.mine (x integer)",
        "CREATE TABLE public.mine (x integer)",
        "CREATE TEMPORARY TABLE mine (x integer)",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION butler.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION butler.tai_to_utc(p_tai timestamp) RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'",
        "ALTER FUNCTION butler.tai_to_utc(timestamp) SECURITY INVOKER",
        "CREATE ROLE mine",
        "SET ROLE butler_owner",
        "CREATE EXTENSION pg_trgm",
        "ALTER DATABASE postgres SET search_path = mine",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "COPY (SELECT 1) TO '/tmp/mine'",
        "SELECT pg_read_file('/etc/passwd')",
    ],
)
def test_making_things_and_reaching_out_is_refused(
    still: dict[str, Session], role: str, attempt: str
) -> None:
    still[role].rows("SET default_transaction_read_only = off")
    with refused("42501"):
        still[role].rows(attempt)
    still[role].rows("RESET default_transaction_read_only")


def test_a_reader_selects_every_view_whole(still: dict[str, Session]) -> None:
    for schema, name, kind, *_ in still["owner"].rows(RELATIONS, SCHEMAS):
        if schema == "butler" and kind == "v":
            still["reader"].rows(f"SELECT * FROM butler.{name}")


@pytest.mark.parametrize("role", ["reader", "writer"])
def test_calls_are_refused_where_they_aren_t_granted_and_only_there(
    still: dict[str, Session], role: str
) -> None:
    functions = still["owner"].rows(
        "SELECT n.nspname, p.proname, ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) AS t)"
        " FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace"
        " WHERE n.nspname = ANY (%s) AND p.prorettype <> 'trigger'::regtype",
        SCHEMAS,
    )
    allowed = READS | WRITES if role == "writer" else READS
    session = still[role]
    for schema, name, types in functions:
        arguments = ", ".join(f"NULL::{name}" for name in types)
        session.rows("BEGIN READ WRITE")
        try:
            session.rows(f"SELECT {schema}.{name}({arguments})")
            code = None
        except psycopg2.Error as error:
            code = error.pgcode
        session.rows("ROLLBACK")
        assert (code == "42501") == (schema != "butler" or name not in allowed), f"{schema}.{name}: {code}"


def test_a_reader_writes_nothing_even_by_a_function_it_may_call(still: dict[str, Session]) -> None:
    with refused("42501"):
        still["reader"].call("register_collection", "mine", "run")
    with refused("25006"):
        still["reader"].rows("CREATE TABLE butler.mine (x integer)")


def test_a_role_of_its_own_gets_in_by_membership(still: dict[str, Session], database: object) -> None:
    import psycopg2.extensions

    administrator = Session(database.connect("superuser"))  # type: ignore[attr-defined]
    administrator.rows("DROP ROLE IF EXISTS alice")
    administrator.rows("CREATE ROLE alice LOGIN IN ROLE butler_writer")
    try:
        connection: psycopg2.extensions.connection = psycopg2.connect(
            database.dsn("superuser").replace("postgres@", "alice@")  # type: ignore[attr-defined]
        )
        connection.autocommit = True
        alice = Session(connection)
        assert alice.call("register_collection", "u/alice", "tagged")
        assert alice.scalar("SELECT owner FROM butler.collection WHERE collection = 'u/alice'") == "alice"
        with alice.transaction():
            alice.call("stage_datasets")
            alice.rows("INSERT INTO pg_temp.butler_stage_dataset (row_number) SELECT 1 WHERE false")
        with refused("42501"):
            alice.rows("DELETE FROM butler_internal.collection")
        connection.close()
    finally:
        administrator.rows("DROP ROLE alice")
