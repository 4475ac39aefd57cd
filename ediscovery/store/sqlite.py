"""Catalogs in SQLite: one file a matter in the matter's folder, one for the workspace."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, Select, Table, create_engine, event, func, select
from sqlalchemy.engine import Dialect
from sqlalchemy.pool import QueuePool

from ediscovery.model.errors import EdiscoveryError, Locked, TryAgain, VerificationFailed
from ediscovery.store import schema
from ediscovery.store.catalog import TOGETHER, translate_errors, writing


class SQLiteCatalog:
    """The catalog of a matter: ``catalog.sqlite`` in its folder."""

    shared = False

    def __init__(self, name: str, folder: Path) -> None:
        self._name, self._folder = name, folder
        self._path = folder / "catalog.sqlite"

    def exists(self) -> bool:
        return self._path.exists()

    def open(self, *, read_only: bool = False) -> Engine:
        engine = _engine(self._path, read_only=read_only)
        if not read_only:
            schema.prepare(engine, schema.CATALOG)
        return engine

    @contextmanager
    def locked(self) -> Iterator[None]:
        with open(self._folder / "lock", "a+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                holder = file.read(100).decode(errors="replace").strip()
                raise Locked(
                    f"Matter {self._name!r} is in use by process {holder or 'unknown'}.",
                    "Wait for it to finish, or stop it, then run the command again.",
                ) from None
            file.truncate(0)
            file.write(str(os.getpid()).encode())
            file.flush()
            try:
                yield
            finally:
                file.truncate(0)


class SQLiteDirectory:
    """The list of matters: ``directory.sqlite`` in the workspace."""

    def __init__(self, workspace: Path) -> None:
        self._path = workspace / "directory.sqlite"

    def exists(self) -> bool:
        return self._path.exists()

    def open(self) -> Engine:
        engine = _engine(self._path)
        schema.prepare(engine, schema.DIRECTORY)
        return engine

    def probe(self) -> list[tuple[str, str, str, str]]:
        return []  # there is no server

    @contextmanager
    def new_matter(self, connection: Connection, name: str, folder: Path) -> Iterator[Connection]:
        engine = SQLiteCatalog(name, folder).open()
        try:
            with writing(engine) as inner:
                yield inner
        finally:
            engine.dispose()


def catalog_store(address: str, name: str, folder: Path) -> SQLiteCatalog:
    """The catalog of the matter whose folder is ``folder``."""
    return SQLiteCatalog(name, folder)


def directory_store(address: str, workspace: Path) -> SQLiteDirectory:
    """The directory of the workspace."""
    return SQLiteDirectory(workspace)


def _engine(path: Path, *, read_only: bool = False) -> Engine:
    """An engine on the file at ``path``.

    WAL, so that readers never wait for the writer, nor it for them; ``synchronous=FULL``, so that
    what was acknowledged survives a power cut.
    """
    where = f"file:{quote(str(path))}" + ("?mode=ro" if read_only else "")

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(where, uri=True, timeout=60, check_same_thread=False)

    engine = create_engine(
        "sqlite://",
        creator=connect,
        poolclass=QueuePool,
        execution_options={"yield_per": TOGETHER},  # else every row is fetched by itself
    )
    translate_errors(engine, _meaning)

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: Any) -> None:
        # The driver's own transactions begin late and break SELECT ... INSERT atomicity.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL" if not read_only else "query_only=ON",
            "synchronous=FULL",
            "temp_store=MEMORY",
            "cache_size=-16384",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _meaning(error: BaseException) -> EdiscoveryError | None:
    if isinstance(error, sqlite3.OperationalError):
        return TryAgain(
            f"The catalog can't be used now: {error}.",
            "Free disk space or wait for the other process, then run the same command again.",
        )
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(
        error, sqlite3.IntegrityError | sqlite3.ProgrammingError
    ):
        return VerificationFailed(
            f"The catalog is damaged: {error}.", "Keep it as it is and restore a backup beside it."
        )
    return None


def insert(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """One prepared statement for all rows: SQLAlchemy's processing of each is left out."""
    connection.exec_driver_sql(_insertion(table, columns, connection.dialect), list(rows))


@lru_cache(maxsize=64)  # writing it takes as long as inserting thirty rows
def _insertion(table: Table, columns: tuple[str, ...], dialect: Dialect) -> str:
    statement = table.insert().compile(dialect=dialect, column_keys=list(columns))
    if tuple(statement.positiontup or ()) != columns:
        raise ValueError(f"columns of {table.name} are not in the order of the table")
    return str(statement)


def listed(numbers: Sequence[int]) -> Select[tuple[int]]:
    """A JSON array, taken apart."""
    return select(func.json_each(json.dumps(list(numbers))).table_valued("value").c.value)


def damage(connection: Connection) -> list[str]:
    """What SQLite's own check finds."""
    try:
        rows = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
    except VerificationFailed as error:  # the check itself can't go on
        return [error.message]
    return [row for row in rows if row != "ok"]
