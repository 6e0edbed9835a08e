"""Butler's plug-in for pytest: repositories for the tests of whoever extends it.

pytest finds it by its entry point. It costs a run that doesn't use it next
to nothing: what the fixtures need is imported when a test asks for one. See
`butler.testing.fixtures` for what there is.
"""

from __future__ import annotations

from typing import NoReturn

import pytest

__all__ = ["pytest_configure"]

_BASIS = ("pytest_postgresql", "pytest_postgresql.plugin")
"""Its names, found by its entry point or asked for by ``-p``."""


def pytest_configure(config: pytest.Config) -> None:
    """Offer the fixtures."""
    if any(map(config.pluginmanager.has_plugin, _BASIS)):
        from butler.testing import fixtures

        config.pluginmanager.register(fixtures, "butler_fixtures")
    else:
        config.pluginmanager.register(_Lacking, "butler_fixtures")


def _fail() -> NoReturn:
    pytest.fail(
        "Butler's fixtures need pytest-postgresql: install Butler with its extra 'testing'", pytrace=False
    )


class _Lacking:
    """In the place of the fixtures where there is nothing to make databases with."""

    butler = pytest.fixture(name="butler")(_fail)
    butler_repository = pytest.fixture(name="butler_repository")(_fail)
    butler_database = pytest.fixture(name="butler_database")(_fail)
    butler_server = pytest.fixture(name="butler_server")(_fail)
