"""Butler's sessions work under READ COMMITTED, whatever a role, the database or the environment begins with."""

from __future__ import annotations

import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from butler import Butler, DatasetType
from butler.config import RepositoryConfig
from butler.testing.databases import Database
from butler.values import new_dataset_id
from servers.conftest import Pooler
from servers.work import work

WAITING = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"
LEVELS = ["repeatable read", "serializable"]


@pytest.fixture(params=LEVELS)
def level(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["role", "database", "PGOPTIONS"])
def default(
    request: pytest.FixtureRequest, database: Database, level: str, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The level is the default of what connects from now on."""
    setting = f"default_transaction_isolation = '{level}'"
    if request.param == "PGOPTIONS":
        escaped = level.replace(" ", r"\ ")
        monkeypatch.setenv("PGOPTIONS", f"-c default_transaction_isolation={escaped}")
        return "PGOPTIONS"
    cursor = database.connect("superuser").cursor()
    if request.param == "database":
        cursor.execute(f"ALTER DATABASE {database.name} SET {setting}")
    for role in ("owner", "writer", "reader") if request.param == "role" else ():
        cursor.execute(f"ALTER ROLE butler_{role} IN DATABASE {database.name} SET {setting}")
    return str(request.param)


def asked(cursor: Any, question: str) -> Any:
    cursor.execute(question)
    ((answer,),) = cursor.fetchall()
    return answer


def test_all_works_under_another_default(
    default: str, repo: Path, database: Database, level: str, tmp_path: Path
) -> None:
    assert asked(database.connect("writer").cursor(), "SHOW transaction_isolation") == level
    with Butler(repo, run="u/me") as butler:
        assert butler.registry.query("SHOW transaction_isolation").scalar() == "read committed"
        work(butler, "a", tmp_path)
        assert list(butler.verify()) == []


@pytest.mark.parametrize("default", ["role", "database"], indirect=True)
def test_and_through_a_pooler(
    default: str, repo: Path, database: Database, pooler: Pooler, tmp_path: Path
) -> None:
    config = RepositoryConfig.read(repo)
    dsns = {role: pooler.dsn(database.name, role) for role in ("owner", "writer", "reader")}
    RepositoryConfig(repo, dsns, config.registry, config.datastores).write()
    with Butler(repo, run="u/me") as butler:
        work(butler, "a", tmp_path)
        assert list(butler.verify()) == []


def test_the_trash_isn_t_emptied_of_a_file_that_is_being_registered_anew(
    default: str, repo: Path, database: Database
) -> None:
    with Butler(repo, run="u/me", role="owner") as butler:
        butler.registry.definitions.register_dataset_type(DatasetType("night", "Text", ()))
        butler.registry.puts.open_run("u/me")
        file = Path(butler.datastore.root.removeprefix("file://")) / "night.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text("of a night")
        loader, onlooker = (database.connect(role).cursor() for role in ("writer", "superuser"))

        def register() -> str:
            loader.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
            dataset_id = str(new_dataset_id())
            artifact = {
                "datastore": butler.datastore.name,
                "path": file.name,
                "formatter": "text",
                "size": file.stat().st_size,
                "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            }
            dataset = {
                "dataset_id": dataset_id,
                "dataset_type": "night",
                "data_id": {},
                "artifacts": [artifact],
            }
            loader.execute("SELECT butler.put('u/me', %s)", [json.dumps([dataset])])
            return dataset_id

        register()
        loader.execute("COMMIT")
        butler.remove(butler.query.datasets("night", collections="u/me"))
        anew = register()
        with ThreadPoolExecutor(1) as thread:
            emptying = thread.submit(butler.removal.empty_trash, older_than=timedelta(0))
            while not asked(onlooker, WAITING):
                assert not emptying.done(), emptying.result()
                time.sleep(0.01)
            loader.execute("COMMIT")
            assert emptying.result().artifacts == 1
        assert file.read_text() == "of a night"
        (ref,) = butler.query.datasets("night", collections="u/me")
        assert str(ref.id) == anew
        assert butler.get(ref) == "of a night"
        assert list(butler.verify()) == []
