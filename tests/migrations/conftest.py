from __future__ import annotations

from db.world import own, read, still, template, write

__all__ = ["own", "read", "still", "template", "write"]
