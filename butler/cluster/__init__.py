"""The private PostgreSQL + PostGIS server that a repository owns ("embedded")."""

from __future__ import annotations

from butler.cluster.cluster import Cluster
from butler.cluster.status import ClusterStatus

__all__ = ["Cluster", "ClusterStatus"]
