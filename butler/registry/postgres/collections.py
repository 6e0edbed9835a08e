"""Collections in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from butler.arguments import name as text
from butler.arguments import names
from butler.errors import CollectionNotFoundError
from butler.registry.interfaces.collections import Collections
from butler.registry.postgres.parameters import bound_ids, bound_texts, like_pattern
from butler.registry.postgres.session import Session
from butler.values import Collection, CollectionType

__all__ = ["PostgresCollections"]


class PostgresCollections(Collections):
    """Calls of the functions under ``db/functions/collections``.

    Parameters
    ----------
    session : `~butler.registry.postgres.session.Session`
        Carries them out.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def register(self, name: str, collection_type: CollectionType, doc: str = "") -> bool:
        ((new,),) = self._session.call(
            "register_collection", text(name, "name"), str(collection_type), text(doc, "doc")
        )
        return bool(new)

    def chain(self, name: str, members: Sequence[str]) -> None:
        self._session.call_repeatable("set_chain", text(name, "name"), bound_texts(names(members, "members")))

    def freeze(self, name: str, frozen: bool = True) -> None:
        self._session.call_repeatable("freeze_collection", text(name, "name"), bool(frozen))

    def associate(self, collection: str, dataset_ids: Sequence[UUID]) -> int:
        ((count,),) = self._session.call("associate", text(collection, "collection"), bound_ids(dataset_ids))
        return int(count)

    def disassociate(self, collection: str, dataset_ids: Sequence[UUID]) -> int:
        ((count,),) = self._session.call(
            "disassociate", text(collection, "collection"), bound_ids(dataset_ids)
        )
        return int(count)

    def matching(self, pattern: str = "*") -> list[Collection]:
        rows = self._session.rows(_MATCHING.format(self._session.schema), (like_pattern(pattern),))
        return [
            Collection(
                row.collection,
                CollectionType(row.collection_type),
                row.owner,
                row.doc,
                row.frozen,
                tuple(row.members),
            )
            for row in rows
        ]

    def contents(self, name: str) -> dict[str, int]:
        rows = self._session.rows(_CONTENTS.format(self._session.schema), (text(name, "name"), name))
        if not rows:
            raise CollectionNotFoundError(
                f"no collection {name!r}",
                hint="'butler collection list' lists them.",
                details={"collection": name},
            )
        return {row.dataset_type: row.datasets for row in rows if row.dataset_type is not None}


_MATCHING = """
    SELECT c.collection, c.collection_type, c.owner, c.doc, c.frozen, ARRAY(
        SELECT m.member FROM {0}.collection_chain AS m
        WHERE m.collection = c.collection ORDER BY m.position
    ) AS members
    FROM {0}.collection AS c WHERE c.collection LIKE %s ORDER BY c.collection
"""
_CONTENTS = """
    SELECT d.dataset_type, d.datasets
    FROM {0}.collection AS c
    LEFT JOIN (
        SELECT h.dataset_type, count(*) AS datasets FROM {0}.dataset_collection AS h
        WHERE h.collection = %s GROUP BY h.dataset_type
    ) AS d ON true
    WHERE c.collection = %s ORDER BY d.dataset_type
"""
