"""A little of everything that a Butler does."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from butler import Butler, CollectionType, DatasetType
from butler.errors import DatasetNotFoundError

NOTE = DatasetType("note", "Text", ("label",))


def work(butler: Butler, who: str, folder: Path) -> None:
    """Register, put, ingest, find, query, tag: each answer must be right."""
    registry = butler.registry
    labels = [f"{who}{number}" for number in range(6)]
    registry.definitions.register_dataset_type(NOTE)
    registry.definitions.register_units("label", [{"label": label} for label in labels])
    ref = butler.put(who, "note", label=labels[0])
    refs = [ref, *butler.put_many([(label, {"label": label}) for label in labels[1:5]], "note")]
    file = folder / f"{who}.txt"
    file.write_text("from a file")
    refs += butler.ingest([(file, {"label": labels[5]})], "note")
    assert butler.get("note", label=labels[0]) == who
    assert butler.get("note", label=labels[3]) == labels[3]
    assert butler.get(refs[-1]) == "from a file"
    assert len([r for r in butler.query.datasets("note") if r.data_id["label"] in labels]) == 6
    registry.collections.register(f"tag/{who}", CollectionType.TAGGED)
    assert butler.associate(f"tag/{who}", refs) == 6
    assert butler.collections.disassociate(f"tag/{who}", refs[:1]) == 1
    assert len(butler.query.datasets("note", collections=f"tag/{who}")) == 5
    count = "SELECT count(*) FROM dataset WHERE label = ANY (:labels)"
    assert registry.query(count, {"labels": labels}).scalar() == 6
    with butler.quantum("reckon", inputs=[ref]) as quantum:
        quantum.get(ref)
    with suppress(DatasetNotFoundError):
        butler.get("note", label="nowhere")
        raise AssertionError("found what isn't there")
