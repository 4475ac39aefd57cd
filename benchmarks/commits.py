"""Commits into either catalog: the product's own path against the bare driver on the same rows.

Synthetic records of mails, a work unit a transaction. The PostgreSQL part runs when
``EDISCOVERY_TEST_POSTGRESQL`` names a server whose role may make databases.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import msgpack
import orjson
import psycopg
from sqlalchemy import create_engine, insert
from sqlalchemy.schema import CreateTable

from benchmarks.measure import Figure, Settings
from ediscovery.engine.stages.read import ITEM_COLUMNS, commit
from ediscovery.engine.tasks import UnitTask
from ediscovery.engine.unit import JSON_COLUMNS
from ediscovery.engine.work import Job, Outcome
from ediscovery.model import positions
from ediscovery.model.deployment import LOCAL, Deployment
from ediscovery.model.items import Item
from ediscovery.store.catalog import writing
from ediscovery.store.postgresql_server import PASSWORD
from ediscovery.store.tables import collections, items, units
from ediscovery.store.workspace import Workspace

COUNT = 100_000  # documents
UNIT = 1_000  # documents of a unit, which are one transaction
BATCH = 250  # rows that a parser hands over at once
LEAST = 10_000  # documents a second

Rows = list[tuple[Any, ...]]
Bare = Callable[[list[Rows], Path, Deployment], float]


def run(settings: Settings) -> None:
    """The lines of the table."""
    count = max(UNIT, int(COUNT * settings.scale) // UNIT * UNIT)
    place = settings.scratch / "commits"
    _measure(settings, place, count, LOCAL, "SQLite, bare executemany", _executemany)
    address = os.environ.get("EDISCOVERY_TEST_POSTGRESQL")
    if address:
        with _database(address) as made:
            deployment = Deployment(catalog=made)
            _measure(settings, place, count, deployment, "PostgreSQL, bare COPY", _copy)


def _measure(
    settings: Settings, place: Path, count: int, deployment: Deployment, name: str, bare: Bare
) -> None:
    """One line: commits of the product, and the same rows by the driver alone."""
    made = [_unit(first) for first in range(0, count, UNIT)]
    rows = [
        [(1, *row) for batch in unit.batches for row in msgpack.unpackb(batch)] for unit in made
    ]
    rates, floors = [], []
    for _ in range(settings.runs):
        shutil.rmtree(place, ignore_errors=True)
        rates.append(count / _committed(Workspace(place, deployment), made))
        floors.append(count / bare(rows, place, deployment))
    shutil.rmtree(place)
    rate, floor = statistics.median(rates), statistics.median(floors)
    settings.figures.append(
        Figure(
            f"commits of {count:,} documents: {name}", f"{LEAST:,} documents/s",
            f"{rate:,.0f} documents/s", rate >= LEAST,
            f"bare {floor:,.0f} documents/s, {rate / floor:.0%} of it",
        )
    )  # fmt: skip


def _unit(first: int) -> Outcome:
    rows = [_row(n) for n in range(first, first + UNIT)]
    batches = [
        msgpack.packb(rows[start : start + BATCH], use_bin_type=True)
        for start in range(0, UNIT, BATCH)
    ]
    return Outcome(
        name=f"c1-{positions.ordinal(first)}", batches=batches, cuts=[], note=None, items=UNIT,
        bytes=UNIT * 4000, pack=f"c1-{first}.zip", pack_sha256="0" * 64, pack_size=UNIT * 3000,
        records="0" * 64, seconds=1.0, cpu_seconds=1.0, restarts=0, isolation="none",
    )  # fmt: skip


def _row(n: int) -> tuple[Any, ...]:
    """A mail of ordinary size."""
    digest = f"{n:064x}"
    item = Item(
        positions.ordinal(n), family=positions.ordinal(n), file_name=f"{n}.eml", ext="eml",
        path=f"maildir/roe-j/sent_items/{n}.eml", folder="sent_items", mime_type="message/rfc822",
        category="mail", record_type="Email", size=4000 + n % 1000, md5=digest[:32],
        sha1=digest[:40], sha256=digest, dedupe_hash=digest, family_hash=digest,
        message_id=f"{n}.1075840000000.JavaMail@acme.example", mih=digest[:32],
        subject=f"RE: Delivery of turbine blades, lot {n}", from_="Jane Roe <roe@acme.example>",
        to=["Rick Poe <rick.poe@bolt.example>", f"buyer{n % 97}@bolt.example"],
        cc=["legal@acme.example"], sent_at="2001-05-04T11:22:33Z", text_chars=1800, body_start=210,
        language="en", pack="c1.zip", native_offset=n * 3000, native_length=1500, native_method=8,
        text_offset=n * 3000 + 1500, text_length=900, text_size=1800, text_method=8,
        text_sha256=digest, references=[f"{n - 1}.1075840000000.JavaMail@acme.example"],
        metadata={
            "x_folder": "\\Jane_Roe_Jun2001\\Notes Folders\\Sent", "x_origin": "ROE-J",
            "date_header": "Fri, 4 May 2001 04:22:33 -0700 (PDT)", "content_type": "text/plain",
        },
    )  # fmt: skip
    row = list(item.row())
    for column in JSON_COLUMNS:
        row[column] = orjson.dumps(row[column]).decode()
    return tuple(row)


def _committed(workspace: Workspace, made: list[Outcome]) -> float:
    """Seconds that the product takes to commit the units."""
    matter = workspace.create(f"acme-{secrets.token_hex(4)}")
    with writing(matter.engine) as connection:
        connection.execute(
            insert(collections).values(
                id=1, custodian_id=1, roots=[], profile={}, state="processing", who="", host="",
                tool_version="", started_at="",
            )
        )  # fmt: skip
        connection.execute(
            insert(units),
            [
                {
                    "collection_id": 1,
                    "name": u.name,
                    "kind": "files",
                    "spec": {},
                    "state": "pending",
                }
                for u in made
            ],
        )
    job = cast(Job, None)  # a commit does not look at it
    with matter.locked():
        started = time.perf_counter()
        for unit in made:
            commit(matter, UnitTask(job, 1, unit.name, "files", {}), unit)
        seconds = time.perf_counter() - started
    matter.engine.dispose()
    matter.reader.dispose()
    return seconds


def _executemany(rows: list[Rows], place: Path, _: Deployment) -> float:
    connection = sqlite3.connect(place / "bare.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA cache_size=-16384")
    connection.execute(str(CreateTable(items).compile(create_engine("sqlite://"))))
    statement = f"INSERT INTO item VALUES ({', '.join('?' * len(ITEM_COLUMNS))})"  # noqa: S608
    started = time.perf_counter()
    for unit in rows:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(statement, unit)
        connection.execute("COMMIT")
    seconds = time.perf_counter() - started
    connection.close()
    return seconds


def _copy(rows: list[Rows], _: Path, deployment: Deployment) -> float:
    with psycopg.connect(deployment.catalog, password=os.environ[PASSWORD]) as connection:
        connection.execute("DROP SCHEMA IF EXISTS bare CASCADE")
        connection.execute("CREATE SCHEMA bare")
        connection.execute("SET search_path = bare")
        dialect = create_engine("postgresql+psycopg://").dialect
        connection.execute(str(CreateTable(items).compile(dialect=dialect)).encode())
        connection.commit()
        started = time.perf_counter()
        for unit in rows:
            with connection.cursor().copy("COPY item FROM STDIN") as copy:
                for row in unit:
                    copy.write_row(row)
            connection.commit()
        return time.perf_counter() - started


@contextmanager
def _database(address: str) -> Iterator[str]:
    """A database for this run alone."""
    name = f"ediscovery_benchmark_{secrets.token_hex(4)}"
    place = address.rpartition("/")[0]
    with psycopg.connect(address, password=os.environ[PASSWORD], autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield f"{place}/{name}"
        finally:
            roles = connection.execute(
                "SELECT rolname FROM pg_roles WHERE rolname LIKE 'm\\_acme-%'"
            ).fetchall()
            # FORCE would stumble over the server's own vacuum, which a plain DROP sends away.
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE datname = %s AND usename = current_user",
                [name],
            )
            connection.execute(f'DROP DATABASE "{name}"'.encode())
            for (role,) in roles:
                connection.execute(f'DROP ROLE IF EXISTS "{role}"'.encode())
