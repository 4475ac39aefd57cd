"""Opens a catalog: the engine, its settings, and the one way to insert many rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    Connection,
    Engine,
    Insert,
    MetaData,
    Table,
    Update,
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
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert ``rows`` (values in the order of ``columns``, JSON columns already as text).

    One prepared statement for all: SQLAlchemy writes the SQL, its per-row processing is left out.
    """
    _for_each(connection, insert(table), columns, rows)


def update_rows(
    connection: Connection, statement: Update, names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Carry out ``statement`` for each of ``rows``, the values of its bind parameters ``names``."""
    _for_each(connection, statement, names, rows)


def _for_each(
    connection: Connection,
    wanted: Insert | Update,
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> None:
    keys = list(names) if isinstance(wanted, Insert) else None
    statement = wanted.compile(dialect=connection.dialect, column_keys=keys)
    batch = list(rows)
    if not batch:
        return
    if statement.positional:
        fixed = {n: v for n, v in statement.params.items() if n not in names}
        order = [names.index(n) if n in names else n for n in statement.positiontup or ()]
        if order != list(range(len(names))):
            batch = [
                tuple(row[i] if isinstance(i, int) else fixed[i] for i in order) for row in batch
            ]
        connection.exec_driver_sql(str(statement), [tuple(row) for row in batch])
    else:
        fixed = statement.params
        connection.exec_driver_sql(
            str(statement), [fixed | dict(zip(names, row, strict=True)) for row in batch]
        )
