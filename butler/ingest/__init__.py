"""Files into the repository, by what their headers say: some named ones, or a night's folder."""

from __future__ import annotations

from butler.ingest.night import SETTLE, ingest_files, ingest_raws
from butler.ingest.outcomes import Outcome

__all__ = ["SETTLE", "Outcome", "ingest_files", "ingest_raws"]
