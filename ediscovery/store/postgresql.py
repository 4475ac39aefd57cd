"""Catalogs in PostgreSQL: one schema a matter, owned by a role of its own; a directory of them.

A connection to a matter takes the matter's role and sees its schema alone, so that the server
itself refuses a query that strays into another matter. The directory can be read by every role of
the database, and row-level security shows each its own matters only.
"""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql
from psycopg.adapt import Loader
from sqlalchemy import (
    Connection,
    Engine,
    ExceptionContext,
    Integer,
    MetaData,
    Select,
    Table,
    create_engine,
    event,
    inspect,
)
from sqlalchemy.sql.selectable import CompoundSelect

from ediscovery.model.errors import (
    EdiscoveryError,
    Locked,
    Refused,
    TryAgain,
    UsageError,
    VerificationFailed,
)
from ediscovery.store.catalog import Catalogs, writing
from ediscovery.store.tables import catalog, directory

PASSWORD = "EDISCOVERY_CATALOG_PASSWORD"
_TOGETHER = 1000  # rows fetched at a time
_MOST_BYTES = 63  # of a name in PostgreSQL
_DIRECTORY = "directory"
_SETTINGS = {
    # A reader sees one state; writers take turns and set theirs themselves.
    "default_transaction_isolation": "repeatable\\ read",
    "lock_timeout": "60s",
    # Rows are read through cursors, and all of them.
    "cursor_tuple_fraction": "1.0",
    "timezone": "UTC",
}
_POLICY = """
ALTER TABLE directory.matter ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_matters ON directory.matter FOR SELECT USING (
    pg_has_role(
        current_user, to_regrole(quote_ident(current_database() || ':' || name)), 'MEMBER'
    )
);
GRANT USAGE ON SCHEMA directory TO PUBLIC;
GRANT SELECT ON directory.matter TO PUBLIC;
"""


class _WholeNumber(Loader):
    """PostgreSQL adds whole numbers up to a numeric; the catalog has no other numerics."""

    def load(self, data: Any) -> int:
        return int(bytes(data))


class _Server:
    """The catalogs in one database."""

    shared = True

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._database = unquote(parts.path.removeprefix("/"))
        if not parts.hostname or not self._database or parts.query or parts.fragment:
            raise UsageError(
                "The deployment's catalog is no address of a database.",
                "Write postgresql://user@host:port/database; TLS is set by PGSSLMODE and the like.",
            )
        if parts.password is not None:
            raise UsageError(
                "The address of the catalog holds a password.",
                f"Take it out; set {PASSWORD}, or {PASSWORD}_FILE to the path of a file.",
            )
        self._where: dict[str, Any] = {"host": parts.hostname, "dbname": self._database}
        if parts.port:
            self._where["port"] = parts.port
        if parts.username:
            self._where["user"] = unquote(parts.username)
        self._held: dict[str, psycopg.Connection] = {}
        self._guard = threading.Lock()

    # -- the directory -----------------------------------------------------------------------------

    def directory(self, workspace: Path, *, make: bool) -> Engine | None:
        engine = self._engine(_DIRECTORY, None)
        if self._has_schema(engine, _DIRECTORY):
            return engine
        if not make:
            engine.dispose()
            return None
        with writing(engine) as connection:
            if not self._has_schema(connection, _DIRECTORY):  # another was first
                connection.exec_driver_sql(f"CREATE SCHEMA {_DIRECTORY}")
                directory.create_all(connection)
                connection.exec_driver_sql(_POLICY)
        return engine

    @staticmethod
    def _has_schema(source: Engine | Connection, schema: str) -> bool:
        if isinstance(source, Engine):
            with source.connect() as connection:
                return _Server._has_schema(connection, schema)
        question = "SELECT to_regnamespace(quote_ident(%(name)s)) IS NOT NULL"
        return bool(source.exec_driver_sql(question, {"name": schema}).scalar_one())

    # -- matters -----------------------------------------------------------------------------------

    def create(self, name: str, folder: Path) -> Engine:
        schema, role = _schema(name), self._role(name)
        if max(len(schema), len(role.encode())) > _MOST_BYTES:
            raise UsageError(
                f"{name!r} is too long for a matter in the database {self._database}.",
                f"Use at most {len(name) - max(len(schema), len(role.encode())) + _MOST_BYTES} "
                "characters.",
            )
        engine = self._engine(_DIRECTORY, None)
        try:
            with engine.connect() as connection, connection.begin():
                raw = _driver(connection)
                if not self._has_schema(connection, schema):
                    known = "SELECT FROM pg_roles WHERE rolname = %s"
                    if raw.execute(known, [role]).fetchone() is None:
                        raw.execute(_sql("CREATE ROLE {} NOLOGIN ROLE CURRENT_USER", role))
                    raw.execute(_sql("CREATE SCHEMA {} AUTHORIZATION {}", schema, role))
        except psycopg.Error as error:
            raise _meaning(error) or error from error
        finally:
            engine.dispose()
        made = self.open(name, folder)
        with writing(made) as connection:
            catalog.create_all(connection)
        return made

    def exists(self, name: str, folder: Path) -> bool:
        engine = self._engine(_DIRECTORY, None)
        try:
            return self._has_schema(engine, _schema(name))
        finally:
            engine.dispose()

    def open(self, name: str, folder: Path, *, read_only: bool = False) -> Engine:
        return self._engine(_schema(name), self._role(name), read_only=read_only)

    def _role(self, name: str) -> str:
        """Roles belong to the whole server, hence the database in their names."""
        return f"{self._database}:{name}"

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        schema = _schema(name)
        try:
            with self._connect(autocommit=True) as connection:
                _take(connection, schema, name)
                with self._guard:
                    self._held[schema] = connection
                try:
                    yield
                finally:
                    with self._guard:
                        del self._held[schema]
        except psycopg.Error as error:
            raise _meaning(error) or error from error

    def _still_held(self, schema: str) -> None:
        """Raise :class:`TryAgain` when the lock of this process went with its connection."""
        with self._guard:
            connection = self._held.get(schema)
        if connection is None:
            return
        try:
            connection.execute("")
        except psycopg.Error as error:
            raise TryAgain(
                "The connection that holds the matter was cut.",
                "Run the same command again; what was committed stays.",
            ) from error

    # -- connections -------------------------------------------------------------------------------

    def _connect(self, **settings: Any) -> psycopg.Connection:
        options = _SETTINGS | settings.pop("options", {})
        return psycopg.connect(
            **self._where,
            password=_password(),
            application_name=f"ediscovery {os.getpid()}@{socket.gethostname()}",
            options=" ".join(f"-c {name}={value}" for name, value in options.items()),
            connect_timeout=30,
            keepalives_idle=60,
            **settings,
        )

    def _engine(self, schema: str, role: str | None, *, read_only: bool = False) -> Engine:
        """An engine whose connections see ``schema`` alone, as ``role``."""

        def connect() -> psycopg.Connection:
            options = {"default_transaction_read_only": "on"} if read_only else {}
            connection = self._connect(autocommit=True, options=options)
            if role is not None:
                connection.execute(_sql("SET ROLE {}", role))
            connection.execute(_sql("SET search_path TO {}", schema))
            connection.autocommit = False
            connection.adapters.register_loader("numeric", _WholeNumber)
            return connection

        engine = create_engine(
            "postgresql+psycopg://", creator=connect, pool_pre_ping=True, use_native_hstore=False
        )
        turn = _key("writer", schema)

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            if connection.get_execution_options().get("writes", False):
                self._still_held(schema)
                connection.exec_driver_sql(
                    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; "
                    f"SELECT pg_advisory_xact_lock({turn})"
                )

        @event.listens_for(engine, "before_execute", retval=True)
        def _in_pieces(
            _connection: Any, statement: Any, many: Any, parameters: Any, _options: Any
        ) -> Any:
            if isinstance(statement, Select | CompoundSelect):
                statement = statement.execution_options(yield_per=_TOGETHER)
            return statement, many, parameters

        event.listen(engine, "handle_error", _translate)
        return engine


def open_catalogs(address: str) -> Catalogs:
    """Catalogs in the database at ``address``, ``postgresql://[user@]host[:port]/database``."""
    return _Server(address)


def _password() -> str | None:
    """From ``EDISCOVERY_CATALOG_PASSWORD`` or the file that ``…_FILE`` names; else libpq's own."""
    if PASSWORD in os.environ:
        return os.environ[PASSWORD]
    path = os.environ.get(f"{PASSWORD}_FILE")
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"The file that {PASSWORD}_FILE names can't be read.", f"See that {path} is there."
        ) from error


def _schema(name: str) -> str:
    return f"matter_{name}"


def _sql(statement: str, *names: str) -> sql.Composed:
    return sql.SQL(statement).format(*map(sql.Identifier, names))


def _driver(connection: Connection) -> psycopg.Connection:
    driver: Any = connection.connection.driver_connection
    return driver  # type: ignore[no-any-return]


def _key(purpose: str, schema: str) -> int:
    """The number of an advisory lock."""
    digest = hashlib.sha256(f"ediscovery {purpose} {schema}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _take(connection: psycopg.Connection, schema: str, name: str) -> None:
    """Take the lock of a matter for as long as ``connection`` lives; raises :class:`Locked`."""
    key = _key("coordinator", schema)
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", [key]).fetchone()
    if row == (True,):
        return
    holder = connection.execute(
        "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid) "
        "WHERE locktype = 'advisory' AND granted "
        "AND ((classid::bigint << 32) | objid::bigint) = %s",
        [key],
    ).fetchone()
    who = str(holder[0]).removeprefix("ediscovery ") if holder and holder[0] else "unknown"
    raise Locked(
        f"Matter {name!r} is in use by process {who}.",
        "Wait for it to finish, or stop it, then run the command again.",
    )


def _translate(context: ExceptionContext) -> None:
    """Raise what a failure of the server stands for; bugs of ours stay as they are."""
    meaning = _meaning(context.original_exception)
    if meaning is not None and not context.is_pre_ping:  # which makes the connection anew
        raise meaning


def _meaning(error: BaseException) -> EdiscoveryError | None:
    said = " ".join(str(error).split())
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return Refused(
            f"The catalog's server refuses: {said}.",
            "Give the role what docs/administrator.md says, under Catalog.",
        )
    if isinstance(error, psycopg.errors.DataCorrupted | psycopg.errors.IndexCorrupted):
        return VerificationFailed(
            f"The catalog is damaged: {said}.", "Keep it as it is and restore a backup beside it."
        )
    if isinstance(error, psycopg.OperationalError | psycopg.errors.ReadOnlySqlTransaction):
        return TryAgain(
            f"The catalog can't be used now: {said}.",
            f"See that its server runs and that {PASSWORD} is right, then run the same command "
            "again; what was committed stays.",
        )
    return None


def insert_rows(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """COPY. A number like 3.0 goes into a column of whole numbers as 3."""
    whole = [i for i, name in enumerate(columns) if isinstance(table.c[name].type, Integer)]
    statement = _sql(
        f"COPY {{}} ({', '.join(['{}'] * len(columns))}) FROM STDIN", table.name, *columns
    )
    try:
        with _driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                if any(type(row[i]) is float for i in whole):
                    row = tuple(
                        int(v) if type(v) is float and i in whole else v for i, v in enumerate(row)
                    )
                copy.write_row(row)
    except psycopg.Error as error:
        if _driver(connection).closed:
            connection.invalidate(error)
        raise _meaning(error) or error from error


def problems(connection: Connection) -> list[str]:
    """Tables, columns and indexes that are missing or not valid.

    The server holds the checksums of its pages against them whenever it reads one.
    """
    return [*_missing(connection, catalog), *_invalid(connection)]


def _missing(connection: Connection, tables: MetaData) -> Iterator[str]:
    found = inspect(connection)
    there = set(found.get_table_names())
    for table in tables.sorted_tables:
        if table.name not in there:
            yield f"Table {table.name} is missing."
            continue
        columns = {column["name"] for column in found.get_columns(table.name)}
        for name in sorted({column.name for column in table.c} - columns):
            yield f"Column {name} of table {table.name} is missing."


def _invalid(connection: Connection) -> Iterator[str]:
    question = (
        "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class c ON c.oid = indrelid "
        "WHERE NOT indisvalid AND c.relnamespace = current_schema()::regnamespace"
    )
    for name in connection.exec_driver_sql(question).scalars():
        yield f"Index {name} is not valid; have it made anew: REINDEX."
