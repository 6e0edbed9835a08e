"""Calls of stored functions, over the connections of one registry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from butler.errors import ButlerError, DatabaseUnavailableError, InvalidDataIdError, PermissionDeniedError
from butler.registry.postgres.connections import Connections
from butler.registry.postgres.errors import translated
from butler.registry.postgres.overtaken import served_or_explained
from butler.registry.postgres.parameters import bound
from butler.registry.postgres.retry import execute, fetched
from butler.registry.postgres.serving import admission

if TYPE_CHECKING:
    import pyarrow

    from butler.registry.postgres.replica import Replica

__all__ = ["Session"]


class Session:
    """What the adapters of one registry send their statements through.

    Parameters
    ----------
    connections : `~butler.registry.postgres.connections.Connections`
        To its database.
    schema : `str`
        Name of the registry.
    replica : `~butler.registry.postgres.replica.Replica`, optional
        Where datasets are looked up, as soon as it has what was written here.
    """

    def __init__(self, connections: Connections, schema: str, replica: Replica | None = None) -> None:
        self.connections = connections
        self.schema = schema
        self.replica = replica

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self.connections.close()
        if self.replica is not None:
            self.replica.close()

    # Reading -------------------------------------------------------------

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Any]:
        """Give the rows of a statement that changes nothing."""
        with translated(InvalidDataIdError):
            return fetched(self.connections, sql, tuple(parameters), repeatable=True, what="a query")

    def look_up(self, function: str, *parameters: Any) -> Sequence[Any]:
        """Call a function that changes nothing."""
        return self.rows(*self.statement(function, parameters))

    def look_up_dataset(self, function: str, *parameters: Any) -> Sequence[Any]:
        """Look up on the replica, if there is one; of what it hasn't got, or refuses, the primary judges."""
        with translated(InvalidDataIdError):  # it may ask the primary first
            connections = None if self.replica is None else self.replica.ready(self.connections)
        if self.replica is not None and connections is not None:
            sql, values = self.statement(function, parameters)
            try:
                with translated(InvalidDataIdError):
                    rows = fetched(connections, sql, values, repeatable=True, what=function)
                if rows:
                    return rows
            except ButlerError as error:
                self.replica.failed(error)
        return self.look_up(function, *parameters)

    def batches(
        self, query: str, parameters: tuple[Any, ...], columns: pyarrow.Schema
    ) -> Iterator[pyarrow.RecordBatch]:
        """Give the rows of a query as Arrow batches, while they come."""
        with translated(InvalidDataIdError), served_or_explained(self.connections), ExitStack() as stack:
            yield from self._begin_copy(stack, query, parameters, columns)

    def _begin_copy(
        self, stack: ExitStack, query: str, parameters: tuple[Any, ...], columns: pyarrow.Schema
    ) -> Iterator[pyarrow.RecordBatch]:
        """Begin on a connection of the pool, or on a new one if that one's server proves to be gone."""
        from psycopg2 import InterfaceError, OperationalError

        from butler.registry.postgres.copy_out import copied_batches

        connection = stack.enter_context(self.connections.lent())
        try:
            return stack.enter_context(copied_batches(connection, query, parameters, columns))
        except (InterfaceError, OperationalError) as error:
            if error.pgcode is not None:  # the server is there: it said no
                raise
        connection = stack.enter_context(self.connections.lent())
        return stack.enter_context(copied_batches(connection, query, parameters, columns))

    # Writing -------------------------------------------------------------

    def call(self, function: str, *parameters: Any) -> Sequence[Any]:
        """Call a function that writes: carried out once, whatever becomes of its answer."""
        return self._write(function, parameters, repeatable=False)

    def call_repeatable(self, function: str, *parameters: Any) -> Sequence[Any]:
        """Call a function that writes, and has the same effect and answer if it is called twice."""
        return self._write(function, parameters, repeatable=True)

    def _write(self, function: str, parameters: Sequence[Any], *, repeatable: bool) -> Sequence[Any]:
        sql, values = self.statement(function, parameters)
        with translated(InvalidDataIdError), self._noting_a_write(), self._telling_readers():
            return fetched(
                self.connections,
                sql,
                values,
                repeatable=repeatable,
                what=function,
                before=admission(self.schema),
            )

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """Open a cursor whose statements are one transaction that writes."""
        from psycopg2 import Error
        from psycopg2.extras import NamedTupleCursor

        with (
            translated(InvalidDataIdError),
            self._noting_a_write(),
            self._telling_readers(),
            served_or_explained(self.connections),
            self.connections.lent() as connection,
        ):
            cursor = connection.cursor(cursor_factory=NamedTupleCursor)
            committing = False
            try:
                execute(cursor, f"BEGIN ISOLATION LEVEL READ COMMITTED; {admission(self.schema)}")
                yield cursor
                committing = True
                execute(cursor, "COMMIT")
            except BaseException as error:
                with suppress(Error):
                    cursor.execute("ROLLBACK")
                if committing and isinstance(error, Error) and connection.closed:
                    raise DatabaseUnavailableError(
                        f"the connection was lost while a transaction was committed: {str(error).strip()}",
                        hint="It isn't known whether it was carried out: look, before you do it again.",
                        details={"carried_out": None},
                    ) from error
                raise

    @contextmanager
    def _noting_a_write(self) -> Iterator[None]:
        """Keep reads from a replica that hasn't got what is written here."""
        try:
            yield
        finally:
            if self.replica is not None:
                self.replica.note_write()

    @contextmanager
    def _telling_readers(self) -> Iterator[None]:
        """Say of a write that was denied, if it was because the role may write nothing at all."""
        from psycopg2 import Error
        from psycopg2.errors import InsufficientPrivilege

        try:
            yield
        except InsufficientPrivilege as denied:
            try:
                ((role, may_write),) = fetched(
                    self.connections,
                    "SELECT current_user, has_function_privilege(%s, 'EXECUTE')",
                    (f"{self.schema}.admit_client(text, text)",),
                    repeatable=True,
                    what="a query",
                )
            except Error:
                raise denied from None
            if may_write:
                raise
            raise PermissionDeniedError(
                f"role {role} may only read",
                hint="Open the repository as a writer, or ask its operators to let you write.",
                details={"role": role},
            ) from None

    def statement(self, function: str, parameters: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
        """Give the call of a stored function, and the values of its parameters."""
        typed = [bound(value) for value in parameters]
        marks = ", ".join(f"%s::{value.sql_type}" if value.sql_type else "%s" for value in typed)
        return f"SELECT * FROM {self.schema}.{function}({marks})", tuple(value.value for value in typed)
