"""The list of files that a database expects, one row an artifact."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, text

from butler.schema.install import RegistrySchema

__all__ = ["write_inventory"]

_BATCH = 20_000


def write_inventory(
    connection: Connection,
    registries: list[RegistrySchema],
    file: Path,
    *,
    on_row: Callable[[int], None],
) -> None:
    """Write the artifacts of registries, each once, as Parquet, a batch in memory at a time.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        As the owner, in a transaction.
    registries : `list` [`~butler.schema.install.RegistrySchema`]
        Whose.
    file : `~pathlib.Path`
        To write: registry, datastore, path and part of the file, size in bytes, sha256, dataset_id,
        component, state.
    on_row : callable
        Called with the number of rows written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = ("registry", "datastore", "path", "part", "size", "sha256", "dataset_id", "component", "state")
    schema = pa.schema([(name, pa.int64() if name == "size" else pa.string()) for name in names])
    rows = connection.execution_options(yield_per=_BATCH).execute(text(_artifacts(registries)))
    written = 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in rows.partitions():
            columns = [list(column) for column in zip(*batch, strict=True)]
            arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            written += len(batch)
            on_row(written)


def _artifacts(registries: list[RegistrySchema]) -> str:
    """Each registry's own rows: its views show those of its base too."""
    return " UNION ALL ".join(
        f"SELECT '{registry.name}', s.datastore,"
        f" split_part({registry.name}.artifact_path(a.path, a.dataset_id), '#', 1),"
        " nullif(split_part(a.path, '#', 2), ''), a.size,"
        f" encode(a.sha256, 'hex'), a.dataset_id::text, a.component, {registry.name}.state_name(a.state)"
        f" FROM {registry.tables}.artifact AS a"
        f" INNER JOIN {registry.tables}.all_datastore AS s ON s.datastore_id = a.datastore_id"
        for registry in registries
    )
