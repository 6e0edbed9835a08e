"""Has the installed Butler, not a source beside it, make, migrate and serve a repository in a new folder."""

from __future__ import annotations

import sys
from pathlib import Path

import butler
from butler import Butler, DatasetType
from butler.cameras import CameraDefinition
from butler.embedded import EmbeddedServer
from butler.registry.postgres.engine import one_transaction
from butler.repository import create_repository
from butler.schema.migrations import check, downgrade, upgrade
from butler.schema.objects import sql_root

assert Path(butler.__file__).is_relative_to(sys.prefix), butler.__file__
cameras = sorted((sql_root().parent / "share" / "cameras").glob("*.yaml"))
assert cameras, "no camera to start from"
assert (sql_root() / "migrations" / "script.py.mako").exists(), "no template of revisions"

config = create_repository("repo", durable=False)
try:
    with Butler("repo", run="u/wheel") as b:
        b.registry.definitions.register_dataset_type(DatasetType("note", "Dict", ()))
        ref = b.put({"from": "a wheel"}, "note")
        assert b.get("note") == {"from": "a wheel"}
        assert list(b.verify()) == []
        for camera in cameras:
            b.registry.definitions.register_camera(CameraDefinition.read(camera).to_json())
    with one_transaction(config.dsn("owner")) as connection:
        assert check(connection) == []
        downgrade(connection, "base", everything=True)
        upgrade(connection)
        assert check(connection) == []
finally:
    EmbeddedServer(Path("repo")).destroy()
print("served")
