"""Changing a YAML file that a person wrote: what doesn't change stays as it is, to the letter."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

__all__ = ["rewritten", "write_whole"]

Edit = tuple[int, int, str]
"""From where to where in the text, and what stands there instead."""


def rewritten(text: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Change what a YAML text says from one table to another.

    Parameters
    ----------
    text : `str`
        One document, as `butler.strict.parse_yaml` takes it.
    before : `~collections.abc.Mapping`
        What it says; a key that isn't in the text holds by default.
    after : `~collections.abc.Mapping`
        What it is to say.

    Returns
    -------
    text : `str`
        The same but for the values that differ.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        return text + yaml.safe_dump(dict(after), sort_keys=False, allow_unicode=True)
    for start, end, new in sorted(_edits(text, root, before, after), reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _edits(
    text: str, table: yaml.MappingNode, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Edit]:
    written = {key.value: (key, value) for key, value in table.value}
    gone = [each for name, each in written.items() if name in before and name not in after]
    new = {name: value for name, value in after.items() if name not in written and value != before.get(name)}
    if (table.flow_style and (gone or new)) or (written and not after):
        yield table.start_mark.index, _end(text, table), _flow(dict(after))
        return
    for key, value in gone:
        yield _line_begin(text, key.start_mark.index), _line_end(text, _end(text, value)), ""
    for name in after.keys() & written.keys():
        old, node = before.get(name), written[name][1]
        if after[name] == old:
            continue
        if (
            isinstance(after[name], Mapping)
            and isinstance(old, Mapping)
            and isinstance(node, yaml.MappingNode)
        ):
            yield from _edits(text, node, old, after[name])
        else:
            yield from _exchanged(text, *written[name], after[name])
    if new:
        end = _line_end(text, _end(text, table))
        indent = " " * table.value[0][0].start_mark.column
        lines = "".join(f"{indent}{_flow(name)}: {_flow(value)}\n" for name, value in new.items())
        yield end, end, lines if text[:end].endswith("\n") else f"\n{lines}"


def _exchanged(text: str, key: yaml.Node, node: yaml.Node, value: Any) -> Iterator[Edit]:
    start, end, new = node.start_mark.index, _end(text, node), _flow(value, node)
    if start < end and not (isinstance(node, yaml.CollectionNode) and not node.flow_style):
        yield start, end, new
    else:  # below its key, or not there at all: the new value stands beside the key
        colon = text.index(":", key.end_mark.index) + 1
        yield colon, colon, f" {new}"
        yield len(text[:start].rstrip()), end, ""


def _flow(value: Any, like: yaml.Node | None = None) -> str:
    """Write a value so that it may stand anywhere, a text in the quotes that another has."""
    style = like.style if isinstance(value, str) and isinstance(like, yaml.ScalarNode) else None
    listed: str = yaml.safe_dump(
        [value],
        default_flow_style=True,
        default_style=style if style in ("'", '"') else None,
        sort_keys=False,
        allow_unicode=True,
        width=float("inf"),
    )
    return listed.strip()[1:-1]


def _end(text: str, node: yaml.Node) -> int:
    """Where a value ends; the comments after it are no part of it."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        node = node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1]
    return len(text[: node.end_mark.index].rstrip()) if node.end_mark.column == 0 else node.end_mark.index


def _line_begin(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _line_end(text: str, index: int) -> int:
    return end + 1 if (end := text.find("\n", index)) >= 0 else len(text)


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all, with the mode of the one that it replaces."""
    path = path.resolve()
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.partial")
    with partial.open("x", encoding="utf-8", newline="") as file:
        try:
            with suppress(FileNotFoundError):
                before = path.stat()
                with suppress(PermissionError):  # of a group that this user isn't in
                    os.fchown(file.fileno(), -1, before.st_gid)
                os.fchmod(file.fileno(), before.st_mode & 0o7777)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            partial.replace(path)
        except BaseException:
            partial.unlink()
            raise
