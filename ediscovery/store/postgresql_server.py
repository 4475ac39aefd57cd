"""A PostgreSQL server as the catalogs use it: connections, transactions, what its errors mean."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import IsolationLevel
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from sqlalchemy import CompoundSelect, Connection, Engine, Select, create_engine, event, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from ediscovery.model.errors import EdiscoveryError, Refused, TryAgain, VerificationFailed
from ediscovery.model.secrets import secret
from ediscovery.store import audit
from ediscovery.store.catalog import TOGETHER, translate_errors

PASSWORD = "EDISCOVERY_CATALOG_PASSWORD"
_CONNECT_SECONDS = 10
# A peer that is gone without a word is noticed within a minute, on either side.
_ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
_SETTINGS = {
    "lock_timeout": "60s",
    "cursor_tuple_fraction": "1",  # rows come through cursors, and all of them are read
    **{f"tcp_{name}": str(value) for name, value in _ALIVE.items()},
}
_NO_RIGHTS, _READ_ONLY, _NO_SCHEMA = "42501", "25006", "3F000"
_DAMAGED = ("XX001", "XX002")
# Connection lost, resources, operator's action, system error; lock not to be had, deadlock.
_PASSING = ("08", "53", "57", "58", "55P03", "40")


class _Sum(Loader):
    """The server adds whole numbers up to a ``numeric``, which no column of ours is."""

    def load(self, data: Buffer) -> int | float:
        digits = bytes(data)
        return int(digits) if digits.lstrip(b"-").isdigit() else float(digits)


class Server:
    """The database that an address names: ``postgresql://[user@]host[:port]/database``."""

    def __init__(self, address: str) -> None:
        url = make_url(address)
        self.name = f"{url.host}:{url.port or 5432}/{url.database}"
        self._parts: dict[str, Any] = {
            "host": url.host, "port": url.port, "dbname": url.database, "user": url.username,
        }  # fmt: skip

    def connect(self, space: str, *, read_only: bool = False) -> psycopg.Connection:
        """A connection that looks into schema ``space`` only; TLS as ``PGSSLMODE`` and so on say.

        Who connects shows on the server: :meth:`holder` reads it.
        """
        settings = _SETTINGS | {"search_path": f'"{space}"'}
        if read_only:
            settings["default_transaction_read_only"] = "on"
        who, host = audit.actor()
        connection = psycopg.connect(
            **{key: value for key, value in (self._parts | _ALIVE).items() if value},
            password=secret(PASSWORD) or None,
            application_name=f"ediscovery, process {os.getpid()} of {who} on {host}",
            connect_timeout=_CONNECT_SECONDS,
            client_encoding="UTF8",
            options=" ".join(f"-c {name}={value}" for name, value in settings.items()),
            autocommit=True,
        )
        connection.adapters.register_loader("numeric", _Sum)
        return connection

    def meaning(self, error: BaseException) -> EdiscoveryError | None:
        """What ``error`` says to the user; ``None`` when it is a bug of ours."""
        if not isinstance(error, psycopg.Error):
            return None
        said = " ".join(str(error).split())
        state = error.sqlstate or ""
        if state == _NO_RIGHTS:
            return Refused(
                f"The catalog's server refuses: {said}.",
                "See in docs/administrator.md what its role must be allowed to do.",
            )
        if state.startswith(_DAMAGED):
            return VerificationFailed(
                f"The catalog is damaged: {said}.", "Stop the server and restore a backup."
            )
        if state.startswith(_PASSING) or state == _READ_ONLY:
            return TryAgain(
                f"The catalog on {self.name} can't be used now: {said}.",
                "See that its server has space and is up, then run the same command again.",
            )
        if not state and isinstance(error, psycopg.OperationalError):
            return TryAgain(
                f"The catalog on {self.name} does not answer: {said}.",
                f"See that its server is up and that {PASSWORD} is right, then run the same "
                "command again.",
            )
        return None

    @contextmanager
    def translated(self) -> Iterator[None]:
        """The same for what is done without SQLAlchemy."""
        try:
            yield
        except psycopg.Error as error:
            known = self.meaning(error)
            if known is None:
                raise
            raise known from error

    def engine(
        self,
        space: str,
        connect: Callable[[], psycopg.Connection],
        guard: Callable[[Connection], None] = lambda _: None,
    ) -> Engine:
        """An engine on schema ``space``; ``guard`` may refuse a transaction that will write."""
        engine = create_engine(
            "postgresql+psycopg://",
            creator=connect,
            pool_pre_ping=True,  # the server may have dropped a connection that lay idle
            use_native_hstore=False,
        )
        translate_errors(engine, self.meaning)
        turn = {"key": lock_key("write", space)}

        @event.listens_for(engine, "connect")
        def _named(_connection: Any, record: ConnectionPoolEntry) -> None:
            record.info["server"] = self

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            writes = connection.get_execution_options().get("writes", False)
            # One reader sees one state; a writer who waited for his turn, what the last one wrote.
            driver(connection).isolation_level = (
                IsolationLevel.READ_COMMITTED if writes else IsolationLevel.REPEATABLE_READ
            )
            if writes:
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%(key)s)", turn)
                guard(connection)

        @event.listens_for(engine, "before_execute", retval=True)
        def _streamed(
            _connection: Connection, statement: Any, many: Any, parameters: Any, _options: Any
        ) -> Any:
            if isinstance(statement, Select | CompoundSelect):  # else all rows would come at once
                statement = statement.execution_options(yield_per=TOGETHER)
            return statement, many, parameters

        return engine


def driver(connection: Connection) -> Any:
    """psycopg's own connection below ``connection``."""
    return connection.connection.driver_connection


def lock_key(purpose: str, space: str) -> int:
    """The number of an advisory lock; they are the database's own."""
    digest = hashlib.sha256(f"ediscovery {purpose} {space}".encode()).digest()
    return int.from_bytes(digest[:8]) >> 1
