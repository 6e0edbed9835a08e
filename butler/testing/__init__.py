"""What tests need, our own and those of third parties' plug-ins.

Conformance suites for registries and datastores: each is a class of pytest
tests; subclass it, say what to test, and run. A plug-in of pytest that gives
a test a repository of its own; strategies of Hypothesis; a model of a
registry; a throw-away server, and a relay before one.
"""

from __future__ import annotations

import pytest

# So that a failing assertion of a suite shows its values, as those of test modules do.
pytest.register_assert_rewrite(
    "butler.testing.datastore", "butler.testing.registry", "butler.testing.storage"
)
