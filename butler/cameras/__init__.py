"""Cameras as plain data, and raw files by their headers.

A camera is one YAML file: its sensors, its filters, and how its headers say
what a visit is (`CameraDefinition`). Nothing here knows a camera by name.
"""

from __future__ import annotations

from butler.cameras.definition import CameraDefinition
from butler.cameras.drafting import draft
from butler.cameras.observation import FileReport, Finding, Observation, check, match, observe, recognise

__all__ = [
    "CameraDefinition",
    "FileReport",
    "Finding",
    "Observation",
    "check",
    "draft",
    "match",
    "observe",
    "recognise",
]
