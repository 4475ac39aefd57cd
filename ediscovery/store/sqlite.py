"""Catalogs as SQLite files, one in each matter's folder; the directory beside the matters."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    Connection,
    Dialect,
    Engine,
    ExceptionContext,
    MetaData,
    Table,
    create_engine,
    event,
    insert,
    inspect,
)
from sqlalchemy.pool import QueuePool

from ediscovery.model.errors import TryAgain, VerificationFailed
from ediscovery.store.catalog import Catalogs, writing
from ediscovery.store.tables import catalog, directory

_TOGETHER = 1000  # rows fetched at a time


class _Files:
    """The catalogs of a workspace on this machine."""

    shared = False

    def directory(self, workspace: Path, *, make: bool) -> Engine | None:
        path = workspace / "directory.sqlite"
        if not make and not path.exists():
            return None
        workspace.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _open(path, directory)

    def create(self, name: str, folder: Path) -> Engine:
        return _open(folder / "catalog.sqlite", catalog)

    def exists(self, name: str, folder: Path) -> bool:
        return (folder / "catalog.sqlite").exists()

    def open(self, name: str, folder: Path, *, read_only: bool = False) -> Engine:
        return _open(folder / "catalog.sqlite", catalog, read_only=read_only)

    def held(self, name: str) -> AbstractContextManager[None]:
        return nullcontext()  # the file lock in the matter's folder is all it takes


def open_catalogs(_address: str) -> Catalogs:
    """Catalogs in the folders of the workspace."""
    return _Files()


def _open(path: Path, tables: MetaData, *, read_only: bool = False) -> Engine:
    """An engine on the SQLite file at ``path``, its tables made when missing.

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
        execution_options={"yield_per": _TOGETHER},  # else every row is fetched by itself
    )

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

    event.listen(engine, "handle_error", _translate)
    if not read_only:
        with engine.connect() as connection:
            missing = tables.tables.keys() - inspect(connection).get_table_names()
        if missing:
            with writing(engine) as connection:
                tables.create_all(connection)
    return engine


def _translate(context: ExceptionContext) -> None:
    """Raise what a failure of the file stands for; bugs of ours stay as they are."""
    cause = context.original_exception
    if isinstance(cause, sqlite3.OperationalError):
        raise TryAgain(
            f"The catalog can't be used now: {cause}.",
            "Free disk space or wait for the other process, then run the same command again.",
        )
    if isinstance(cause, sqlite3.DatabaseError) and not isinstance(
        cause, sqlite3.IntegrityError | sqlite3.ProgrammingError
    ):
        raise VerificationFailed(
            f"The catalog is damaged: {cause}.", "Keep it as it is and restore a backup beside it."
        )


def insert_rows(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """One prepared statement for all rows; SQLAlchemy writes its SQL."""
    connection.exec_driver_sql(_insertion(table, columns, connection.dialect), list(rows))


@lru_cache(maxsize=64)  # writing it takes as long as inserting thirty rows
def _insertion(table: Table, columns: tuple[str, ...], dialect: Dialect) -> str:
    """The INSERT of ``columns`` in their order."""
    statement = insert(table).compile(dialect=dialect, column_keys=list(columns))
    if tuple(statement.positiontup or ()) != columns:
        raise ValueError(f"columns of {table.name} are not in the order of the table")
    return str(statement)


def problems(connection: Connection) -> list[str]:
    """What SQLite's own check of the file finds."""
    rows = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
    return [row for row in rows if row != "ok"]
