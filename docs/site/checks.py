"""What must be true of the site beside its links: it fetches nothing, and lacks no public name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocstrings import Inventory

_FETCHED = re.compile(r'<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)="?(?:https?:)?//[^">\s]+')
_DIRECTIVE = re.compile(r"^::: (\S+)$", re.MULTILINE)


def on_post_build(config: MkDocsConfig) -> None:
    """Fail the build if one of them isn't."""
    site = Path(config.site_dir)
    fetched = {match for page in site.rglob("*.html") for match in _FETCHED.findall(page.read_text("utf-8"))}
    if fetched:
        raise PluginError(f"the site fetches from elsewhere: {', '.join(sorted(fetched))}")
    with (site / "objects.inv").open("rb") as file:
        there = Inventory.parse_sphinx(file)
    missing = [name for name in _public(Path(config.docs_dir, "docs", "api")) if name not in there]
    if missing:
        raise PluginError(f"public, and not in docs/api, or without a docstring: {', '.join(missing)}")


def _public(pages: Path) -> Iterator[str]:
    for page in sorted(pages.glob("*.md")):
        for named in _DIRECTIVE.findall(page.read_text("utf-8")):
            module = named if _is_module(named) else named.rpartition(".")[0]
            yield from (f"{module}.{name}" for name in import_module(module).__all__)


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
