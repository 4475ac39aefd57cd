"""Databases on the PostgreSQL server of the tests: made for one test, gone after it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from ediscovery.store.postgresql_server import PASSWORD
from tests.servers import server


def emptied(address: str) -> str:
    """``address``, with neither directory nor matters in its database any more."""
    with signed_in(address) as connection:
        spaces = connection.execute(
            "SELECT nspname, pg_get_userbyid(nspowner) FROM pg_namespace "
            "WHERE nspname = 'directory' OR starts_with(nspname, 'm_')"
        ).fetchall()
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend'"
        )
        for space, owner in spaces:
            connection.execute(f'SET ROLE "{owner}"')
            connection.execute(f'DROP SCHEMA "{space}" CASCADE')
            connection.execute("RESET ROLE")
            if space != "directory":
                connection.execute(f'DROP ROLE "{owner}"')
    return address


@contextmanager
def new_database() -> Iterator[str]:
    """The address of an empty database; its roles go with it."""
    address = server("postgresql")
    place = address.rpartition("/")[0]
    name = f"ediscovery_test_{secrets.token_hex(6)}"
    with signed_in(address) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        try:
            yield f"{place}/{name}"
        finally:
            emptied(f"{place}/{name}")
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def signed_in(address: str, user: str = "", password: str = "") -> psycopg.Connection:
    """A plain connection, as the role of the tests or as another."""
    given = {"user": user} if user else {}
    return psycopg.connect(
        address, password=password or os.environ[PASSWORD], autocommit=True, **given
    )
