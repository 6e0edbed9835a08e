"""What a datastore is: three small interfaces, a port each.

A `Datastore` turns objects into artifacts and back. What takes in files that
exist, and what knows everything that lies in it, are parts that a datastore
may have or lack: its `FileIntake` and its `Inventory`.
``butler.testing.datastore`` is the suite that shows one right.
"""

from __future__ import annotations

from butler.datastore.interfaces.datastore import Datastore, inventory_of
from butler.datastore.interfaces.intake import FileIntake
from butler.datastore.interfaces.inventory import Inventory

__all__ = ["Datastore", "FileIntake", "Inventory", "inventory_of"]
