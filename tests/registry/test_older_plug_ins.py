"""A plug-in that was written for another interface is named, with what to change."""

from __future__ import annotations

import re
from typing import Any

import pytest

from butler.errors import NotSupportedError
from butler.registry import Registry
from butler.registry.interfaces import PORTS, Collections, Lookup, Puts
from butler.registry.postgres import PostgresRegistry


def test_a_registry_with_methods_where_capabilities_belong_is_refused_when_it_is_defined() -> None:
    with pytest.raises(NotSupportedError) as caught:

        class OlderRegistry(Registry):
            name = "older"

            def register_camera(self, definition: Any, *, replace: bool = False) -> None: ...

            def collections(self, pattern: str = "*") -> list[Any]:  # type: ignore[override]
                return []

            def find(self, dataset_type: str, data_id: Any, collections: Any) -> Any: ...

            def get_dataset(self, dataset_id: Any) -> Any: ...

            def begin_put(self, run: str, dataset_type: str, data_ids: Any) -> Any: ...

            def finish_put(self, written: Any) -> int:
                return 0

    error = caught.value
    assert f"{__name__}.test_a_registry" in error.message
    assert "OlderRegistry" in error.message
    assert error.details["methods"] == {
        "lookup": ["find", "get_dataset"],
        "definitions": ["register_camera"],
        "collections": ["collections"],
    }
    for capability, methods in error.details["methods"].items():
        assert f"{', '.join(methods)} ({capability})" in error.message
    assert "butler.registry.interfaces" in str(error.hint)
    assert "property" in str(error.hint)


def test_a_subclass_whose_method_nobody_would_call_is_refused_when_it_is_defined() -> None:
    with pytest.raises(NotSupportedError, match=r"find \(lookup\)"):

        class OlderSubclass(PostgresRegistry):
            def find(self, *_: Any, **__: Any) -> Any: ...


def test_a_registry_that_puts_by_methods_of_its_own_has_no_puts() -> None:
    class OlderRegistry(Registry):
        name = "older"

        def begin_put(self, run: str, dataset_type: str, data_ids: Any) -> Any: ...

        def finish_put(self, written: Any) -> int:
            return 0

        def file_datasets(self, run: str, dataset_type: str, datastore: str, rows: Any) -> Any: ...

    with pytest.raises(NotSupportedError, match=r"'older' \(OlderRegistry\) has no puts") as caught:
        _ = OlderRegistry().puts
    assert "property 'puts'" in str(caught.value.hint)
    assert "butler.registry.interfaces.puts.Puts" in str(caught.value.hint)


def test_a_registry_that_is_a_port_itself_may_have_its_methods() -> None:
    class Both(Registry, Collections):
        name = "both"

        @property
        def collections(self) -> Collections:
            return self

        def register(self, *_: Any) -> bool:
            return True

        def chain(self, *_: Any) -> None: ...

        def freeze(self, *_: Any) -> None: ...

        def associate(self, *_: Any) -> int:
            return 0

        def disassociate(self, *_: Any) -> int:
            return 0

        def matching(self, pattern: str = "*") -> list[Any]:
            return []

        def contents(self, name: str) -> dict[str, int]:
            return {}

    assert Both().collections.matching() == []
    with pytest.raises(NotSupportedError, match="has no lookup"):
        _ = Both().lookup


@pytest.mark.parametrize("port", PORTS.values(), ids=lambda port: port.__name__)
def test_an_adapter_that_lacks_methods_of_its_port_is_refused_with_their_names(port: type) -> None:
    older = type("OlderAdapter", (port,), {})
    with pytest.raises(TypeError, match="OlderAdapter") as caught:
        older()
    for method in port.__abstractmethods__:  # type: ignore[attr-defined]
        assert re.search(rf"\b{method}\b", str(caught.value))


def test_an_adapter_that_lacks_one_method_is_refused_with_that_alone() -> None:
    methods = {name: lambda *_: None for name in Puts.__abstractmethods__ - {"register"}}
    with pytest.raises(TypeError, match=r"OlderPuts.* method '?register'?$"):
        type("OlderPuts", (Puts,), methods)()


def test_a_registry_without_a_name_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Nameless.*\bname\b"):
        type("Nameless", (Registry,), {"lookup": property(lambda _: Lookup)})()
