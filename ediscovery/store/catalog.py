"""Opens a catalog: the engine, its settings, and the one way to insert many rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    Connection,
    Dialect,
    Engine,
    MetaData,
    Table,
    create_engine,
    event,
    insert,
    inspect,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import QueuePool

from ediscovery.model.errors import TryAgain

_TOGETHER = 1000  # rows fetched at a time


def open_sqlite(path: Path, tables: MetaData, *, read_only: bool = False) -> Engine:
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

    if not read_only:
        with engine.connect() as connection:
            missing = tables.tables.keys() - inspect(connection).get_table_names()
        if missing:
            with writing(engine) as connection:
                tables.create_all(connection)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One write transaction; a full disk or a lock becomes :class:`TryAgain`, nothing half done."""
    try:
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection
    except OperationalError as error:
        raise TryAgain(
            f"The catalog could not be written: {error.orig}",
            "Free disk space or wait for the other process, then run the same command again.",
        ) from error


def insert_rows(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert ``rows`` (values in the order of ``columns``, JSON columns already as text).

    One prepared statement for all: SQLAlchemy writes the SQL, its per-row processing is left out.
    """
    if not rows:
        return
    statement, positional = _insertion(table, columns, connection.dialect)
    connection.exec_driver_sql(
        statement,
        list(rows) if positional else [dict(zip(columns, row, strict=True)) for row in rows],
    )


@lru_cache(maxsize=64)  # writing it takes as long as inserting thirty rows
def _insertion(table: Table, columns: tuple[str, ...], dialect: Dialect) -> tuple[str, bool]:
    """The INSERT of ``columns`` in their order, and whether it takes values by position."""
    statement = insert(table).compile(dialect=dialect, column_keys=list(columns))
    if statement.positional and tuple(statement.positiontup or ()) != columns:
        raise ValueError(f"columns of {table.name} are not in the order of the table")
    return str(statement), bool(statement.positional)
