"""YAML with nothing in it that runs, expands or hides.

A file may come from anybody. It is read without tags (they can run code),
without anchors, aliases and merge keys (they can expand without end, or hide
what counts), without repeated keys, and up to a depth.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from butler.strict.wording import shown

__all__ = ["compose"]

_MAX_DEPTH = 16
_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def compose(content: bytes) -> tuple[Any, yaml.Node | None]:
    """Give the value of one document, and the node that knows where its parts stand.

    Raises
    ------
    yaml.YAMLError
        If it isn't plain YAML.
    """
    _refuse_hidden(yaml.parse(content, Loader=_PARSER))
    node = yaml.compose(content, Loader=_PARSER)
    return None if node is None else _Constructor().construct_document(node), node


def _refuse_hidden(events: Iterable[yaml.Event]) -> None:
    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _wrong(event, "anchors and aliases are not read")
        if getattr(event, "tag", None) is not None:
            raise _wrong(event, "tags are not read")
        if depth > _MAX_DEPTH:
            raise _wrong(event, f"it is nested more than {_MAX_DEPTH} deep")


class _Constructor(yaml.constructor.SafeConstructor):
    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, OverflowError) as error:
            raise _wrong(node, f"{shown(node.value)} can't be read ({error}): quote it") from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names: set[str] = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                raise _wrong(key, "merge keys are not read")
            name = self.construct_object(key) if isinstance(key, yaml.ScalarNode) else None
            if not isinstance(name, str | int) or isinstance(name, bool):
                raise _wrong(key, "a key isn't text: quote it")
            if str(name) in names:
                raise _wrong(key, f"the key {shown(name)} is given twice")
            names.add(str(name))
        return super().construct_mapping(node, deep=deep)


def _wrong(place: yaml.Event | yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    mark: Any = place.start_mark
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
