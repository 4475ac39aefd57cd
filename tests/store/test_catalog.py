"""Readers and the writer of a catalog never wait for each other; writers do, and lose nothing."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from ediscovery.model.errors import TryAgain
from ediscovery.store import overview, reports
from ediscovery.store.catalog import writing
from ediscovery.store.tables import custodians
from ediscovery.store.workspace import Matter, Workspace


@pytest.fixture
def matter(tmp_path: Path) -> Matter:
    return Workspace(tmp_path).create("acme")


def add(matter: Matter, name: str) -> None:
    with writing(matter.engine) as connection:
        connection.execute(insert(custodians).values(name=name, created_at=""))


def count(matter: Matter) -> int:
    with matter.engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(custodians)).scalar_one())


def test_whoever_reads_does_not_wait_for_the_writer(matter: Matter, tmp_path: Path) -> None:
    with writing(matter.engine) as connection:
        connection.execute(insert(custodians).values(name="uncommitted", created_at=""))
        started = time.monotonic()
        other = Workspace(tmp_path).open("acme")
        assert overview.status(other)["collections"] == []
        assert reports.processing(other)["reconciliation"]["difference"] == 0
        assert count(other) == 0
        assert time.monotonic() - started < 30  # a lock is waited for 60 s
    assert count(matter) == 1


def test_whoever_writes_does_not_wait_for_a_long_reader(matter: Matter) -> None:
    with matter.engine.connect() as reader:
        before = reader.execute(select(func.count()).select_from(custodians)).scalar_one()
        started = time.monotonic()
        add(matter, "meanwhile")
        assert time.monotonic() - started < 30
        again = reader.execute(select(func.count()).select_from(custodians)).scalar_one()
        assert before == again == 0  # one reader sees one state
    assert count(matter) == 1


def test_writers_take_turns(matter: Matter) -> None:
    def add_ten(who: int) -> None:
        for n in range(10):
            add(matter, f"{who} {n}")

    threads = [threading.Thread(target=add_ten, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(matter) == 40


def test_a_failed_transaction_leaves_nothing(matter: Matter) -> None:
    with pytest.raises(RuntimeError), writing(matter.engine) as connection:
        connection.execute(insert(custodians).values(name="half", created_at=""))
        raise RuntimeError
    assert count(matter) == 0
    add(matter, "whole")
    assert count(matter) == 1


def test_the_reader_can_not_write(matter: Matter) -> None:
    with pytest.raises(TryAgain, match="readonly"), writing(matter.reader) as connection:
        connection.execute(insert(custodians).values(name="x", created_at=""))


@pytest.mark.parametrize("name", ["with space", "100%", "a?b=c", "x#y", "ünï", "%41"])
def test_a_workspace_may_have_any_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    Workspace(folder).create("acme")
    assert (folder / "matters" / "acme" / "catalog.sqlite").stat().st_size > 0
    assert count(Workspace(folder).open("acme")) == 0
    assert [p.name for p in tmp_path.iterdir()] == [name]
