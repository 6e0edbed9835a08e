"""The made-up survey that every layout files its datasets of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import psycopg2.extensions
from sqlalchemy import create_engine
from sqlalchemy.engine import Connection
from sqlalchemy.pool import NullPool

from butler.schema.install import run_sql
from butler.schema.migrations import initialise, upgrade
from butler.schema.objects import sql_root

__all__ = ["PER_VISIT", "SURVEY", "connect", "make_database", "make_survey", "script"]

SURVEY = "layout_survey"
"""Database that holds it, to be cloned."""

PER_VISIT = 1468
"""Datasets: 14 types of 100 sensors, 2 of the visit, 66 of patches."""

_COADDS_PER_VISIT = 66
_COADDS_PER_TRACT = 1500
_TRACTS_PER_ROW = 20


def make_survey(server: str, visits: int) -> None:
    """Make a database with the registry's schema and so many visits, sensors, tracts and patches.

    Parameters
    ----------
    server : `str`
        Connection string of a superuser; the database is made anew.
    visits : `int`
        How many.
    """
    make_database(server, SURVEY)
    with _transaction(server, "postgres") as superuser:
        initialise(superuser)
        run_sql(superuser, (sql_root() / "login_roles.sql").read_text(encoding="utf-8"))
    with _transaction(server, "butler_owner") as owner:
        upgrade(owner)
    rows = -(-visits * _COADDS_PER_VISIT // (_COADDS_PER_TRACT * _TRACTS_PER_ROW))
    survey = script("survey").replace(":visits", str(visits)).replace(":tracts", str(rows * _TRACTS_PER_ROW))
    connection = connect(server, SURVEY)
    connection.autocommit = True
    connection.cursor().execute(survey)
    connection.cursor().execute("VACUUM ANALYZE")
    connection.close()


@contextmanager
def _transaction(server: str, user: str) -> Iterator[Connection]:
    engine = create_engine(
        "postgresql+psycopg2://", creator=lambda: connect(server, SURVEY, user=user), poolclass=NullPool
    )
    with engine.begin() as connection:
        yield connection


def script(name: str) -> str:
    """Read one of the SQL files beside this module."""
    return (Path(__file__).parent / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def connect(
    server: str, database: str, user: str = "postgres", options: str = ""
) -> psycopg2.extensions.connection:
    """Connect to another database of the same server."""
    return psycopg2.connect(server, dbname=database, user=user, options=options)


def make_database(server: str, name: str, template: str = "template1") -> None:
    """Make a database anew, of that name."""
    connection = psycopg2.connect(server)
    connection.autocommit = True
    connection.cursor().execute(f"DROP DATABASE IF EXISTS {name}")
    connection.cursor().execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    connection.close()
