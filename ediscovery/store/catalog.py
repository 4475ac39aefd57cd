"""What every catalog has in common, and the choice of the one that a deployment names.

The module of a back end (``store/sqlite.py``, ``store/postgresql.py``) knows how its databases are
made, opened, locked and checked; nothing else of the project asks which one it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from sqlalchemy import Connection, Engine, ExceptionContext, Select, Table, event

from ediscovery.model.deployment import Deployment
from ediscovery.model.errors import EdiscoveryError

TOGETHER = 1000  # rows fetched at a time
COUNTED = {"preserve_rowcount": True}  # for an INSERT whose rows are to be counted
# By the scheme of ``Deployment.catalog``, which is also SQLAlchemy's name of the dialect.
_BACK_ENDS = {
    "sqlite": "ediscovery.store.sqlite",
    "postgresql": "ediscovery.store.postgresql",
}


class CatalogStore(Protocol):
    """Where the catalog of one matter is kept."""

    shared: bool  # whether several machines may open it

    def exists(self) -> bool:
        """Whether the matter's tables are there."""
        ...

    def open(self, *, read_only: bool = False) -> Engine:
        """The catalog; an older one is brought up to date first, unless it is only read.

        Raises :class:`Refused` for one that a newer program made.
        """
        ...

    def locked(self) -> AbstractContextManager[None]:
        """Hold the matter for one coordinator; raises :class:`Locked`, naming who holds it.

        The lock dies with the process that holds it.
        """
        ...


class DirectoryStore(Protocol):
    """Where the list of matters is kept."""

    def exists(self) -> bool:
        """Whether the directory was made."""
        ...

    def open(self) -> Engine:
        """The directory, made when missing, brought up to date when older."""
        ...

    def probe(self) -> list[tuple[str, str, str, str]]:
        """Findings of ``doctor`` about its server: what, state, detail, what lacks without."""
        ...

    def new_matter(
        self, connection: Connection, name: str, folder: Path
    ) -> AbstractContextManager[Connection]:
        """A transaction in the catalog of a new matter, its tables made.

        ``connection`` writes to the directory; where it can, the new catalog is part of its
        transaction.
        """
        ...


class _BackEnd(Protocol):
    """What the module of a back end offers."""

    def catalog_store(self, address: str, name: str, folder: Path) -> CatalogStore: ...

    def directory_store(self, address: str, workspace: Path) -> DirectoryStore: ...

    def insert(
        self,
        connection: Connection,
        table: Table,
        columns: tuple[str, ...],
        rows: Sequence[tuple[Any, ...]],
    ) -> None: ...

    def listed(self, numbers: Sequence[int]) -> Select[tuple[int]]: ...

    def damage(self, connection: Connection) -> list[str]: ...


@cache
def _back_end(name: str) -> _BackEnd:
    return cast(_BackEnd, import_module(_BACK_ENDS[name]))


def catalog_store(deployment: Deployment, name: str, folder: Path) -> CatalogStore:
    """The store of the catalog of matter ``name``, whose own files lie in ``folder``."""
    scheme = deployment.catalog.partition(":")[0]
    return _back_end(scheme).catalog_store(deployment.catalog, name, folder)


def directory_store(deployment: Deployment, workspace: Path) -> DirectoryStore:
    """The store of the directory of the matters of a ``workspace``."""
    scheme = deployment.catalog.partition(":")[0]
    return _back_end(scheme).directory_store(deployment.catalog, workspace)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One write transaction: writers take turns, and nothing is ever half done.

    Raises :class:`TryAgain` when the catalog is down, full or locked for too long.
    """
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


def insert_rows(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert ``rows`` in the fastest way there is, JSON columns already as text.

    Values stand in the order of ``columns``, which is that of the table.
    """
    if rows:
        _back_end(connection.dialect.name).insert(connection, table, columns, rows)


def listed(connection: Connection, numbers: Sequence[int]) -> Select[tuple[int]]:
    """``numbers``, however many, as a query for ``column.in_(…)``: they travel as one value."""
    return _back_end(connection.dialect.name).listed(numbers)


def damage(connection: Connection) -> list[str]:
    """What the database itself finds wrong with this catalog, one sentence each."""
    return _back_end(connection.dialect.name).damage(connection)


class Translate(Protocol):
    """Says what a driver's error means to the user; ``None`` when it is a bug of ours."""

    def __call__(self, error: BaseException) -> EdiscoveryError | None: ...


def translate_errors(engine: Engine, translate: Translate) -> None:
    """Have ``engine`` raise errors that a user can act on in place of the driver's."""

    @event.listens_for(engine, "handle_error")
    def _translated(context: ExceptionContext) -> None:
        known = None if context.is_pre_ping else translate(context.original_exception)
        if known is not None:
            raise known
