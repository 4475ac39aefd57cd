"""Databases on the PostgreSQL server of the tests: made for one test, gone after it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from ediscovery.store.postgresql_server import PASSWORD
from tests.servers import server


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
            with signed_in(f"{place}/{name}") as inside:
                roles = inside.execute(
                    "SELECT DISTINCT pg_get_userbyid(nspowner) FROM pg_namespace "
                    "WHERE starts_with(nspname, 'm_')"
                ).fetchall()
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            for (role,) in roles:
                connection.execute(f'DROP ROLE "{role}"')


def signed_in(address: str, user: str = "", password: str = "") -> psycopg.Connection:
    """A plain connection, as the role of the tests or as another."""
    given = {"user": user} if user else {}
    return psycopg.connect(
        address, password=password or os.environ[PASSWORD], autocommit=True, **given
    )
