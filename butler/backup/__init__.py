"""Dumps of a repository's database with an inventory of its files, and the way back."""

from __future__ import annotations

from butler.backup.dump import BackupPlan, back_up, plan_backup
from butler.backup.manifest import Manifest, read_backup
from butler.backup.restoring import restore

__all__ = ["BackupPlan", "Manifest", "back_up", "plan_backup", "read_backup", "restore"]
