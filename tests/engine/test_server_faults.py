"""Elasticsearch stops in a load, PostgreSQL cuts connections: the next run completes the matter."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from ediscovery.engine.pool import SerialPool
from ediscovery.engine.progress import Silent
from ediscovery.engine.stages import index
from ediscovery.engine.tasks import read_unit
from ediscovery.engine.verify import verify
from ediscovery.model.deployment import Deployment
from ediscovery.model.errors import TryAgain
from ediscovery.model.profile import Profile
from ediscovery.search import elastic_index
from ediscovery.search.backends import index_of
from ediscovery.search.grammar import parse
from ediscovery.store.workspace import Matter, Workspace
from tests.engine.matters import QUICK, dump, ingest, make, new
from tests.servers import server
from tests.services.elasticsearch import Elasticsearch
from tests.services.place import free_port, home
from tests.services.server import with_children
from tests.store.databases import new_database, signed_in

pytestmark = pytest.mark.fault

_STORED = ("source_file", "item", "document", "mention", "paragraph")


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("evidence") / "e", 120)


@pytest.fixture(scope="module")
def undisturbed(evidence: Path, tmp_path_factory: pytest.TempPathFactory) -> Matter:
    matter = new(tmp_path_factory.mktemp("expected"))
    ingest(matter, evidence)
    return matter


class Disturbed(SerialPool):
    """Does something when so many results of ``function`` are there."""

    def __init__(
        self, function: Callable[[Any], Any], results: int, act: Callable[[], None]
    ) -> None:
        super().__init__()
        self._function, self._results, self._act = function, results, act

    def run(self, function: Any, tasks: Any) -> Iterator[tuple[Any, Any]]:
        for result in super().run(function, tasks):
            if function is self._function:
                self._results -= 1
                if not self._results:
                    self._act()
            yield result


def disturbed(matter: Matter, evidence: Path, pool: Disturbed, profile: Profile = QUICK) -> None:
    try:
        ingest(matter, evidence, profile=profile, pool=pool)
    finally:
        pool.close()


def same(matter: Matter, undisturbed: Matter) -> None:
    """Both hold and find the same, and this one proves itself."""
    ours, theirs = dump(matter), dump(undisturbed)
    for name in _STORED:
        assert ours[name] == theirs[name], name
    with index_of(matter).open() as one, index_of(undisturbed).open() as other:
        assert list(one.versions()) == list(other.versions())
        for query in ("breach", "contract w/3 payment", "type:mail AND lawyer", "sett*"):
            tree = parse(query).tree
            assert list(one.matching(tree)) == list(other.matching(tree)), query
    proven = verify(matter, Silent())
    assert proven["holds"], [c for c in proven["checks"] if c["problems"]]


# -- Elasticsearch ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def node() -> Iterator[Elasticsearch]:
    """A node of these tests' own, to be stopped and killed."""
    server("elasticsearch")  # where none is wanted, this one is not either
    with TemporaryDirectory(dir=home()) as place:
        os.chmod(place, 0o755)  # it runs as another user
        made = Elasticsearch(Path(place) / "node")
        made.heap = "512m"
        made.install()
        made.start()
        yield made
        made.stop()


def patient(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    defaults = elastic_index.ElasticPlace.__init__.__kwdefaults__
    monkeypatch.setitem(defaults, "patience", seconds)


def on(node: Elasticsearch, place: Path) -> Matter:
    url = node.variables()["EDISCOVERY_TEST_ELASTICSEARCH"]
    return Workspace(place, Deployment(index=url)).create(place.name.replace("_", "-"))


@pytest.mark.server("elasticsearch")
def test_elasticsearch_restarted_during_a_load_is_waited_for(
    node: Elasticsearch,
    evidence: Path,
    undisturbed: Matter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(index, "_TASK_NUMBERS", 15)
    patient(monkeypatch, 240.0)
    matter = on(node, tmp_path / "restarted")
    again: list[threading.Thread] = []

    def restart() -> None:
        with_children(int((node.folder / "pid").read_text().split()[0]), signal.SIGKILL)
        while node.running() or free_port(node.port) != node.port:
            time.sleep(0.05)
        again.append(threading.Thread(target=node.start))
        again[0].start()

    try:
        disturbed(matter, evidence, Disturbed(index.index_slice, 3, restart))
    finally:
        for thread in again:
            thread.join()
    assert again
    same(matter, undisturbed)


@pytest.mark.server("elasticsearch")
def test_elasticsearch_that_stays_away_stops_the_run_and_the_same_command_goes_on(
    node: Elasticsearch,
    evidence: Path,
    undisturbed: Matter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(index, "_TASK_NUMBERS", 15)
    matter = on(node, tmp_path / "away")
    with monkeypatch.context() as hasty:
        patient(hasty, 1.0)
        with pytest.raises(TryAgain, match="Elasticsearch"):
            disturbed(matter, evidence, Disturbed(index.index_slice, 3, node.stop))
    node.start()
    ingest(matter, evidence)
    same(matter, undisturbed)


# -- PostgreSQL ------------------------------------------------------------------------------------


@pytest.mark.server("postgresql")
@pytest.mark.parametrize("results", [1, 3])
def test_connections_that_are_cut_stop_the_run_and_the_same_command_goes_on(
    evidence: Path, undisturbed: Matter, tmp_path: Path, results: int
) -> None:
    profile = replace(QUICK, unit_items=20)
    with new_database() as address:
        matter = Workspace(tmp_path, Deployment(catalog=address)).create("acme")
        cuts: list[int] = []

        def cut() -> None:
            with signed_in(address) as connection:
                row = connection.execute(
                    "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid() "
                    "AND backend_type = 'client backend'"
                ).fetchone()
            assert row is not None
            cuts.append(int(row[0]))

        with pytest.raises(TryAgain, match=r"catalog|lock"):
            disturbed(matter, evidence, Disturbed(read_unit, results, cut), profile)
        assert cuts and cuts[0] >= 2  # the lock's connection and one that works
        ingest(matter, evidence, profile=profile)
        same(matter, undisturbed)
