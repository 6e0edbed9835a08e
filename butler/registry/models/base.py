"""What the classes of the views have in common, and the session that reads through them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Connection, Double, Text, event, inspect
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql import UUID as Uuid
from sqlalchemy.orm import DeclarativeBase, Session

from butler.errors import NotSupportedError

__all__ = ["Base", "ReadOnlySession"]


class Base(DeclarativeBase):
    """Base of the classes; a column's meaning, unit and frame stand in the view's comments."""

    type_annotation_map = {  # noqa: RUF012
        str: Text,
        int: BigInteger,
        float: Double,
        UUID: Uuid(as_uuid=True),
        dict[str, Any]: JSONB,
        list[str]: ARRAY(Text),
    }

    def __repr__(self) -> str:
        # Only what was loaded: an object that outlives its session has nobody to ask.
        key = (column.key for column in inspect(type(self)).primary_key)
        values = " ".join(f"{name}={self.__dict__[name]!r}" for name in key if name in self.__dict__)
        return f"<{type(self).__name__} {values}>"


class ReadOnlySession(Session):
    """A session that reads; a flush of anything new, changed or deleted is refused."""

    def commit(self) -> None:
        """End the transaction, which leaves nothing: settings that it made are undone."""
        self.rollback()


@event.listens_for(ReadOnlySession, "after_begin")
def _read_only(_session: Session, _transaction: Any, connection: Connection) -> None:
    # The driver's own way is a setting of the session, which a pooler would hand on to somebody else.
    connection.exec_driver_sql("SET TRANSACTION READ ONLY")


@event.listens_for(ReadOnlySession, "before_flush")
def _refuse(session: Session, _context: Any, _instances: Any) -> None:
    if session.new or session.dirty or session.deleted:
        raise NotSupportedError(
            "the models are for reading", hint="Write through the registry's methods.", details={}
        )
