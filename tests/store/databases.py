"""The PostgreSQL server of the tests: a deployment on it, and matters that are gone afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from ediscovery.model.deployment import Deployment
from ediscovery.store.postgresql import _Server
from tests.servers import server


def deployment() -> Deployment:
    """Catalogs in the PostgreSQL server of the tests; skips when there is none."""
    return Deployment(name="test", catalog=server("postgresql"))


def connect() -> psycopg.Connection[Any]:
    """A connection of the product's own role, outside every transaction."""
    return _Server(server("postgresql"))._connect(autocommit=True)


@contextmanager
def names() -> Iterator[list[str]]:
    """Four names of matters that nobody has; what comes to stand under them is dropped."""
    found = [f"t{uuid.uuid4().hex[:12]}-{n}" for n in range(4)]
    try:
        yield found
    finally:
        with connect() as connection:
            for name in found:
                drop(connection, name)


def drop(connection: psycopg.Connection[Any], name: str) -> None:
    """Remove a matter's schema, role and entry in the directory."""
    schema, role = sql.Identifier(f"matter_{name}"), sql.Identifier(role_of(name))
    known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role_of(name)])
    if known.fetchone() is not None:
        connection.execute(sql.SQL("SET ROLE {}").format(role))
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(schema))
        connection.execute("RESET ROLE")
        connection.execute(sql.SQL("DROP ROLE {}").format(role))
    row = connection.execute("SELECT to_regnamespace('directory')").fetchone()
    if row is not None and row[0] is not None:
        connection.execute("DELETE FROM directory.matter WHERE name = %s", [name])


def role_of(name: str) -> str:
    """The role that owns a matter."""
    return f"{server('postgresql').rpartition('/')[2]}:{name}"


def cut(schema: str = "") -> int:
    """End the server's side of the product's connections (of one schema); returns how many."""
    with connect() as connection:
        row = connection.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE usename = current_user AND pid <> pg_backend_pid() "
            "AND (%(schema)s = '' OR query LIKE '%%' || %(schema)s || '%%')",
            {"schema": schema},
        ).fetchone()
    assert row is not None
    return int(row[0])
