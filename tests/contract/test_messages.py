"""How errors are worded, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "butler"


def name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def exceptions(trees: list[ast.Module]) -> set[str]:
    """Give the names of `ButlerError` and of what is made of it, wherever it is."""
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found: set[str] = {"ButlerError"}
    while more := {each.name for each in classes if found & set(map(name_of, each.bases))} - found:
        found |= more
    return found


def beginning(message: ast.expr | None) -> str:
    """Give the literal text that a message begins with; nothing if it begins with a value."""
    if isinstance(message, ast.JoinedStr):
        message = message.values[0] if message.values else None
    return message.value if isinstance(message, ast.Constant) and isinstance(message.value, str) else ""


def messages(tree: ast.Module, errors: set[str]) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node.func) in errors:
            named = (keyword.value for keyword in node.keywords if keyword.arg == "message")
            yield node.lineno, beginning(node.args[0] if node.args else next(named, None))


def capitals() -> list[str]:
    trees = {
        file.relative_to(PACKAGE).as_posix(): ast.parse(file.read_text(encoding="utf-8"))
        for file in sorted(PACKAGE.rglob("*.py"))
    }
    errors = exceptions(list(trees.values()))
    assert len(errors) > 20
    return [
        f"{path}:{line}: {text}"
        for path, tree in trees.items()
        for line, text in messages(tree, errors)
        if text[:1].isupper()
    ]


def test_every_message_begins_with_a_lower_case_letter_or_a_value() -> None:
    assert capitals() == []


def test_the_words_are_found_where_they_are() -> None:
    source = """
class OwnError(ConfigError): ...
raise OwnError("Bad")
raise errors.ConfigError(f"Bad {name}", hint="Good")
raise ConfigError(f"{name} Bad")
raise ValueError("Not ours")
raise ConfigError(message="Bad")
"""
    tree = ast.parse("class ButlerError: ...\nclass ConfigError(ButlerError): ..." + source)
    found = [text for _, text in messages(tree, exceptions([tree]))]
    assert found == ["Bad", "Bad ", "", "Bad"]
