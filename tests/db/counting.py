"""What is counted, and the same counted anew by reading everything, as it was before counts were kept."""

from __future__ import annotations

from typing import Any

from db.session import Session

__all__ = ["as_counted", "as_it_is", "misses"]

_USE = """
    SELECT r.run, t.dataset_type, s.datastore,
        CASE WHEN a.state = 'present' AND d.state <> 'present' THEN 'trashed' ELSE butler.state_name(a.state) END,
        a.path ~ '^[a-z][a-z0-9+.-]*:', count(DISTINCT a.dataset_id), count(*),
        sum(CASE WHEN p.dataset_id IS NULL OR p.counted THEN a.size ELSE 0 END)
    FROM {0}_internal.all_artifact AS a
    LEFT JOIN (
        SELECT f.dataset_id, f.datastore_id, f.component, row_number() OVER (
            PARTITION BY f.datastore_id, split_part(butler.artifact_path(f.path, f.dataset_id), '#', 1)
            ORDER BY o.state <> 'present', f.state = 'deleting', f.dataset_id, f.component
        ) = 1 AS counted
        FROM {0}_internal.all_artifact AS f
        JOIN {0}_internal.all_dataset AS o USING (dataset_id)
        WHERE strpos(f.path, '#') > 0 AND (o.state = 'present' OR o.trashed)
    ) AS p USING (dataset_id, datastore_id, component)
    JOIN {0}_internal.all_dataset AS d USING (dataset_id)
    JOIN {0}_internal.all_run AS r USING (run_id)
    JOIN {0}_internal.all_dataset_type AS t USING (dataset_type_id)
    JOIN {0}_internal.all_datastore AS s USING (datastore_id)
    WHERE d.state = 'present' OR d.trashed
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
"""
_COUNT = """
    SELECT r.run, t.dataset_type, butler.state_name(d.state), count(*), count(*) FILTER (WHERE EXISTS (
        SELECT FROM {0}_internal.all_artifact AS a WHERE a.dataset_id = d.dataset_id AND a.state IN ('present', 'lost')
    ))
    FROM {0}_internal.all_dataset AS d
    JOIN {0}_internal.all_run AS r USING (run_id)
    JOIN {0}_internal.all_dataset_type AS t USING (dataset_type_id)
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_UNBACKED = """
    SELECT d.dataset_id FROM {0}_internal.dataset AS d
    WHERE d.state = 'present' AND NOT EXISTS (
        SELECT FROM {0}_internal.artifact AS a WHERE a.dataset_id = d.dataset_id AND a.state IN ('present', 'lost')
    )
    ORDER BY 1
"""
_ARTIFACTS = """
    SELECT s.datastore, count(a.dataset_id)
    FROM {0}_internal.all_datastore AS s
    LEFT JOIN ({0}_internal.artifact AS a JOIN {0}_internal.dataset AS d USING (dataset_id))
        ON a.datastore_id = s.datastore_id AND a.state IN ('present', 'lost') AND (d.state = 'present' OR d.trashed)
    GROUP BY 1 ORDER BY 1
"""


def as_it_is(owner: Session, registry: str = "butler") -> dict[str, list[tuple[Any, ...]]]:
    """Count by reading everything."""
    return {
        "storage_use": owner.rows(_USE.format(registry)),
        "dataset_count": owner.rows(_COUNT.format(registry)),
        "last_created": owner.rows(f"SELECT max(created) FROM {registry}_internal.all_dataset"),
        "datasets_without_artifacts": owner.rows(_UNBACKED.format(registry)),
        "count_artifacts": owner.rows(_ARTIFACTS.format(registry)),
    }


def as_counted(owner: Session, registry: str = "butler") -> dict[str, list[tuple[Any, ...]]]:
    """Ask the contract for the same."""
    unbacked: list[tuple[Any, ...]] = []
    after = "00000000-0000-0000-0000-000000000000"
    while page := owner.rows(f"SELECT {registry}.datasets_without_artifacts(%s, 2)", after):
        unbacked += page
        after = page[-1][0]
    return {
        "storage_use": owner.rows(f"SELECT * FROM {registry}.storage_use ORDER BY 1, 2, 3, 4, 5"),
        "dataset_count": owner.rows(
            f"SELECT run, dataset_type, state, datasets, stored FROM {registry}.dataset_count ORDER BY 1, 2, 3"
        ),
        "last_created": owner.rows(f"SELECT max(last_created) FROM {registry}.dataset_count"),
        "datasets_without_artifacts": unbacked,
        "count_artifacts": owner.rows(
            f"SELECT datastore, {registry}.count_artifacts(datastore) FROM {registry}.datastore ORDER BY 1"
        ),
    }


def misses(owner: Session, registry: str = "butler") -> list[tuple[Any, ...]]:
    """Ask the contract in what the counts of a registry's own datasets differ from these."""
    return owner.rows(f"SELECT * FROM {registry}.drifted_storage_use()")
