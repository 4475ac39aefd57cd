"""Catalogs in PostgreSQL: a schema a matter, owned by a role of its own; a directory of them.

A connection to a matter takes the matter's role and looks into its schema only, so the server
refuses a query that strays into another one. See ``docs/adr/008-one-schema-a-matter.md``.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import ARRAY, BigInteger, Connection, Engine, Select, Table, cast, func, select
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError

from ediscovery.model.errors import EdiscoveryError, Locked, TryAgain, VerificationFailed
from ediscovery.store import schema
from ediscovery.store.catalog import writing
from ediscovery.store.postgresql_server import Server, driver, lock_key

_DIRECTORY = "directory"

# Rows of matters whose role the current one has. The directory's owner is not bound by it.
_WALL = (
    "ALTER TABLE directory.matter ENABLE ROW LEVEL SECURITY",
    """CREATE POLICY own_matters ON directory.matter FOR SELECT USING (EXISTS (
        SELECT FROM pg_catalog.pg_namespace
        WHERE nspname = 'm_' || name AND pg_has_role(nspowner, 'MEMBER')))""",
    "GRANT USAGE ON SCHEMA directory TO PUBLIC",
    "GRANT SELECT ON directory.matter TO PUBLIC",
)


class PostgreSQLCatalog:
    """The catalog of a matter: the schema ``m_<name>``."""

    shared = True

    def __init__(self, address: str, name: str) -> None:
        self._server, self._name = Server(address), name
        self._space = _space(name)
        self._lock: psycopg.Connection | None = None

    def exists(self) -> bool:
        with self._server.translated(), self._server.connect(_DIRECTORY) as connection:
            return self._owner(connection) is not None

    def open(self, *, read_only: bool = False) -> Engine:
        engine = self._server.engine(
            self._space, lambda: self._connect(read_only=read_only), self._still_locked
        )
        if not read_only:
            schema.prepare(engine, schema.CATALOG)
        return engine

    def _connect(self, *, read_only: bool) -> psycopg.Connection:
        connection = self._server.connect(self._space, read_only=read_only)
        owner = self._owner(connection)
        if owner is None:
            connection.close()
            raise VerificationFailed(
                f"The catalog of matter {self._name!r} is missing from {self._server.name}.",
                "Restore the database from a backup.",
            )
        connection.execute("SELECT set_config('role', %s, false)", [owner])
        connection.autocommit = False
        return connection

    def _owner(self, connection: psycopg.Connection) -> str | None:
        row = connection.execute(
            "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = %s", [self._space]
        ).fetchone()
        return str(row[0]) if row else None

    @contextmanager
    def locked(self) -> Iterator[None]:
        key = lock_key("run", self._space)
        with self._server.translated():
            connection = self._server.connect(_DIRECTORY)
        with connection:
            with self._server.translated():
                (have,) = connection.execute(
                    "SELECT pg_try_advisory_lock(%s)", [key]
                ).fetchone() or (False,)
                if not have:
                    raise Locked(
                        f"Matter {self._name!r} is in use by {_holder(connection, key)}.",
                        "Wait for it to finish, or stop it, then run the command again.",
                    )
            self._lock = connection
            try:
                yield
            finally:
                self._lock = None

    def _still_locked(self, connection: Connection) -> None:
        """Refuse to write once the lock was lost: another coordinator may hold it by now."""
        if self._lock is None:
            return
        held = connection.exec_driver_sql(
            f"{_HOLDERS} SELECT FROM held WHERE pid = %(pid)s",
            _halves(lock_key("run", self._space)) | {"pid": self._lock.info.backend_pid},
        ).first()
        if held is None:
            raise TryAgain(
                f"The lock on matter {self._name!r} was lost with its connection to "
                f"{self._server.name}.",
                "Run the same command again; what was committed stays.",
            )


class PostgreSQLDirectory:
    """The list of matters: the schema ``directory``."""

    def __init__(self, address: str) -> None:
        self._server = Server(address)

    def exists(self) -> bool:
        with self._server.translated(), self._server.connect(_DIRECTORY) as connection:
            found = connection.execute("SELECT to_regclass('directory.matter')").fetchone()
        return found is not None and found[0] is not None

    def open(self) -> Engine:
        engine = self._server.engine(_DIRECTORY, self._connect)
        try:
            if not self.exists():
                self._make(engine)
            schema.prepare(engine, schema.DIRECTORY)
        except EdiscoveryError:
            engine.dispose()
            raise
        return engine

    def _make(self, engine: Engine) -> None:
        with writing(engine) as connection:
            if schema.revision(connection) is None:  # else another was quicker
                connection.exec_driver_sql(f"CREATE SCHEMA {_DIRECTORY}")
                schema.bring_up(connection, schema.DIRECTORY)
                for statement in _WALL:
                    connection.exec_driver_sql(statement)

    def _connect(self) -> psycopg.Connection:
        connection = self._server.connect(_DIRECTORY)
        connection.autocommit = False
        return connection

    def probe(self) -> list[tuple[str, str, str, str]]:
        with self._server.translated(), self._server.connect(_DIRECTORY) as connection:
            row = connection.execute(
                "SELECT current_setting('server_version'), rolsuper, rolcreaterole "
                "AND has_database_privilege(current_database(), 'CREATE') "
                "FROM pg_roles WHERE rolname = CURRENT_USER"
            ).fetchone()
            tls = connection.pgconn.ssl_in_use
        assert row is not None  # every session has a role
        version, superuser, makes = row
        made = self._server.name
        return [
            ("catalog", "ok", f"PostgreSQL {version} on {made}", ""),
            ("catalog: TLS", "ok" if tls else "weak", "in use" if tls else "not in use",
             "Evidence crosses the network as it is; set PGSSLMODE=verify-full."),
            ("catalog: role", "weak" if superuser or not makes else "ok",
             "a superuser" if superuser else "makes matters" if makes else "can't make matters",
             "No wall holds a superuser." if superuser else "Existing matters can be used."),
        ]  # fmt: skip

    @contextmanager
    def new_matter(self, connection: Connection, name: str, folder: Path) -> Iterator[Connection]:
        space = _space(name)
        role = _new_role(connection, space)
        quoted = connection.dialect.identifier_preparer.quote_identifier
        for statement in (
            f"CREATE ROLE {quoted(role)} NOLOGIN",
            f"GRANT {quoted(role)} TO CURRENT_USER",
            f"CREATE SCHEMA {quoted(space)} AUTHORIZATION {quoted(role)}",
            f"SET LOCAL ROLE {quoted(role)}",
            f"SET LOCAL search_path = {quoted(space)}",
        ):
            connection.exec_driver_sql(statement)
        schema.bring_up(connection, schema.CATALOG)
        yield connection
        connection.exec_driver_sql("SET LOCAL ROLE NONE")
        connection.exec_driver_sql(f"SET LOCAL search_path = {_DIRECTORY}")


def catalog_store(address: str, name: str, folder: Path) -> PostgreSQLCatalog:
    """The catalog of the matter called ``name``."""
    return PostgreSQLCatalog(address, name)


def directory_store(address: str, workspace: Path) -> PostgreSQLDirectory:
    """The directory of the database, whatever the workspace."""
    return PostgreSQLDirectory(address)


def _space(name: str) -> str:
    """The schema of a matter. Names of matters are short enough for it."""
    return f"m_{name}"


def _new_role(connection: Connection, space: str) -> str:
    """A role that is not there yet: roles are the server's, and so shared by its databases."""
    taken = connection.exec_driver_sql(
        "SELECT FROM pg_roles WHERE rolname = %(name)s", {"name": space}
    ).first()
    return space if taken is None else f"{space[:50]}~{secrets.token_hex(6)}"


_HOLDERS = """WITH held AS (SELECT pid FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND classid = %(high)s AND objid = %(low)s)"""


def _halves(key: int) -> dict[str, int]:
    return {"high": key >> 32, "low": key & 0xFFFFFFFF}


def _holder(connection: psycopg.Connection, key: int) -> str:
    row = connection.execute(
        f"{_HOLDERS} SELECT application_name FROM pg_stat_activity JOIN held USING (pid)",  # noqa: S608
        _halves(key),
    ).fetchone()
    return str(row[0]).removeprefix("ediscovery, ") if row and row[0] else "another process"


def insert(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """COPY, which takes a row in a fifth of the time that an INSERT does."""
    statement = _copying(table, columns, connection.dialect)
    server: Server = connection.info["server"]
    try:
        with server.translated(), driver(connection).cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        raise DBAPIError.instance(statement, None, error, psycopg.Error) from error


@lru_cache(maxsize=64)
def _copying(table: Table, columns: tuple[str, ...], dialect: Dialect) -> str:
    prepare = dialect.identifier_preparer
    names = ", ".join(prepare.quote(column) for column in columns)
    return f"COPY {prepare.format_table(table)} ({names}) FROM STDIN"


def listed(numbers: Sequence[int]) -> Select[tuple[int]]:
    """An array, taken apart."""
    return select(func.unnest(cast(list(numbers), ARRAY(BigInteger))))


def damage(connection: Connection) -> list[str]:
    """Indexes that the server does not trust, tables that are gone."""
    there = connection.exec_driver_sql(
        "SELECT tablename FROM pg_tables WHERE schemaname = CURRENT_SCHEMA"
    ).scalars()
    gone = sorted(schema.CATALOG.tables.tables.keys() - set(there))
    broken = connection.exec_driver_sql(
        "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE "
        "c.relnamespace = CURRENT_SCHEMA::regnamespace AND NOT (indisvalid AND indisready)"
    ).scalars()
    return [f"Table {name} is missing." for name in gone] + [
        f"Index {name} can't be used; rebuild it with REINDEX." for name in broken
    ]
