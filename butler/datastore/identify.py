"""What a file says about itself, without a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from butler.datastore.fingerprint import regular_file
from butler.datastore.formatters import all_formatters
from butler.datastore.paths import component_in_name, id_in_name

__all__ = ["identify"]

_LONGEST_SIGNATURE = 16


def identify(path: Path) -> dict[str, Any] | None:
    """Identity of a file that a datastore wrote.

    Parameters
    ----------
    path : `~pathlib.Path`
        Any file, under any name.

    Returns
    -------
    identity : `dict` or `None`
        As it was put: ``id``, ``dataset_type``, ``run``, ``data_id``,
        ``inputs``; for a part ``component``, and ``components``, of which
        each lies in a file. For a format that has no room for it, ``id`` and
        ``component`` alone, from the file's name. `None` if the file says
        nothing.

    Raises
    ------
    ArtifactMissingError
        If there is no such file.
    FormatError
        If it isn't a regular file.
    """
    regular_file(path)
    with path.open("rb") as stream:
        start = stream.read(_LONGEST_SIGNATURE)
    for formatter in all_formatters():
        if any(start.startswith(signature) for signature in formatter.signatures):
            try:
                identity = formatter.identify(path)
            except Exception:  # the file is damaged, or of another format that begins alike
                continue
            if identity is not None:
                return identity
    found = id_in_name(path)
    if found is None:
        return None
    component = component_in_name(path)
    return {"id": str(found)} | ({"component": component} if component else {})
