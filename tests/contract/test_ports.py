"""Ports are small, each has one place on each floor, and closed sets are no texts: read from the classes."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from abc import ABC
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import pytest

import butler
import butler.datastore.interfaces
import butler.datastore.storage.base
from butler.registry import Registry
from butler.registry.interfaces import PORTS
from butler.testing.registry import RegistryTests

PACKAGE = Path(butler.__file__).parent

DATASTORE_PORTS = [
    butler.datastore.interfaces.Datastore,
    butler.datastore.interfaces.FileIntake,
    butler.datastore.interfaces.Inventory,
    butler.datastore.storage.base.Storage,
]


def modules() -> Iterator[str]:
    """Name all modules but those that are programs."""
    for module in pkgutil.walk_packages(butler.__path__, "butler."):
        if not module.name.endswith(".__main__"):
            yield module.name


def classes() -> Iterator[type]:
    for name in modules():
        for value in vars(importlib.import_module(name)).values():
            if inspect.isclass(value) and value.__module__ == name:
                yield value


def owned(cls: type) -> dict[str, object]:
    """Give what a class has of public names, wherever in the package it has them from."""
    found: dict[str, object] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.partition(".")[0] == "butler":
            found |= vars(base)
    return {name: value for name, value in found.items() if not name.startswith("_")}


def methods(cls: type) -> set[str]:
    kinds = (classmethod, staticmethod)
    return {
        name for name, value in owned(cls).items() if inspect.isfunction(value) or isinstance(value, kinds)
    }


def properties(cls: type) -> set[str]:
    kinds = (property, cached_property)
    return {name for name, value in owned(cls).items() if isinstance(value, kinds)}


@pytest.mark.parametrize("port", [*PORTS.values(), *DATASTORE_PORTS], ids=lambda port: port.__name__)
def test_a_port_has_twelve_methods_at_most(port: type[ABC]) -> None:
    constructors = {name for name in methods(port) if isinstance(vars(port).get(name), classmethod)}
    assert 0 < len(methods(port) - constructors) <= 12


def test_no_class_has_more_than_twenty_public_methods() -> None:
    large = {
        f"{cls.__module__}.{cls.__qualname__}": len(methods(cls) | properties(cls))
        for cls in classes()
        # A suite is a list of tests, which nobody calls.
        if not cls.__module__.startswith("butler.testing.")
    }
    assert len(large) > 200
    assert {name: number for name, number in large.items() if number > 20} == {}


# A capability is one word, and has one place on each floor ------------------------


def test_the_capabilities_of_a_registry_are_its_ports() -> None:
    assert properties(Registry) - {"name"} == PORTS.keys()
    for capability, port in PORTS.items():
        assert inspect.isabstract(port)
        assert methods(port) == set(port.__abstractmethods__), "a port decides nothing"
        annotations = inspect.get_annotations(vars(Registry)[capability].fget, eval_str=True)
        assert annotations["return"] is port


@pytest.mark.parametrize(("capability", "port"), PORTS.items(), ids=PORTS)
def test_a_capability_has_a_port_an_adapter_and_a_suite_of_its_name(capability: str, port: type[ABC]) -> None:
    assert port.__module__ == f"butler.registry.interfaces.{capability}"
    adapters = importlib.import_module(f"butler.registry.postgres.{capability}")
    adapter = getattr(adapters, f"Postgres{port.__name__}")
    assert issubclass(adapter, port)
    assert methods(adapter) == methods(port), "what an adapter has beside its port, nobody else's has"
    suites = importlib.import_module(f"butler.testing.registry.{capability}")
    assert issubclass(RegistryTests, getattr(suites, f"{port.__name__}Tests"))


@pytest.mark.parametrize(("capability", "port"), PORTS.items(), ids=PORTS)
def test_the_suite_of_a_port_calls_each_of_its_methods(capability: str, port: type[ABC]) -> None:
    suite = PACKAGE / "testing" / "registry" / f"{capability}.py"
    used = {
        node.attr
        for node in ast.walk(ast.parse(suite.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert methods(port) - used == set()


# Closed sets ----------------------------------------------------------------------

CLOSED = {"mode", "state", "status", "outcome", "fault", "by", "collection_type", "dataset_state", "derived"}
"""Names of what is one of a few values."""

OPEN = {
    "butler/maintenance/repair.py: outcome": "tells why a repair failed",
    "butler/provenance/namespace.py: by": "names a role of the database",
    "butler/registry/interfaces/provenance.py: by": "names a role of the database",
    "butler/registry/postgres/provenance.py: by": "names a role of the database",
}
"""What goes by one of these names, and is a free text."""


def plain_texts(path: Path) -> Iterator[str]:
    """Give the public parameters and fields of these names that a module declares as texts."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        declared: list[tuple[str, ast.expr | None]] = []
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.name.startswith("_"):
            arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            declared = [(argument.arg, argument.annotation) for argument in arguments]
        elif isinstance(node, ast.ClassDef):
            declared = [
                (field.target.id, field.annotation)
                for field in node.body
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
            ]
        for name, annotation in declared:
            if annotation is not None and name in CLOSED and ast.unparse(annotation) in ("str", "str | None"):
                yield f"{path.relative_to(PACKAGE.parent).as_posix()}: {name}"


def test_what_is_one_of_a_few_values_is_no_plain_text() -> None:
    found = {text for path in sorted(PACKAGE.rglob("*.py")) for text in plain_texts(path)}
    assert sorted(found - OPEN.keys()) == []
    assert OPEN.keys() <= found
