"""A Tika server under the whole pipeline: sandboxed parsers, the watchdog, what is recorded."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from ediscovery.engine import place, run
from ediscovery.engine.pool import DaskPool, SerialPool
from ediscovery.engine.progress import Silent
from ediscovery.engine.retry import retry
from ediscovery.model.deployment import Deployment
from ediscovery.model.errors import Refused
from ediscovery.store import reports
from ediscovery.store.tables import collections
from ediscovery.store.workspace import Matter, Workspace
from tests.engine.matters import QUICK, by_path, ingest
from tests.extract.tika_scripted import GOOD, Handler, breaks_off, says, server

RSS = b"<?xml version='1.0'?><rss version='2.0'><channel><title>%d</title></channel></rss>"


def feeds(folder: Path, count: int) -> Path:
    """``count`` files that no reader of ours takes."""
    folder.mkdir()
    for n in range(count):
        (folder / f"{n}.rss").write_bytes(RSS % n)
    return folder


def matter_on(place: Path, url: str) -> Matter:
    return Workspace(place, Deployment(name="mine", tika=url)).create("acme")


def test_the_deployments_server_reads_and_is_recorded(tmp_path: Path) -> None:
    with server(says(200, GOOD)) as seen:
        matter = matter_on(tmp_path / "w", seen.url)
        ingest(matter, feeds(tmp_path / "e", 2))
        assert {item.state for item in by_path(matter).values()} == {"warnings"}
        assert len(seen.bodies) == 2
        (kept,) = reports.processing(matter)["collections"]
        assert kept["tika"] == seen.url


def test_an_unfinished_collection_is_refused_under_another_tika(tmp_path: Path) -> None:
    folder = feeds(tmp_path / "e", 1)
    with server(says(200, GOOD)) as seen:
        matter = matter_on(tmp_path / "w", seen.url)
        applied = matter.deployment.applied(QUICK)
        begun = run.begin(matter, [folder], "Jane Roe", applied)
        embedded = replace(matter, deployment=Deployment())
        with pytest.raises(Refused, match="tika") as refused:
            ingest(embedded, folder)
        assert seen.url in refused.value.next_step
        assert ingest(matter, folder).collection == begun.collection
        assert len(seen.bodies) == 1


def test_a_retry_reads_by_what_was_recorded(tmp_path: Path) -> None:
    with server(says(404, b""), says(200, GOOD)) as seen:
        matter = matter_on(tmp_path / "w", seen.url)
        ingest(matter, feeds(tmp_path / "e", 1))
        assert [item.state for item in by_path(matter).values()] == ["infrastructure"]
        embedded = replace(matter, deployment=Deployment())
        pool = SerialPool()
        with embedded.locked():
            retry(embedded, "infrastructure", None, pool, Silent())
        pool.close()
        assert len(seen.bodies) == 2
        assert [item.state for item in by_path(matter).values()] == ["warnings"]
        with matter.reader.connect() as connection:
            (profile,) = connection.execute(select(collections.c.profile)).scalars()
        assert profile["tika"] == seen.url


def test_the_watchdog_leaves_a_file_to_its_turns(tmp_path: Path) -> None:
    def hangs(handler: Handler) -> None:
        if b">1<" in handler.body:
            time.sleep(8)
        handler.say(200, GOOD)

    limits = replace(QUICK.limits, wall_seconds=2.0)
    with server(hangs) as seen:
        matter = matter_on(tmp_path / "w", seen.url)
        ingest(matter, feeds(tmp_path / "e", 3), profile=replace(QUICK, limits=limits))
    found = {Path(path).name: item for path, item in by_path(matter).items()}
    assert found["1.rss"].state == "timeout"
    assert "alone with it" in found["1.rss"].message
    assert {found[name].state for name in ("0.rss", "2.rss")} == {"warnings"}


def test_workers_with_places_of_their_own_share_their_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server(says(200, GOOD)) as seen:
        matter = matter_on(tmp_path / "w", seen.url)
        for worker in ("one", "two"):
            own = tmp_path / "machine" / "dask-scratch-space" / worker
            own.mkdir(parents=True)
            monkeypatch.setattr(place, "_own", own)
            monkeypatch.setattr(place, "_folder", tmp_path / "machine")
            ingest(matter, feeds(tmp_path / worker, 1))
    assert [path.parent for path in tmp_path.rglob("tika.lock")] == [tmp_path / "machine"]


@pytest.mark.fault
def test_a_file_that_kills_the_server_costs_no_other_its_text(tmp_path: Path) -> None:
    def dies(handler: Handler) -> None:
        if b">3<" in handler.body:
            breaks_off(handler)
        else:
            handler.say(200, GOOD)

    with server(dies) as seen:
        matter = matter_on(tmp_path / "w", seen.url)
        pool = DaskPool(2, str(tmp_path / "dask"))
        try:
            ingest(
                matter, feeds(tmp_path / "e", 12), profile=replace(QUICK, unit_items=2), pool=pool
            )
        finally:
            pool.close()
    found = {Path(path).name: item.state for path, item in by_path(matter).items()}
    assert found == {f"{n}.rss": "crashed" if n == 3 else "warnings" for n in range(12)}
    assert len(seen.bodies) == 14
