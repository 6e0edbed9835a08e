from __future__ import annotations

from db.world import butler_template, own, read, still, write

__all__ = ["butler_template", "own", "read", "still", "write"]
