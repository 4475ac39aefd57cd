"""Catalogs in SQLite: the contract, files from before revisions, what stays quick."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from ediscovery.model.deployment import Deployment
from ediscovery.model.errors import VerificationFailed
from ediscovery.store import catalog, schema
from ediscovery.store.catalog import writing
from ediscovery.store.tables import custodians
from ediscovery.store.workspace import Matter, Workspace
from tests.contracts.catalog import Catalog, differences, enrol, enrolled


class TestSQLite(Catalog):
    @pytest.fixture
    def deployment(self) -> Deployment:
        return Deployment()


@pytest.fixture
def matter(tmp_path: Path) -> Matter:
    return Workspace(tmp_path).create("acme")


@pytest.mark.parametrize("name", ["with space", "100%", "a?b=c", "x#y", "ünï", "%41"])
def test_a_workspace_may_have_any_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    Workspace(folder).create("acme")
    assert (folder / "matters" / "acme" / "catalog.sqlite").stat().st_size > 0
    assert enrolled(Workspace(folder).open("acme")) == 0
    assert [p.name for p in tmp_path.iterdir()] == [name]


_NEWER = (
    "coding_act", "coding", "coded", "redaction", "redaction_removal", "protocol", "production",
    "produced", "clawback", "destruction", "bates_counter", "privilege_screen",
    "received_production", "received_load_file", "received_record", "received_file",
)  # fmt: skip


def test_catalogs_from_before_revisions_are_recognised(tmp_path: Path, matter: Matter) -> None:
    enrol(matter, "Jane Roe")
    workspace = Workspace(tmp_path)
    with writing(matter.engine) as connection:
        for table in _NEWER:
            connection.execute(text(f"DROP TABLE {table}"))
    for engine in (matter.engine, workspace._directory):
        with writing(engine) as connection:
            connection.execute(text("DROP TABLE alembic_version"))
        engine.dispose()
    again = Workspace(tmp_path)
    assert enrolled(again.open("acme")) == 1
    again.create("other")
    with again.open("acme").engine.connect() as connection:
        assert schema.revision(connection) == schema.CATALOG.head
        assert differences(connection, schema.CATALOG.tables) == []


def test_the_tables_are_those_of_catalogs_from_before_revisions(matter: Matter) -> None:
    """Keys stay INTEGER, which SQLite needs to find rows by them directly."""
    with matter.engine.connect() as connection:
        kinds = {
            (table, row[1]): row[2]
            for table in schema.CATALOG.tables.tables
            for row in connection.execute(text(f"PRAGMA table_info({table})"))
        }
    assert kinds["document", "number"] == kinds["unit", "id"] == "INTEGER"
    assert kinds["item", "position"] == kinds["item", "metadata"] == "TEXT"
    assert kinds["item", "size"] == "BIGINT"


def test_a_matter_is_made_without_the_means_of_migration(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom ediscovery.store.workspace import Workspace\n"
        "workspace = Workspace(Path(sys.argv[1]))\nworkspace.create('acme')\n"
        "workspace.open('acme')\n"
        "print(sorted({'alembic', 'psycopg', 'mako'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_damage_is_told(tmp_path: Path, matter: Matter) -> None:
    with writing(matter.engine) as connection:
        connection.execute(
            insert(custodians), [{"name": f"{n:0500}", "created_at": ""} for n in range(500)]
        )
    matter.engine.dispose()
    path = tmp_path / "matters" / "acme" / "catalog.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = database.execute(
            "SELECT rootpage FROM sqlite_master WHERE type = 'table' AND name = 'custodian'"
        ).fetchone()
    data = bytearray(path.read_bytes())
    data[4096 * (page - 1) : 4096 * page] = b"\xff" * 4096
    path.write_bytes(data)
    with matter.engine.connect() as connection:
        assert catalog.damage(connection)
    path.write_bytes(b"no database at all, but long enough to be read as one" * 100)
    for left_over in path.parent.glob("catalog.sqlite-*"):
        left_over.unlink()
    with pytest.raises(VerificationFailed, match="damaged"):
        Workspace(tmp_path).open("acme")
