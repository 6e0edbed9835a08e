"""The views of the common schema as classes to SELECT from; defined in ``butler.registry.models``."""

from __future__ import annotations

from butler.registry.models import *  # noqa: F403
from butler.registry.models import __all__  # noqa: F401
