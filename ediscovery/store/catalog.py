"""Opens the catalogs of a deployment, and the two ways to write to any of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from sqlalchemy import Connection, Engine, Table

from ediscovery.model.deployment import Deployment

# By the scheme of ``Deployment.catalog``, which is also SQLAlchemy's name of the dialect. A module
# has ``open_catalogs(address)``, ``insert_rows(…)`` and ``problems(connection)`` as below.
_MODULES = {
    "sqlite": "ediscovery.store.sqlite",
    "postgresql": "ediscovery.store.postgresql",
}


class Catalogs(Protocol):
    """The catalogs of all matters of a workspace, and the directory that lists these matters.

    Its engines raise :class:`TryAgain` when the store is down, locked or full,
    :class:`VerificationFailed` when it is damaged, and :class:`Refused` when it denies access.
    """

    shared: bool  # whether other machines may write to them

    def directory(self, workspace: Path, *, make: bool) -> Engine | None:
        """The directory of matters; ``None`` when there is none and none is to be made."""
        ...

    def create(self, name: str, folder: Path) -> Engine:
        """The catalog of a new matter, tables made. Safe to repeat after a failure.

        Raises :class:`UsageError` for a name that this store can't hold.
        """
        ...

    def exists(self, name: str, folder: Path) -> bool:
        """Whether the matter has a catalog here."""
        ...

    def open(self, name: str, folder: Path, *, read_only: bool = False) -> Engine:
        """The catalog of a matter that exists. It is looked at when it is first used."""
        ...

    def held(self, name: str) -> AbstractContextManager[None]:
        """Keep the coordinators of other machines away; raises :class:`Locked` when one is there.

        The matter's lock file does that for those of this machine.
        """
        ...


@lru_cache(maxsize=8)  # one set of locks a process
def _catalogs(address: str) -> Catalogs:
    module = import_module(_MODULES[address.partition(":")[0]])
    return cast(Catalogs, module.open_catalogs(address))


def open_catalogs(deployment: Deployment) -> Catalogs:
    """Where ``deployment`` keeps its catalogs.

    Raises :class:`UsageError` when the address is wrong; nothing is connected to yet.
    """
    return _catalogs(deployment.catalog)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One write transaction; writers take turns. A failure leaves nothing half done."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


def insert_rows(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert ``rows`` (values in the order of ``columns``, JSON columns already as text).

    The fastest way that the database has; SQLAlchemy's per-row processing is left out.
    """
    if rows:
        _module(connection).insert_rows(connection, table, columns, rows)


def problems(connection: Connection) -> list[str]:
    """What the database finds wrong with the catalog's own files or tables, one sentence each."""
    return cast(list[str], _module(connection).problems(connection))


def _module(connection: Connection) -> Any:
    return import_module(_MODULES[connection.dialect.name])
