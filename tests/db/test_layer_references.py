"""What a layer's rows point at is looked up in each of the layers, by functions that are written when it is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg2.errors
import pytest

from butler.registry.postgres.engine import one_transaction
from butler.schema.install import create_layer
from butler.schema.tables import BASE, metadata
from butler.values import new_dataset_id
from db.session import Json, Session, refused
from db.world import datasets, put

RAW = {"camera": "Cam", "visit": 1, "sensor": 1}
ODD = """a'b"c\\d%s%I $q$ $$ ); --"""
"""What would end a text of SQL, an identifier or a format, if it weren't quoted."""
ACROSS = {
    table.name
    for table in metadata.sorted_tables
    if table.schema == BASE and any(key.info.get("across layers") for key in table.foreign_key_constraints)
}

Make = Callable[..., str]


@pytest.fixture
def make(database: Any) -> Make:
    def make(name: str, base: str = "butler") -> str:
        with one_transaction(database.dsn("owner")) as connection:
            create_layer(connection, name, base)
        return name

    return make


def checks(own: Session, registry: str) -> list[tuple[Any, ...]]:
    return own.rows(
        "SELECT c.relname::text, p.proname::text, array_agg(t.tgname::text ORDER BY t.tgname)"
        " FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_proc AS p ON p.oid = t.tgfoid"
        " JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = %s AND p.pronamespace = c.relnamespace"
        " AND starts_with(t.tgname, 'check_references_') GROUP BY 1, 2 ORDER BY 1",
        f"{registry}_internal",
    )


def test_each_table_that_may_point_below_has_a_function_that_looks_there(make: Make, own: Session) -> None:
    assert checks(own, "butler") == []
    events = ["check_references_insert", "check_references_update"]
    for layer in (make("mydb"), make("over", "mydb")):
        assert checks(own, layer) == [
            (table, f"check_references_{table}", events) for table in sorted(ACROSS)
        ]


def test_nobody_but_the_owner_may_use_those_functions(make: Make, own: Session) -> None:
    make("mydb")
    functions = own.rows(
        "SELECT p.prosecdef, pg_get_userbyid(p.proowner)::text, p.proconfig, p.proacl::text, obj_description(p.oid, 'pg_proc')"
        " FROM pg_proc AS p WHERE p.pronamespace = 'mydb_internal'::regnamespace"
        " AND starts_with(p.proname, 'check_references_')"
    )
    assert len(functions) == len(ACROSS)
    for definer, owner, config, access, comment in functions:
        assert definer
        assert (owner, config) == ("butler_owner", ["search_path=pg_catalog, pg_temp"])
        assert access == "{butler_owner=X/butler_owner}"
        assert "through all layers" in comment


def test_in_a_layer_over_nineteen_what_lies_in_each_is_found_and_what_lies_in_none_is_refused(
    make: Make, write: Session
) -> None:
    below = "butler"
    for n in range(1, 20):
        below = make(f"mydb_{n}", below)
    for registry in ("butler", "mydb_1", "mydb_18", "mydb_19"):
        write.rows(f"SELECT {registry}.register_units('label', %s)", Json([{"label": f"of {registry}"}]))
    write.rows("SELECT mydb_19.register_collection('mine', 'run')")
    write.rows("SELECT mydb_10.register_collection('theirs', 'run')")
    found = [{"label": f"of {registry}"} for registry in ("butler", "mydb_1", "mydb_18", "mydb_19")]
    given = Json(datasets("note", *found))
    assert write.scalar("SELECT mydb_19.put('mine', %s)", given) == 4
    with refused("UB104", "no label 'of mydb_18'"):
        write.rows("SELECT mydb_10.put('theirs', %s)", Json(datasets("note", *found)))


def test_the_first_ten_rows_that_point_at_nothing_are_named(make: Make, own: Session, write: Session) -> None:
    make("mydb")
    write.rows("SELECT mydb.register_collection('mine', 'run')")
    with pytest.raises(psycopg2.errors.ForeignKeyViolation) as raised:
        own.rows(
            "INSERT INTO mydb_internal.dataset (dataset_id, run_id, dataset_type_id, created, label)"
            " SELECT gen_random_uuid(), r.run_id, t.dataset_type_id, now(), 'nothing ' || n"
            " FROM mydb_internal.run AS r, butler_internal.dataset_type AS t, generate_series(1, 20) AS n"
            " WHERE t.dataset_type = 'note'"
        )
    said = raised.value.diag
    assert (said.schema_name, said.table_name, said.constraint_name) == (
        "mydb_internal",
        "dataset",
        "fk_dataset_label",
    )
    assert said.message_primary == (
        'no label with {"label": "nothing 1"} in this registry or the layers under it'
    )
    assert said.message_detail is not None
    assert said.message_detail.count('"label": "nothing ') == 10


@pytest.mark.parametrize("registry", ["butler", "mydb", "over"])
def test_what_a_put_points_at_is_kept_until_it_ends_whichever_layer_it_lies_in(
    make: Make, own: Session, write: Session, registry: str
) -> None:
    make("over", make("mydb"))
    write.rows(f"SELECT {registry}.register_units('label', %s)", Json([{"label": "fleeting"}]))
    write.rows("SELECT over.register_collection('mine', 'run')")
    rows = f"SELECT label FROM {registry}_internal.label WHERE label = 'fleeting' FOR UPDATE NOWAIT"
    with write.transaction():
        write.rows("SELECT over.put('mine', %s)", Json(datasets("note", {"label": "fleeting"})))
        with refused("55P03"):
            own.rows(rows)
    assert own.rows(rows) == [("fleeting",)]


def test_an_update_is_checked_as_an_insert(make: Make, own: Session, write: Session) -> None:
    make("mydb")
    write.rows("SELECT mydb.register_collection('mine', 'run')")
    write.rows("SELECT mydb.put('mine', %s)", Json(datasets("raw", RAW)))
    with refused("23503", "no observed_sensor with", constraint="fk_dataset_observed_sensor"):
        own.rows("UPDATE mydb_internal.dataset SET sensor = 77")


def test_a_name_that_would_end_a_text_of_sql_is_quoted_in_those_functions(
    own: Session, write: Session
) -> None:
    """No layer has such a name, by a constraint; the functions don't rest on that."""
    (known,) = put(write, "raw", RAW)
    ((schema, quoted),) = own.rows("SELECT n, quote_ident(n) FROM concat(%s::text, '_internal') AS n", ODD)
    own.rows("ALTER TABLE butler_common.registry DROP CONSTRAINT ck_registry_name")
    own.rows(
        "INSERT INTO butler_common.registry (registry, base, depth, owner) VALUES (%s, 'butler', 1, 'x')", ODD
    )
    own.rows(f"CREATE SCHEMA {quoted}")
    for table in ("collection", "dataset", "dataset_tag"):
        own.rows(f"CREATE TABLE {quoted}.{table} (LIKE butler_internal.{table} INCLUDING ALL)")
    own.rows("SELECT butler_common.make_reference_checks(%s)", ODD)
    insert = (
        f"INSERT INTO {quoted.replace('%', '%%')}.dataset_tag (collection_id, dataset_id, dataset_type_id, digest, known)"
        " SELECT min(c.collection_id), %s, 1, gen_random_uuid(), tstzrange(now(), NULL) FROM butler_internal.collection AS c"
    )
    own.rows(insert, known)
    with pytest.raises(psycopg2.errors.ForeignKeyViolation, match="no dataset with") as raised:
        own.rows(insert, new_dataset_id())
    assert raised.value.diag.schema_name == schema
    assert own.rows("SELECT label FROM butler_internal.label") == [("twilight",)]
