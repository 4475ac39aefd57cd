"""The tables of a database as this program knows them: made, recognised, migrated.

A new database gets its tables as they stand in ``tables.py`` and is marked with the newest
revision; so Alembic, which takes long to load, is needed only where an older one is opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, insert, inspect, select

from ediscovery.model.errors import Refused
from ediscovery.store import tables
from ediscovery.store.catalog import writing

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).with_name("migrations")
_FIRST = "0001"  # what databases hold that were made before revisions were counted

# Alembic's own table, as Alembic makes it.
_version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


class Part(NamedTuple):
    """One kind of database: its name, its tables and their newest revision."""

    name: str
    tables: MetaData
    head: str


CATALOG = Part("catalog", tables.catalog, "0005")
DIRECTORY = Part("directory", tables.directory, "0001")


def prepare(engine: Engine, part: Part) -> None:
    """Have the tables of ``part`` as they are now; two programs that start at once take turns.

    Raises :class:`Refused` when a newer program was here before.
    """
    with engine.connect() as connection:
        ready = revision(connection) == part.head
    if not ready:
        with writing(engine) as connection:
            bring_up(connection, part)


def bring_up(connection: Connection, part: Part) -> None:
    """Make the tables of ``part``, or migrate them, in the caller's transaction."""
    found = revision(connection)
    if found == part.head:
        return
    if found is None:
        known = part.tables.tables.keys() & inspect(connection).get_table_names()
        found = _FIRST if known else part.head
        if not known:
            part.tables.create_all(connection)
        _version.create(connection)
        connection.execute(insert(_version).values(version_num=found))
    if found != part.head:
        _migrate(connection, part, found)


def revision(connection: Connection) -> str | None:
    """The revision that a database is marked with; ``None`` for none."""
    if not inspect(connection).has_table(_version.name):
        return None
    return connection.execute(select(_version.c.version_num)).scalar()


def configured(connection: Connection, part: Part) -> Config:
    """Alembic's settings for the revisions of ``part``, in the transaction of ``connection``."""
    from alembic.config import Config

    config = Config()
    # A "%" in a path would be read as a reference to another setting.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(MIGRATIONS / part.name).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["tables"] = part.tables
    return config


def _migrate(connection: Connection, part: Part, found: str) -> None:
    from alembic import command
    from alembic.script import ScriptDirectory

    config = configured(connection, part)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found not in known:
        raise Refused(
            f"This {part.name} was written by a newer ediscovery (revision {found}; this one knows "
            f"{part.head}).",
            "Use the newer program; a database is never taken back.",
        )
    command.upgrade(config, part.head)
