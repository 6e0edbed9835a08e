"""The registry in PostgreSQL: one call of a stored function an operation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from butler.errors import ButlerError, ConfigError, ExpressionError, InvalidDataIdError, SchemaVersionError
from butler.lookahead import looking_ahead
from butler.registry.attempts import attempted, execute, fetched
from butler.registry.base import (
    BegunPut,
    Existing,
    Filed,
    HeldTrash,
    OpenIntent,
    Registry,
    TrashedArtifact,
)
from butler.registry.binding import (
    bound,
    bound_id,
    bound_ids,
    bound_json,
    bound_moment,
    bound_texts,
    like_pattern,
)
from butler.registry.connections import Connections
from butler.registry.copying import copied_batches
from butler.registry.held_trash import PostgresHeldTrash
from butler.registry.postgres_upkeep import PostgresUpkeep
from butler.registry.rows import DatasetRefs, Fetched, Rows, dataset_columns
from butler.registry.staging import StagedLot, staged_columns, staged_lots
from butler.registry.statement import for_driver, one_statement
from butler.registry.translate import translated
from butler.schema.version import SCHEMA_VERSION
from butler.values import Artifact, Collection, DataId, DatasetRef, DatasetType, Removal, json_ready

if TYPE_CHECKING:
    import pyarrow

    from butler.models import ReadOnlySession
    from butler.registry.replica import Replica

__all__ = ["PostgresRegistry"]

Found = TypeVar("Found")

_SCHEMA = re.compile(r"[a-z][a-z0-9_]{0,53}")


class PostgresRegistry(PostgresUpkeep, Registry):
    """A registry that is a schema of a PostgreSQL database.

    Parameters
    ----------
    dsn : `str`
        Of the database, with the role to work as.
    schema : `str`
        Name of the registry: ``butler``, or that of a layer.
    replica : `~butler.registry.replica.Replica`, optional
        Where datasets are looked up, as soon as it has what was written here.

    Raises
    ------
    ConfigError
        If the DSN or the schema's name is malformed. Nothing is connected yet.
    """

    def __init__(self, dsn: str, schema: str = "butler", *, replica: Replica | None = None) -> None:
        if not _SCHEMA.fullmatch(schema):
            raise ConfigError(
                f"{schema!r} is not the name of a registry",
                hint="Lower-case letters, digits and underscores, such as 'butler' or 'mydb_alice'.",
            )
        self.dsn = dsn
        self.schema = schema
        self._connections = Connections(dsn)
        self._replica = replica
        self._dataset_types: dict[str, DatasetType] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return (partial(type(self), replica=self._replica), (self.dsn, self.schema))

    def close(self) -> None:
        self._connections.close()
        if self._replica is not None:
            self._replica.close()

    @property
    def replica(self) -> str | None:
        """How the replica does, in a line; `None` if there is none."""
        return None if self._replica is None else self._replica.describe(self._connections)

    @property
    def name(self) -> str:
        return self.schema

    def related(self) -> list[PostgresRegistry]:
        rows = self._rows(_RELATED.format(self.schema))
        others = [type(self)(self.dsn, name) for (name,) in rows]
        for other in others:
            other._connections = self._connections
        return others

    def check_version(self) -> None:
        """Refuse a database whose schema isn't the one that this version of Butler needs.

        Raises
        ------
        SchemaVersionError
            Naming both revisions, and the command that brings them together.
        """
        try:
            ((found,),) = self._rows(f"SELECT schema_version FROM {self.schema}.schema_version")
        except ButlerError as error:
            if error.details.get("sqlstate") != "42P01" and not isinstance(error, SchemaVersionError):
                raise
            raise SchemaVersionError(
                f"the database has no registry {self.schema!r}",
                hint="Make it by 'butler db init', or name the right one in butler.yaml;"
                " 'butler db check' lists what is missing.",
            ) from error
        if found != SCHEMA_VERSION:
            older = found < SCHEMA_VERSION
            raise SchemaVersionError(
                f"the database's schema is at revision {found}; this Butler needs {SCHEMA_VERSION}",
                hint="Run 'butler db upgrade'." if older else "Install a newer version of Butler.",
                details={"found": found, "needed": SCHEMA_VERSION},
            )

    # Statements ----------------------------------------------------------

    def _streaming(
        self, query: str, parameters: tuple[Any, ...], columns: pyarrow.Schema
    ) -> Iterator[pyarrow.RecordBatch]:
        with translated(InvalidDataIdError), ExitStack() as stack:
            yield from self._begin_copy(stack, query, parameters, columns)

    def _begin_copy(
        self, stack: ExitStack, query: str, parameters: tuple[Any, ...], columns: pyarrow.Schema
    ) -> Iterator[pyarrow.RecordBatch]:
        """Begin on a connection of the pool, or on a new one if that one's server proves to be gone."""
        from psycopg2 import InterfaceError, OperationalError

        connection = stack.enter_context(self._connections.lent())
        try:
            return stack.enter_context(copied_batches(connection, query, parameters, columns))
        except (InterfaceError, OperationalError) as error:
            if error.pgcode is not None:  # the server is there: it said no
                raise
        connection = stack.enter_context(self._connections.lent())
        return stack.enter_context(copied_batches(connection, query, parameters, columns))

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        """Open a cursor whose statements are one transaction."""
        from psycopg2 import Error
        from psycopg2.extras import NamedTupleCursor

        with self._connections.lent() as connection:
            cursor = connection.cursor(cursor_factory=NamedTupleCursor)
            execute(cursor, "BEGIN ISOLATION LEVEL READ COMMITTED")
            try:
                yield cursor
                execute(cursor, "COMMIT")
            except BaseException:
                with suppress(Error):
                    cursor.execute("ROLLBACK")
                raise

    def _rows(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Any]:
        with translated(InvalidDataIdError):
            return fetched(self._connections, sql, tuple(parameters), repeatable=True, what="a query")

    def _look_up(self, function: str, *parameters: Any) -> Sequence[Any]:
        """Call a function that changes nothing."""
        return self._rows(*self._statement(function, parameters))

    def _look_up_dataset(self, function: str, *parameters: Any) -> Sequence[Any]:
        """Look up on the replica, if there is one; of what it hasn't got, or refuses, the primary judges."""
        connections = None if self._replica is None else self._replica.ready(self._connections)
        if self._replica is not None and connections is not None:
            sql, values = self._statement(function, parameters)
            try:
                with translated(InvalidDataIdError):
                    rows = fetched(connections, sql, values, repeatable=True, what=function)
                if rows:
                    return rows
            except ButlerError as error:
                self._replica.failed(error)
        return self._look_up(function, *parameters)

    def _call(self, function: str, *parameters: Any) -> Sequence[Any]:
        """Call a function that writes: carried out once, whatever becomes of its answer."""
        return self._write(function, parameters, repeatable=False)

    def _call_repeatable(self, function: str, *parameters: Any) -> Sequence[Any]:
        """Call a function that writes, and has the same effect and answer if it is called twice."""
        return self._write(function, parameters, repeatable=True)

    def _write(self, function: str, parameters: Sequence[Any], *, repeatable: bool) -> Sequence[Any]:
        sql, values = self._statement(function, parameters)
        with translated(InvalidDataIdError), self._writing():
            return fetched(self._connections, sql, values, repeatable=repeatable, what=function)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Keep reads from a replica that hasn't got what is written here."""
        try:
            yield
        finally:
            if self._replica is not None:
                self._replica.note_write()

    def _statement(self, function: str, parameters: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
        typed = [bound(value) for value in parameters]
        marks = ", ".join(f"%s::{value.sql_type}" if value.sql_type else "%s" for value in typed)
        return f"SELECT * FROM {self.schema}.{function}({marks})", tuple(value.value for value in typed)

    # Definitions ---------------------------------------------------------

    def register_camera(self, definition: Mapping[str, Any], *, replace: bool = False) -> None:
        self._call_repeatable("register_camera", bound_json(dict(definition)), replace)

    def register_skymap(self, definition: Mapping[str, Any], *, replace: bool = False) -> None:
        self._call_repeatable("register_skymap", bound_json(dict(definition)), replace)

    def register_units(self, unit: str, rows: Sequence[Mapping[str, Any]], *, replace: bool = False) -> int:
        ((new,),) = self._call("register_units", unit, bound_json([json_ready(row) for row in rows]), replace)
        return int(new)

    def register_dataset_type(self, dataset_type: DatasetType) -> bool:
        ((new,),) = self._call(
            "register_dataset_type",
            dataset_type.name,
            dataset_type.storage_class,
            bound_texts(dataset_type.units),
            dataset_type.doc,
        )
        return bool(new)

    def register_collection(self, name: str, collection_type: str, doc: str = "") -> bool:
        ((new,),) = self._call("register_collection", name, collection_type, doc)
        return bool(new)

    def register_datastore(self, name: str, root: str) -> bool:
        ((new,),) = self._call("register_datastore", name, root)
        return bool(new)

    def set_chain(self, name: str, members: Sequence[str]) -> None:
        self._call_repeatable("set_chain", name, bound_texts(members))

    def freeze_collection(self, name: str, frozen: bool = True) -> None:
        self._call_repeatable("freeze_collection", name, frozen)

    # Look-up -------------------------------------------------------------

    def find(
        self,
        dataset_type: str,
        data_id: Mapping[str, Any],
        collections: Sequence[str],
        *,
        as_of: datetime | str | None = None,
        required: bool = True,
    ) -> DatasetRef | None:
        rows = self._look_up_dataset(
            "find_dataset",
            dataset_type,
            bound_json(json_ready(data_id)),
            bound_texts(collections),
            bound_moment(as_of),
            required,
        )
        return self._ref(rows) if rows else None

    def get_dataset(self, dataset_id: UUID) -> DatasetRef:
        return self._ref(self._look_up_dataset("get_dataset", bound_id(dataset_id)))

    def find_in_run(
        self, run: str, dataset_type: str, data_ids: Sequence[Mapping[str, Any]]
    ) -> list[tuple[DataId, UUID | None]]:
        units = self.dataset_type(dataset_type).units
        rows = self._look_up(
            "find_in_run", run, dataset_type, bound_json([json_ready(data_id) for data_id in data_ids])
        )
        return [
            (
                DataId({unit: row.data_id[unit] for unit in units}),
                None if row.dataset_id is None else UUID(str(row.dataset_id)),
            )
            for row in rows
        ]

    @staticmethod
    def _ref(rows: Sequence[Any]) -> DatasetRef:
        first = rows[0]
        return DatasetRef(
            UUID(str(first.dataset_id)),
            DatasetType(first.dataset_type, first.storage_class, tuple(first.units)),
            DataId({unit: first.data_id[unit] for unit in first.units}),
            first.run,
            tuple(
                Artifact(
                    row.datastore,
                    row.path,
                    row.formatter,
                    row.size,
                    bytes(row.sha256),
                    row.component,
                    row.artifact_state,
                )
                for row in rows
                if row.path is not None
            ),
        )

    def datasets(
        self,
        dataset_type: str,
        collections: Sequence[str],
        data_id: Mapping[str, Any],
        *,
        find_first: bool = True,
        as_of: datetime | str | None = None,
    ) -> DatasetRefs:
        asked = (
            dataset_type,
            bound_texts(collections),
            bound_json(json_ready(data_id)),
            find_first,
            bound_moment(as_of),
        )

        def fetch() -> Fetched:
            rows = self._look_up_dataset("query_datasets", *asked)
            return Fetched(("dataset_id", "data_id", "run", "collection"), rows)

        def stream() -> Iterator[pyarrow.RecordBatch]:
            columns = dataset_columns(self.dataset_type(dataset_type).units)
            found, parameters = self._statement("query_dataset_columns", asked)
            names = ", ".join(_AS_TEXT.get(name, name) for name in columns.names)
            batches = self._streaming(f"SELECT {names} FROM ({found}) AS found", parameters, columns)
            # What is wrong with the query is said here, not when the rows are taken.
            first = list(islice(batches, 1))
            return chain(first, batches)

        return DatasetRefs(fetch, lambda: self.dataset_type(dataset_type), stream)

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        given = dict(parameters or {})
        # With what it reads for in one message: nothing lies between that another session could get.
        guarded = (
            f"BEGIN READ ONLY; SET LOCAL search_path = {self.schema}, public; "
            f"{for_driver(one_statement(sql), given)}"
        )

        def read(connection: Any) -> Fetched:
            with connection.cursor() as cursor:
                try:
                    execute(cursor, guarded, given)
                    if cursor.description is None:
                        return Fetched((), [])
                    return Fetched(tuple(column.name for column in cursor.description), cursor.fetchall())
                finally:
                    _leave_nothing(connection)

        def fetch() -> Fetched:
            with translated(ExpressionError):
                return attempted(self._connections, read, repeatable=True, what="a query")

        return Rows(fetch)

    def session(self) -> ReadOnlySession:
        """Open a session for the classes of `butler.models`, in one read-only transaction.

        Use it as a context manager.
        """
        from butler.models import ReadOnlySession

        engine = self._connections.engine.execution_options(
            isolation_level="READ COMMITTED",
            schema_translate_map={None: self.schema},
        )
        return ReadOnlySession(engine)

    def dataset_type(self, name: str) -> DatasetType:
        # Definitions never change, so a cached one is never stale.
        if name not in self._dataset_types:
            (row,) = self._look_up("get_dataset_type", name)
            self._dataset_types[name] = DatasetType(name, row.storage_class, tuple(row.units), row.doc)
        return self._dataset_types[name]

    def collections(self, pattern: str = "*") -> list[Collection]:
        rows = self._rows(
            f"SELECT c.collection, c.collection_type, c.owner, c.doc, c.frozen, ARRAY("
            f"SELECT m.member FROM {self.schema}.collection_chain AS m"
            " WHERE m.collection = c.collection ORDER BY m.position) AS members"
            f" FROM {self.schema}.collection AS c WHERE c.collection LIKE %s ORDER BY c.collection",
            (like_pattern(pattern),),
        )
        return [
            Collection(
                row.collection, row.collection_type, row.owner, row.doc, row.frozen, tuple(row.members)
            )
            for row in rows
        ]

    def cameras(self) -> list[dict[str, Any]]:
        rows = self._rows(f"SELECT c.definition FROM {self.schema}.camera AS c ORDER BY c.camera")
        return [definition for (definition,) in rows]

    # Writing -------------------------------------------------------------

    def begin_put(
        self,
        run: str,
        dataset_type: str,
        data_ids: Sequence[Mapping[str, Any]],
        *,
        template: str,
        datastore: str,
        quantum_id: int | None = None,
        skip_existing: bool = False,
    ) -> list[BegunPut]:
        rows = self._call_repeatable(
            "begin_put",
            run,
            dataset_type,
            bound_json([json_ready(data_id) for data_id in data_ids]),
            template,
            datastore,
            quantum_id,
            skip_existing,
        )
        return [
            BegunPut(
                UUID(str(row.dataset_id)),
                DatasetType(dataset_type, row.storage_class, tuple(row.units)),
                DataId({unit: row.data_id[unit] for unit in row.units}),
                run,
                row.hint,
                row.needs_environment,
                row.there_already,
            )
            for row in rows
        ]

    def file_datasets(
        self,
        run: str,
        dataset_type: str,
        datastore: str,
        rows: Iterable[tuple[UUID, Mapping[str, Any], Artifact]],
        *,
        skip_existing: bool = False,
    ) -> Filed:
        units = self.dataset_type(dataset_type).units
        copy = f"COPY %s ({staged_columns(units)}) FROM STDIN"
        merge = f"SELECT * FROM {self.schema}.merge_datasets(%s, %s, %s, %s)"
        given = 0
        existing: dict[UUID, Existing] = {}

        def hand_over(lot: StagedLot) -> tuple[StagedLot, Sequence[Any]]:
            execute(cursor, f"SELECT {self.schema}.stage_datasets()")
            ((stage,),) = cursor.fetchall()
            cursor.copy_expert(copy % stage, BytesIO(lot.text()))
            execute(cursor, merge, (run, dataset_type, datastore, skip_existing))
            return lot, cursor.fetchall()

        with (
            translated(InvalidDataIdError),
            self._writing(),
            self._transaction() as cursor,
            # A lot is handed over in a thread of its own, while the next one is read.
            ThreadPoolExecutor(1) as thread,
        ):
            for lot, passed_over in looking_ahead(thread, hand_over, staged_lots(rows, units), 1):
                given += lot.datasets
                for row in passed_over:
                    existing[lot.dataset_id(row.row_number)] = Existing(
                        UUID(str(row.existing)), row.same_bytes
                    )
        return Filed(given - len(existing), existing)

    def finish_put(self, written: Mapping[UUID, Sequence[Artifact]], *, skip_existing: bool = False) -> int:
        ((filed,),) = self._call(
            "finish_put",
            bound_json(
                [
                    {
                        "dataset_id": str(dataset_id),
                        "component": artifact.component,
                        "path": artifact.path,
                        "formatter": artifact.formatter,
                        "size": artifact.size,
                        "sha256": artifact.sha256.hex(),
                    }
                    for dataset_id, artifacts in written.items()
                    for artifact in artifacts
                ]
            ),
            skip_existing,
        )
        return int(filed)

    def abandon_put(self, dataset_ids: Sequence[UUID]) -> list[UUID]:
        return [
            UUID(str(unregistered))
            for (unregistered,) in self._call_repeatable("abandon_put", bound_ids(dataset_ids))
        ]

    def forget_puts(self, dataset_ids: Sequence[UUID]) -> int:
        ((count,),) = self._call_repeatable("forget_puts", bound_ids(dataset_ids))
        return int(count)

    def reap_puts(
        self, datastore: str, older_than: timedelta, *, after: UUID | None = None, limit: int = 1000
    ) -> list[OpenIntent]:
        rows = self._call("reap_puts", datastore, older_than, bound_id(after or UUID(int=0)), limit)
        return [_intent(row, row.registered) for row in rows]

    def open_intents(self, older_than: timedelta) -> list[OpenIntent]:
        rows = self._rows(f"SELECT * FROM {self.schema}.open_intents(%s)", (older_than,))
        return [_intent(row) for row in rows]

    def associate(self, collection: str, dataset_ids: Sequence[UUID]) -> int:
        ((count,),) = self._call("associate", collection, bound_ids(dataset_ids))
        return int(count)

    def disassociate(self, collection: str, dataset_ids: Sequence[UUID]) -> int:
        ((count,),) = self._call("disassociate", collection, bound_ids(dataset_ids))
        return int(count)

    # Removing ------------------------------------------------------------

    def unstore(
        self, dataset_ids: Sequence[UUID], *, reason: str = "", force: bool = False, dry_run: bool = False
    ) -> list[Removal]:
        return _removals(self._call("unstore", bound_ids(dataset_ids), reason, force, dry_run))

    def remove(
        self, dataset_ids: Sequence[UUID], *, reason: str = "", force: bool = False, dry_run: bool = False
    ) -> list[Removal]:
        return _removals(self._call("remove", bound_ids(dataset_ids), reason, force, dry_run))

    def remove_collection(
        self,
        name: str,
        *,
        datasets: bool = False,
        reason: str = "",
        force: bool = False,
        dry_run: bool = False,
    ) -> list[Removal]:
        return _removals(self._call("remove_collection", name, datasets, reason, force, dry_run))

    def restore(self, dataset_ids: Sequence[UUID]) -> int:
        ((count,),) = self._call("restore", bound_ids(dataset_ids))
        return int(count)

    def claim_trash(
        self, datastore: str, older_than: timedelta | None, limit: int, stuck: Iterable[UUID] = ()
    ) -> list[TrashedArtifact]:
        return [
            TrashedArtifact(
                UUID(str(row.dataset_id)),
                Artifact(datastore, row.path, row.formatter, row.size, bytes(row.sha256), row.component),
                row.delete_bytes,
            )
            for row in self._call("claim_trash", datastore, older_than, limit, bound_ids(stuck))
        ]

    @contextmanager
    def hold_trash(self, datastore: str, dataset_ids: Iterable[UUID]) -> Iterator[HeldTrash]:
        with translated(InvalidDataIdError), self._writing(), self._transaction() as cursor:
            yield PostgresHeldTrash(cursor, self._statement, datastore, dataset_ids)

    # Provenance ----------------------------------------------------------

    def set_run_environment(self, run: str, dataset_id: UUID) -> bool:
        ((first,),) = self._call("set_run_environment", run, bound_id(dataset_id))
        return bool(first)

    def begin_quantum(
        self, run: str, task: str, data_id: Mapping[str, Any], inputs: Sequence[UUID], host: str
    ) -> int:
        ((quantum_id,),) = self._call(
            "begin_quantum", run, task, bound_json(json_ready(data_id)), bound_ids(inputs), host
        )
        return int(quantum_id)

    def predict_inputs(self, quantum_id: int, inputs: Sequence[UUID]) -> None:
        self._call_repeatable("predict_inputs", quantum_id, bound_ids(inputs))

    def end_quantum(
        self, quantum_id: int, status: str, inputs_read: Sequence[UUID], message: str | None = None
    ) -> None:
        self._call("end_quantum", quantum_id, status, bound_ids(inputs_read), message)


def _leave_nothing(connection: Any) -> None:
    """End a user's query so that nothing of it outlasts it: settings are undone, locks given up.

    In one message again, which a pooler sends to one server, the same that had the query.
    """
    if not connection.closed:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK; SELECT pg_catalog.pg_advisory_unlock_all()")


def _removals(rows: Sequence[Any]) -> list[Removal]:
    return [
        Removal(row.outcome, row.reason, row.datasets, row.files, int(row.bytes), tuple(row.dataset_ids))
        for row in rows
    ]


def _intent(row: Any, registered: bool = False) -> OpenIntent:
    return OpenIntent(
        UUID(str(row.dataset_id)),
        row.dataset_type,
        row.storage_class,
        row.datastore,
        row.hint,
        row.begun,
        row.begun_by,
        row.given_up,
        registered,
    )


_RELATED = """
    WITH RECURSIVE below AS (
        SELECT r.registry, r.base FROM {0}.registry AS r WHERE r.registry = '{0}'
        UNION ALL
        SELECT r.registry, r.base FROM {0}.registry AS r INNER JOIN below AS b ON r.registry = b.base
    ), above AS (
        SELECT r.registry FROM {0}.registry AS r WHERE r.registry = '{0}'
        UNION ALL
        SELECT r.registry FROM {0}.registry AS r INNER JOIN above AS a ON r.base = a.registry
    )
    SELECT r.registry FROM {0}.registry AS r
    WHERE (r.registry IN (SELECT registry FROM below) OR r.registry IN (SELECT registry FROM above))
        AND has_schema_privilege(r.registry, 'USAGE')
    ORDER BY r.registry <> '{0}', r.depth, r.registry
"""

_AS_TEXT = {
    "visit_range": "lower(visit_range) || '..' || coalesce(upper(visit_range)::text, '') AS visit_range"
}
"""Units whose texts, as data IDs have them, aren't PostgreSQL's own."""
