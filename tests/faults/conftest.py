from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from marking import age_marks

from butler import Butler
from butler.config import RepositoryConfig
from butler.datastore.config import DatastoreConfig
from faults.trials import Trials
from faults.wire import Wire
from faults.worker import Workers


@pytest.fixture(scope="session")
def workers() -> Iterator[Workers]:
    with Workers() as workers:
        yield workers


@pytest.fixture
def wire(butler_server: Any) -> Iterator[Wire]:
    with Wire(butler_server.host) as wire:
        yield wire


@pytest.fixture
def trials(repo: Path, database: Any, wire: Wire, workers: Workers, tmp_path: Path) -> Iterator[Trials]:
    age_marks(database.connect("owner"))
    config = RepositoryConfig.read(repo)
    wired = tmp_path / "wired"
    wired.mkdir()
    dsns = {role: wire.through(dsn) for role, dsn in config.dsns.items()}
    files = DatastoreConfig.from_plain({"root": str(repo / "data")})
    RepositoryConfig(wired, dsns, config.registry, {"main": files}).write()
    sources = tmp_path / "night"
    sources.mkdir()
    with Butler(repo) as butler, Butler(repo, role="owner") as owner:
        yield Trials(butler, owner, workers, wire, wired, sources, (str(repo / "data"), str(sources)))


@pytest.fixture
def warmed(trials: Trials, operation: Any) -> Trials:
    """Trials of an operation that has been done once, so that what it imports is there."""
    warm = trials.prepared(operation)
    trials.workers.warm_up(warm)
    assert warm.is_done(trials.butler)
    return trials
