"""A registry of one capability passes that port's suite, and says of all others that it hasn't got them."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import replace
from operator import attrgetter
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from butler import Butler
from butler.cli.failures import GuardedGroup
from butler.datastore import open_datastore
from butler.errors import NotSupportedError
from butler.registry import Registry
from butler.registry.interfaces import PORTS
from butler.testing.registry import Contents, LookupTests
from butler.testing.registry.contents import make_contents
from butler.testing.registry.fixtures import RAW
from butler.values import DatasetRef
from registry import lookup_alone
from registry.lookup_alone import LookupAlone

LACKING = sorted(PORTS.keys() - {"lookup"})


class TestLookupAlone(LookupTests):
    @pytest.fixture
    def registry(self, contents: Contents) -> Registry:
        return LookupAlone(contents)

    @pytest.fixture
    def archive(self, registry: Registry) -> Registry:
        return registry


@pytest.fixture(scope="module")
def registry() -> Registry:
    return LookupAlone(make_contents())


@pytest.fixture(scope="module")
def workers() -> Iterator[Executor]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield pool


def test_a_registry_of_one_capability_is_small() -> None:
    assert lookup_alone.__file__ is not None
    assert len(Path(lookup_alone.__file__).read_text(encoding="utf-8").splitlines()) < 120


def refused(error: NotSupportedError, capability: str) -> None:
    assert type(error) is NotSupportedError
    assert error.message == f"registry 'dicts' (LookupAlone) has no {capability}"
    assert error.details == {"registry": "dicts", "capability": capability}
    assert error.hint is not None
    assert f"property {capability!r}" in error.hint
    assert f"{PORTS[capability].__module__}.{PORTS[capability].__name__}" in error.hint


@pytest.mark.parametrize("capability", LACKING)
def test_what_it_lacks_is_refused_by_name(registry: Registry, capability: str) -> None:
    with pytest.raises(NotSupportedError) as caught:
        getattr(registry, capability)
    refused(caught.value, capability)


@pytest.mark.parametrize("capability", LACKING)
def test_what_a_copy_lacks_is_refused_by_an_error_that_is_copied(registry: Registry, capability: str) -> None:
    for again in (pickle.loads(pickle.dumps(registry)), copy.copy(registry), copy.deepcopy(registry)):
        with pytest.raises(NotSupportedError) as caught:
            getattr(again, capability)
        refused(caught.value, capability)
        refused(pickle.loads(pickle.dumps(caught.value)), capability)


@pytest.mark.parametrize("capability", LACKING)
def test_what_a_worker_s_copy_lacks_is_refused_here(
    registry: Registry, workers: Executor, capability: str
) -> None:
    with pytest.raises(NotSupportedError) as caught:
        workers.submit(attrgetter(capability), registry).result()
    refused(caught.value, capability)


def looked_up(registry: Registry) -> DatasetRef | None:
    return registry.lookup.find("raw", RAW, ["all"])


def test_a_worker_looks_up_what_is_looked_up_here(registry: Registry, workers: Executor) -> None:
    assert workers.submit(looked_up, registry).result() == looked_up(registry) is not None


def test_a_short_way_to_what_it_lacks_is_refused_as_that_is(registry: Registry) -> None:
    with pytest.raises(NotSupportedError) as caught:
        registry.query("SELECT 1")
    refused(caught.value, "queries")


@pytest.mark.parametrize("capability", LACKING)
def test_asking_whether_it_has_it_hides_nothing(registry: Registry, capability: str) -> None:
    with pytest.raises(NotSupportedError):
        hasattr(registry, capability)
    with pytest.raises(NotSupportedError):
        getattr(registry, capability, None)
    assert capability in dir(registry)
    assert not hasattr(registry, capability + "s_of_another_kind")


# Under a Butler and a command ------------------------------------------------------


@pytest.fixture
def over_files(tmp_path: Path) -> Butler:
    """A Butler that looks up there, and reads files."""
    contents = make_contents()
    datastore = open_datastore({"type": "posix", "root": "data"}, tmp_path, "store")
    stored = [
        replace(ref, artifacts=datastore.put({"n": n}, ref.id, f"raw/{n}", "Dict", "raw", {}))
        for n, ref in enumerate(contents.datasets)
        if ref.dataset_type.name == "raw"
    ]
    registry = LookupAlone(replace(contents, datasets=tuple(stored)))
    return Butler(registry=registry, datastore=datastore, run="r/new", collections=["all"])


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_a_butler_over_it_finds_and_gets_here_and_in_workers(over_files: Butler, workers: Executor) -> None:
    ref = over_files.find("raw", RAW, collections=["r/two"])
    assert over_files.get(ref) == over_files.get("raw", RAW, collections=["all"]) == {"n": 3}
    assert over_files.exists(ref)
    assert workers.submit(over_files.get, ref).result() == {"n": 3}


def test_a_butler_over_it_names_what_is_lacking_and_leaves_nothing(
    over_files: Butler, tmp_path: Path
) -> None:
    ref = over_files.find("raw", RAW, collections=["r/two"])
    before = files(tmp_path)
    for attempt in (
        lambda: over_files.put({}, "raw", RAW),
        lambda: over_files.remove([ref]),
        lambda: over_files.unstore([ref]),
        lambda: over_files.associate("best", [ref]),
        lambda: over_files.collections.list(),
        lambda: len(over_files.query.datasets("raw", collections=["all"])),
        lambda: over_files.quantum("isr", RAW).__enter__(),
        lambda: list(over_files.verify()),
        lambda: over_files.removal.empty_trash(),
        lambda: list(over_files.maintenance.reap()),
    ):
        with pytest.raises(NotSupportedError, match=r"^registry 'dicts' \(LookupAlone\) has no \w+"):
            attempt()
    assert files(tmp_path) == before


def test_a_command_over_it_ends_with_one_line_and_what_to_do(registry: Registry) -> None:
    application = typer.Typer(cls=GuardedGroup)
    application.callback()(lambda: None)
    application.command("ask")(lambda: print(registry.query("SELECT 1")))
    done = CliRunner().invoke(application, ["ask"])
    assert done.exit_code == 1
    first, hint = done.stderr.splitlines()
    assert first == "error: registry 'dicts' (LookupAlone) has no queries"
    assert "property 'queries'" in hint


def test_it_is_shown_without_asking_for_what_it_lacks(registry: Registry) -> None:
    assert repr(registry) == "<LookupAlone 'dicts'>"
    assert f"{registry}" == repr(registry)
    assert isinstance(registry, Registry)


def test_a_session_of_the_models_is_refused_by_name_too(registry: Registry) -> None:
    with pytest.raises(NotSupportedError, match="has no session"):
        registry.session()
