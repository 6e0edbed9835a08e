"""One Butler in many threads, on both sides of a fork, and sent to worker processes."""

from __future__ import annotations

import os
import pickle
import threading
import traceback
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from butler import Butler
from butler.config import RepositoryConfig
from butler.datastore.config import DatastoreConfig
from butler.deferred import DeferredDataset
from butler.errors import NotSupportedError
from butler.registry import Registry
from servers.work import work


def backend(registry: Registry) -> int:
    """Give the id of the server's process at the other end of a connection."""
    return int(registry.query("SELECT pg_backend_pid()").scalar())


def test_one_butler_serves_eight_threads(butler: Butler, tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def run(who: str) -> None:
        together.wait()
        work(butler, who, tmp_path)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, "abcdefgh"))
    assert len(butler.query.datasets("note")) == 8 * 6
    assert list(butler.verify()) == []


def test_parent_and_child_both_go_on_after_a_fork(butler: Butler, tmp_path: Path) -> None:
    work(butler, "before", tmp_path)
    mine = backend(butler.registry)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work(butler, "child", tmp_path)
            os.write(writing, str(backend(butler.registry)).encode())
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    work(butler, "parent", tmp_path)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert backend(butler.registry) == mine, "the child has left the parent's connection alone"
    assert int(os.read(reading, 100)) != mine
    os.close(reading)
    os.close(writing)
    assert butler.get("note", label="child0") == "child"
    assert len(butler.query.datasets("note")) == 18
    assert list(butler.verify()) == []


def test_a_fork_amid_the_work_of_threads_leaves_the_child_a_butler_that_works(
    butler: Butler, tmp_path: Path
) -> None:
    """Whoever holds a lock of the pool in the parent isn't there in the child to give it up."""
    work(butler, "before", tmp_path)
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            butler.get("note", label="before0")

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(4)]
        children = []
        for _ in range(5):
            child = os.fork()
            if child == 0:
                status = 1
                try:
                    status = int(butler.get("note", label="before0") != "before")
                except BaseException:
                    traceback.print_exc()
                finally:
                    os._exit(status)
            children.append(child)
        statuses = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        stop.set()
        for reader in readers:
            reader.result()
    assert statuses == [0] * 5


def work_there(butler: Butler, who: str, folder: Path) -> int:
    with butler:
        work(butler, who, folder)
        return os.getpid()


def read_there(deferred: DeferredDataset) -> str:
    return str(deferred.get())


@pytest.mark.parametrize("start", ["spawn", "fork", "forkserver"])
def test_a_butler_is_sent_to_worker_processes(butler: Butler, tmp_path: Path, start: str) -> None:
    work(butler, "here", tmp_path)
    with ProcessPoolExecutor(2, mp_context=get_context(start)) as pool:
        there = [pool.submit(work_there, butler, f"there{number}", tmp_path) for number in range(4)]
        assert os.getpid() not in {one.result() for one in there}
        deferred = butler.get_deferred("note", label="here0")
        assert pool.submit(read_there, deferred).result() == "here"
    assert len(butler.query.datasets("note")) == 5 * 6
    assert list(butler.verify()) == []


def test_a_butler_arrives_as_it_was_sent(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo.parent)
    with Butler(repo.name, run="u/me", collections=["a", "b"], role="reader") as sent:
        monkeypatch.chdir("/")  # as a worker may be elsewhere
        with pickle.loads(pickle.dumps(sent)) as arrived:
            assert (arrived.run, arrived.search_path) == (sent.run, sent.search_path)
            assert arrived.registry.query("SELECT current_user").scalar() == "butler_reader"
            assert arrived.datastore.root == sent.datastore.root


def test_a_datastore_of_ones_own_is_sent_along(repo: Path, tmp_path: Path) -> None:
    from butler.datastore import open_datastore

    other = open_datastore({"type": "posix", "root": str(tmp_path / "other")}, repo)
    with Butler(repo, datastore=other) as sent, pickle.loads(pickle.dumps(sent)) as arrived:
        assert arrived.datastore.root == other.root != Butler(repo).datastore.root


def test_a_datastore_in_memory_can_t_be_sent_and_says_so(repo: Path) -> None:
    config = RepositoryConfig.read(repo)
    memory = DatastoreConfig.from_plain({"type": "memory"})
    RepositoryConfig(repo, config.dsns, config.registry, {"main": memory}).write()
    with Butler(repo) as butler, pytest.raises(NotSupportedError, match="this process's memory") as caught:
        pickle.dumps(butler)
    assert "posix" in str(caught.value)
