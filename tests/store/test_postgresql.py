"""Catalogs in PostgreSQL: the contract, the walls, connections that are cut."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import yaml
from sqlalchemy import Table, func, insert, select, text

from ediscovery.engine.stages.read import ITEM_COLUMNS
from ediscovery.model.deployment import Deployment
from ediscovery.model.errors import (
    EdiscoveryError,
    Locked,
    Refused,
    TryAgain,
    VerificationFailed,
)
from ediscovery.store import audit, catalog, schema
from ediscovery.store.catalog import insert_rows, writing
from ediscovery.store.postgresql_server import PASSWORD
from ediscovery.store.tables import custodians, items
from ediscovery.store.tables import matter as matter_table
from ediscovery.store.workspace import Matter, Workspace
from tests.contracts.catalog import Catalog, add, enrol, enrolled, row
from tests.store.databases import emptied, new_database, signed_in

pytestmark = pytest.mark.server("postgresql")


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with new_database() as address:
        yield address


@pytest.fixture
def deployment(database: str) -> Deployment:
    return Deployment(catalog=emptied(database))


@pytest.fixture
def workspace(tmp_path: Path, deployment: Deployment) -> Workspace:
    return Workspace(tmp_path / "workspace", deployment)


@pytest.fixture
def matter(workspace: Workspace) -> Matter:
    return workspace.create("acme")


@contextmanager
def role(address: str, *member_of: str) -> Iterator[str]:
    """A role that signs in with its name as password, as a user of the review page may."""
    name = f"test_{secrets.token_hex(6)}"
    with signed_in(address) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{name}'")
        try:
            for group in member_of:
                connection.execute(f'GRANT "{group}" TO {name}')
            yield name
        finally:
            connection.execute(f"DROP ROLE {name}")


def owner(address: str, space: str) -> str:
    """The role that owns a schema."""
    with signed_in(address) as connection:
        found = connection.execute(
            "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = %s", [space]
        ).fetchone()
    assert found is not None
    return str(found[0])


def cut(address: str, what: str = "true") -> int:
    """End the connections of this program to a database; returns how many there were."""
    with signed_in(address) as connection:
        rows = connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE "  # noqa: S608
            f"datname = current_database() AND pid <> pg_backend_pid() "
            f"AND backend_type = 'client backend' AND {what}"
        ).fetchall()
    return len(rows)


class TestPostgreSQL(Catalog):
    @pytest.fixture
    def deployment(self, deployment: Deployment) -> Deployment:
        return deployment

    def wait_for_the_lock(self, matter: Matter) -> None:
        for _ in range(600):
            try:
                with matter.locked():
                    return
            except Locked:
                time.sleep(0.1)


# -- walls -----------------------------------------------------------------------------------------


def test_the_server_refuses_a_query_into_another_matter(workspace: Workspace) -> None:
    one, other = workspace.create("one"), workspace.create("other")
    add(other, row("a0", subject="privileged"))
    foreign = Table("item", items.metadata.__class__(), schema="m_other")
    for engine in (one.engine, one.reader):
        for statement in (
            select(func.count()).select_from(foreign),
            text("DELETE FROM m_other.item"),
            text("SELECT * FROM m_other.audit"),
            text("CREATE TABLE m_other.mine (n int)"),
            text("UPDATE directory.matter SET name = 'mine'"),
            text("CREATE ROLE mine"),
        ):
            with pytest.raises(EdiscoveryError) as caught, engine.connect() as connection:
                connection.execute(statement)
            assert type(caught.value) in (Refused, TryAgain)  # what is read-only says that first
        with engine.connect() as connection:
            assert connection.execute(select(func.count()).select_from(items)).scalar_one() == 0
            seen = connection.execute(text("SELECT name FROM directory.matter")).scalars().all()
            assert seen == ["one"]
    with pytest.raises(Refused), one.engine.connect() as connection:
        connection.execute(text("SELECT count(*) FROM m_other.item"))
    with other.reader.connect() as connection:
        assert connection.execute(select(items.c.subject)).scalar_one() == "privileged"


def test_a_user_sees_only_matters_of_his(workspace: Workspace) -> None:
    for name in ("one", "other", "third"):
        workspace.create(name)
    address = workspace.deployment.catalog
    groups = owner(address, "m_one"), owner(address, "m_third")
    with role(address, *groups) as user, signed_in(address, user, user) as connection:
        seen = connection.execute("SELECT name FROM directory.matter ORDER BY name").fetchall()
        assert seen == [("one",), ("third",)]
        assert connection.execute("SELECT name FROM m_one.matter").fetchall() == [("one",)]
        for statement in (
            "SELECT name FROM m_other.matter",
            "DELETE FROM directory.matter",
            "UPDATE directory.matter SET name = 'mine'",
            "INSERT INTO directory.matter VALUES ('x', 'x', 'x')",
            "ALTER TABLE directory.matter DISABLE ROW LEVEL SECURITY",
            "CREATE TABLE directory.mine (n int)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
    with role(address) as user, signed_in(address, user, user) as connection:
        assert connection.execute("SELECT name FROM directory.matter").fetchall() == []
    assert len(workspace.list()) == 3


def test_a_matter_has_a_role_that_nobody_signs_in_as(matter: Matter) -> None:
    address = matter.deployment.catalog
    with signed_in(address) as connection:
        rights = connection.execute(
            "SELECT rolcanlogin, rolsuper, rolcreaterole, rolcreatedb FROM pg_roles "
            "WHERE rolname = %s",
            [owner(address, "m_acme")],
        ).fetchone()
    assert rights == (False, False, False, False)


def test_two_databases_of_one_server_may_have_matters_of_one_name(tmp_path: Path) -> None:
    with new_database() as first, new_database() as second:
        made = [
            Workspace(tmp_path / name, Deployment(catalog=address)).create("acme")
            for name, address in (("1", first), ("2", second))
        ]
        enrol(made[0], "Jane Roe")
        assert [enrolled(matter) for matter in made] == [1, 0]
        assert owner(first, "m_acme") != owner(second, "m_acme")


def test_a_role_without_rights_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with new_database() as address, role(address) as user:
        monkeypatch.setenv(PASSWORD, user)
        where = address.replace("://ediscovery@", f"://{user}@")
        with pytest.raises(Refused, match="permission denied") as caught:
            Workspace(tmp_path, Deployment(catalog=where)).create("acme")
        assert "docs/administrator.md" in caught.value.next_step
        monkeypatch.undo()


# -- columns ---------------------------------------------------------------------------------------


def test_text_is_sorted_by_bytes_and_numbers_are_wide(matter: Matter) -> None:
    with signed_in(matter.deployment.catalog) as connection:
        columns = connection.execute(
            "SELECT a.attrelid::regclass::text, attname, t.typname, c.collname "
            "FROM pg_attribute a JOIN pg_type t ON t.oid = atttypid "
            "LEFT JOIN pg_collation c ON c.oid = attcollation JOIN pg_class r ON r.oid = attrelid "
            "WHERE relkind = 'r' AND attnum > 0 AND relname <> 'alembic_version' AND "
            "relnamespace IN ('m_acme'::regnamespace, 'directory'::regnamespace)"
        ).fetchall()
    assert len(columns) > 100
    for table, name, kind, collation in columns:
        assert kind in ("text", "int8", "float8", "bool", "bytea"), (table, name)
        assert collation == ("C" if kind == "text" else None), (table, name)


# -- connections -----------------------------------------------------------------------------------


@pytest.mark.fault
def test_a_connection_cut_in_the_middle_leaves_nothing_and_says_so(matter: Matter) -> None:
    with pytest.raises(TryAgain) as caught, writing(matter.engine) as connection:
        connection.execute(insert(custodians).values(name="half", created_at=""))
        insert_rows(connection, items, ITEM_COLUMNS, [row("a0")])
        assert cut(matter.deployment.catalog) >= 1
        connection.execute(insert(custodians).values(name="other half", created_at=""))
    assert caught.value.exit_code == 75
    assert "same command again" in caught.value.next_step
    assert os.environ[PASSWORD] not in str(caught.value) + caught.value.next_step
    assert enrolled(matter) == 0
    enrol(matter, "whole")
    assert enrolled(matter) == 1


@pytest.mark.fault
def test_a_connection_cut_while_rows_are_copied(matter: Matter) -> None:
    def rows() -> Iterator[tuple[object, ...]]:
        for n in range(20_000):
            if n == 10_000:
                assert cut(matter.deployment.catalog) >= 1
            yield row(f"e{n:05}")

    class Lazy(list[tuple[object, ...]]):
        def __iter__(self) -> Iterator[tuple[object, ...]]:
            return rows()

    with pytest.raises(TryAgain), writing(matter.engine) as connection:
        insert_rows(connection, items, ITEM_COLUMNS, Lazy([()]))
    with matter.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(items)).scalar_one() == 0


@pytest.mark.fault
def test_a_connection_cut_before_the_commit(matter: Matter) -> None:
    with pytest.raises(TryAgain), writing(matter.engine) as connection:
        connection.execute(insert(custodians).values(name="half", created_at=""))
        cut(matter.deployment.catalog)
    assert enrolled(matter) == 0


def test_a_reader_that_is_cut_is_told(matter: Matter) -> None:
    add(matter, *(row(f"d{n:04}") for n in range(3000)))
    with pytest.raises(TryAgain), matter.reader.connect() as connection:
        for count, _ in enumerate(connection.execute(select(items))):
            if count == 10:
                cut(matter.deployment.catalog)


def test_idle_connections_that_the_server_dropped_are_noticed(matter: Matter) -> None:
    enrol(matter, "before")
    with matter.reader.connect() as connection:
        connection.execute(select(matter_table))
    assert cut(matter.deployment.catalog) >= 2
    enrol(matter, "after")
    assert enrolled(matter) == 2
    with matter.reader.connect() as connection:
        assert connection.execute(select(matter_table.c.name)).scalar_one() == "acme"


@pytest.mark.fault
def test_whoever_lost_the_lock_writes_no_more(workspace: Workspace, matter: Matter) -> None:
    other = Workspace(workspace.folder, workspace.deployment).open("acme")
    with matter.locked():
        enrol(matter, "held")
        assert cut(matter.deployment.catalog, "query LIKE '%pg_try_advisory_lock%'") == 1
        with other.locked():
            enrol(other, "the new holder")
            with pytest.raises(TryAgain, match="lock on matter 'acme' was lost"):
                enrol(matter, "the old holder")
    assert enrolled(matter) == 2
    with matter.locked():
        enrol(matter, "again")


def test_a_writer_waits_for_its_turn_and_sees_what_came_before(matter: Matter) -> None:
    began, go = threading.Event(), threading.Event()

    def first() -> None:
        with writing(matter.engine) as connection:
            began.set()
            go.wait(30)
            audit.record(connection, "first", {})

    thread = threading.Thread(target=first)
    thread.start()
    began.wait(30)
    threading.Timer(0.5, go.set).start()
    with writing(matter.engine) as connection:
        assert go.is_set()
        audit.record(connection, "second", {})
    thread.join()
    with matter.engine.connect() as connection:
        actions = [entry["action"] for entry in audit.entries(connection)]
    assert actions == ["matter created", "first", "second"]


def test_a_server_that_is_down(tmp_path: Path) -> None:
    down = Deployment(catalog="postgresql://ediscovery@127.0.0.1:9/ediscovery")
    with pytest.raises(TryAgain, match=r"127\.0\.0\.1:9/ediscovery does not answer"):
        Workspace(tmp_path, down).list()


def test_a_database_that_is_gone_is_no_traceback_for_the_user(
    tmp_path: Path, deployment: Deployment
) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text(yaml.safe_dump({"catalog": deployment.catalog + "_gone"}))
    done = subprocess.run(
        [sys.executable, "-c", "from ediscovery.cli import main; main()", "--config", str(config),
         "--workspace", str(tmp_path / "w"), "matter", "list"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 75, done.stderr
    assert "Traceback" not in done.stderr
    assert "does not answer" in done.stderr


# -- secrets ---------------------------------------------------------------------------------------


def test_the_password_comes_from_the_environment_or_a_file(
    tmp_path: Path, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = os.environ[PASSWORD]
    file = tmp_path / "password"
    file.write_text(f"{right}\n")
    monkeypatch.delenv(PASSWORD)
    monkeypatch.setenv(f"{PASSWORD}_FILE", str(file))
    made = Workspace(tmp_path / "w", deployment).create("acme")
    assert right not in repr(made) + repr(made.engine.url) + repr(made.identity)
    monkeypatch.setenv(PASSWORD, "wrong-and-secret")
    with pytest.raises(TryAgain, match="password") as caught:
        Workspace(tmp_path / "w", deployment).open("acme")
    assert "wrong-and-secret" not in str(caught.value) + caught.value.next_step
    monkeypatch.undo()  # or the database could not be removed


# -- machines --------------------------------------------------------------------------------------


def test_another_machine_opens_the_same_matter(tmp_path: Path, matter: Matter) -> None:
    matter.record("tried", {"here": True})
    there = Workspace(tmp_path / "another machine", matter.deployment)
    assert [r["name"] for r in there.list()] == ["acme"]
    opened = there.open("acme")
    with opened.engine.connect() as connection:
        assert audit.verify(connection, opened.audit_path) == []
    matter.record("tried", {"here": "again"})
    with there.open("acme").engine.connect() as connection:
        assert audit.verify(connection, opened.audit_path) == []
    assert {p.name for p in opened.folder.iterdir()} == {"audit.jsonl"}
    with opened.locked(), pytest.raises(Locked), matter.locked():
        pass


def test_a_schema_that_is_gone_is_missed(workspace: Workspace, matter: Matter) -> None:
    matter.engine.dispose()
    with signed_in(workspace.deployment.catalog) as connection:
        connection.execute(f'SET ROLE "{owner(workspace.deployment.catalog, "m_acme")}"')
        connection.execute("DROP SCHEMA m_acme CASCADE")
    with pytest.raises(VerificationFailed, match="missing"):
        workspace.open("acme")


def test_damage_is_told(matter: Matter) -> None:
    with writing(matter.engine) as connection:
        connection.execute(text("DROP TABLE mention"))
    with matter.engine.connect() as connection:
        assert catalog.damage(connection) == ["Table mention is missing."]
    assert "mention" in schema.CATALOG.tables.tables
