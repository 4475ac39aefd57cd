"""Catalogs in PostgreSQL: what all do, the walls between matters, and cut connections."""

# ruff: noqa: S608, SIM117 - the names in the statements are made here; blocks show what is cut

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import insert, select, text

from ediscovery.model.deployment import Deployment
from ediscovery.model.errors import Locked, Refused, TryAgain, UsageError
from ediscovery.store.catalog import insert_rows, open_catalogs, problems, writing
from ediscovery.store.postgresql import PASSWORD
from ediscovery.store.tables import custodians, items
from ediscovery.store.workspace import Matter, Workspace
from tests.contracts.catalog import ITEM_COLUMNS, CatalogContract, add, count, row
from tests.servers import server
from tests.store import databases

pytestmark = pytest.mark.server("postgresql")


@pytest.fixture
def deployment() -> Deployment:
    return databases.deployment()


@pytest.fixture
def names() -> Iterator[list[str]]:
    with databases.names() as found:
        yield found


@pytest.fixture
def workspace(deployment: Deployment, tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "home", deployment)


@pytest.fixture
def matter(workspace: Workspace, names: list[str]) -> Iterator[Matter]:
    made = workspace.create(names[0], prefix="ACME")
    yield made
    made.engine.dispose()
    made.reader.dispose()


class TestPostgresql(CatalogContract):
    @pytest.fixture
    def deployment(self) -> Deployment:
        return databases.deployment()

    @pytest.fixture
    def names(self) -> Iterator[list[str]]:
        with databases.names() as found:
            yield found


# -- walls -----------------------------------------------------------------------------------------


def test_a_matter_can_not_read_another(workspace: Workspace, names: list[str]) -> None:
    one, two = (workspace.create(name, prefix="ACME") for name in names[:2])
    add(two, "of the other")
    for question in (
        f'SELECT * FROM "matter_{names[1]}".custodian',
        f'INSERT INTO "matter_{names[1]}".custodian (name, created_at) VALUES (1, 2)',
        f'DROP SCHEMA "matter_{names[1]}" CASCADE',
        "CREATE SCHEMA stray",
        "DELETE FROM directory.matter",
    ):
        with pytest.raises(Refused, match=r"permission denied|must be owner"):
            with one.engine.connect() as connection:
                connection.execute(text(question))
    with one.engine.connect() as connection:
        seen = connection.execute(text("SELECT name FROM directory.matter")).scalars().all()
        assert seen == [names[0]]
        assert connection.execute(select(custodians)).all() == []
    assert count(two) == 1


def test_the_role_of_a_matter_can_not_log_in(matter: Matter) -> None:
    with databases.connect() as connection:
        found = connection.execute(
            "SELECT rolcanlogin, rolsuper, rolcreaterole, rolinherit FROM pg_roles "
            "WHERE rolname = %s",
            [databases.role_of(matter.name)],
        ).fetchone()
        owners = connection.execute(
            "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class "
            "WHERE relnamespace = to_regnamespace(quote_ident(%s))",
            [f"matter_{matter.name}"],
        ).fetchall()
        # Without taking the role, the product's own account reads nothing either.
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f'SELECT * FROM "matter_{matter.name}".custodian')
    assert found is not None and found[:3] == (False, False, False)
    assert owners == [(databases.role_of(matter.name),)]


def test_the_directory_shows_each_its_own(workspace: Workspace, names: list[str]) -> None:
    for name in names[:2]:
        workspace.create(name, prefix="ACME")
    login = f"reader_{uuid.uuid4().hex[:8]}"
    with databases.connect() as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'a plain one' IN ROLE {}").format(
                sql.Identifier(login), sql.Identifier(databases.role_of(names[1]))
            )
        )
        where = connection.info
        try:
            with psycopg.connect(
                host=where.host, port=where.port, dbname=where.dbname, user=login,
                password="a plain one",
            ) as plain:  # fmt: skip
                seen = plain.execute("SELECT name FROM directory.matter").fetchall()
                assert seen == [(names[1],)]
                plain.execute(f'SELECT * FROM "matter_{names[1]}".custodian')
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    plain.execute(f'SELECT * FROM "matter_{names[0]}".custodian')
        finally:
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(login)))


def test_a_name_that_does_not_fit_is_refused(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="too long"):
        workspace.create("a" * 64)
    assert "a" * 64 not in [r["name"] for r in workspace.list()]


# -- machines --------------------------------------------------------------------------------------


def test_another_machine_opens_it_and_waits_its_turn(
    matter: Matter, deployment: Deployment, tmp_path: Path
) -> None:
    matter.record("looked at", {"by": "the first"})
    other = Workspace(tmp_path / "elsewhere", deployment).open(matter.name)
    assert other.prefix == "ACME"
    assert other.audit_path.read_bytes() == matter.audit_path.read_bytes()
    with matter.locked():
        with pytest.raises(Locked, match=rf"process {os.getpid()}@"), other.locked():
            pass
        add(matter, "held")
    with other.locked():
        add(other, "then the other")


# -- faults ----------------------------------------------------------------------------------------


def test_a_connection_cut_in_a_transaction_is_try_again(matter: Matter) -> None:
    with pytest.raises(TryAgain, match="can't be used now"):
        with writing(matter.engine) as connection:
            insert_rows(connection, items, ITEM_COLUMNS, [row("d1")])
            assert databases.cut()
            connection.execute(insert(custodians).values(name="half", created_at=""))
    with pytest.raises(TryAgain), writing(matter.engine) as connection:
        assert databases.cut()
        insert_rows(connection, items, ITEM_COLUMNS, [row("d2")])
    with pytest.raises(TryAgain), writing(matter.engine) as connection:
        connection.execute(insert(custodians).values(name="half", created_at=""))
        assert databases.cut()  # and the commit fails
    assert count(matter) == 0
    with matter.engine.connect() as connection:
        assert connection.execute(select(items)).all() == []
    add(matter, "whole")


def test_connections_cut_between_transactions_are_made_anew(matter: Matter) -> None:
    add(matter, "before")
    assert databases.cut()
    add(matter, "after")
    assert count(matter) == 2


def test_whoever_lost_the_lock_stops_writing(matter: Matter) -> None:
    with matter.locked():
        add(matter, "held")
        databases.cut()
        with pytest.raises(TryAgain, match="holds the matter was cut"):
            add(matter, "lost")
    assert count(matter) == 1
    with matter.locked():
        add(matter, "again")


def test_what_is_missing_is_found(matter: Matter) -> None:
    with writing(matter.engine) as connection:
        connection.execute(text("ALTER TABLE item DROP COLUMN subject"))
        connection.execute(text("DROP TABLE mention"))
    with matter.engine.connect() as connection:
        assert sorted(problems(connection)) == [
            "Column subject of table item is missing.", "Table mention is missing.",
        ]  # fmt: skip


# -- addresses and secrets -------------------------------------------------------------------------


def without_server(address: str) -> Any:
    return open_catalogs(Deployment(catalog=address)).directory(Path("/nowhere"), make=False)


def test_a_server_that_is_down_is_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, "hunter2")
    with pytest.raises(TryAgain) as raised:
        without_server("postgresql://someone@127.0.0.1:9/nothing")
    assert "hunter2" not in raised.value.message + raised.value.next_step


@pytest.mark.parametrize(
    "address",
    [
        "postgresql:///db", "postgresql://host", "postgresql://host/db?sslmode=require",
        "postgresql://me:hunter2@host/db",
    ],
)  # fmt: skip
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(UsageError) as raised:
        without_server(address)
    assert "hunter2" not in raised.value.message + raised.value.next_step


def test_the_password_comes_from_a_file_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = server("postgresql")
    path = tmp_path / "password"
    path.write_text(os.environ.get(PASSWORD, "") + "\n")
    monkeypatch.delenv(PASSWORD)
    monkeypatch.setenv(f"{PASSWORD}_FILE", str(path))
    without_server(address)
    path.write_text("wrong-secret")
    with pytest.raises(TryAgain, match="authentication failed") as raised:
        without_server(address)
    assert "wrong-secret" not in raised.value.message
    monkeypatch.setenv(f"{PASSWORD}_FILE", str(tmp_path / "missing"))
    with pytest.raises(UsageError, match="can't be read"):
        without_server(address)
