"""Conformance suites for registries and datastores, also of third parties.

Each is a class of pytest tests: subclass it, say what to test, and run.
"""

from __future__ import annotations

import pytest

# So that a failing assertion of a suite shows its values, as those of test modules do.
pytest.register_assert_rewrite("butler.testing.registry", "butler.testing.datastore")
