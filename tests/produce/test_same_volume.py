"""The same coding and specification give the same bytes, whoever renders and wherever they lie."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ediscovery.engine.pool import DaskPool, Pool, SerialPool
from ediscovery.engine.pool_cluster import ClusterPool
from ediscovery.engine.progress import Silent
from ediscovery.engine.stages.index import index
from ediscovery.model.deployment import Deployment
from ediscovery.produce import files, plan
from ediscovery.review import redactions
from ediscovery.search.backends import index_of
from ediscovery.search.grammar import parse
from ediscovery.store.workspace import Matter, Workspace
from tests.engine.clusters import Cluster
from tests.engine.matters import mail
from tests.produce.making import (
    OUTSIDE,
    bytes_of,
    code,
    failing,
    filled,
    named,
    pdf,
    produce,
    simple,
    specification,
)
from tests.servers import server
from tests.store.databases import new_database

FILES = simple(24) | {
    "privileged.eml": mail(90, "For counsel alone.", {"plain.txt": b"Enclosed"}),
    "secret.pdf": pdf("The account is 4711", "Nothing on this page"),
    "book.csv": b"a,b\r\n1,2\r\n",
}


def coded(matter: Matter, place: Path) -> Matter:
    """``matter`` with mails, texts and PDF: responsive, withheld, redacted."""
    filled(matter, place / "evidence", FILES)
    names = named(matter)
    code(matter, [names["privileged.eml"]], "privilege=privileged")
    code(matter, [names["secret.pdf"]], "privilege=redact", "confidentiality=confidential")
    redactions.add(matter, [names["secret.pdf"]], [redactions.term("4711")], "privacy")
    return matter


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("same")
    coded(Workspace(place / "home").create("acme"), place)
    return place / "home"


@pytest.fixture(scope="module")
def expected(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The volume that one process writes."""
    place = tmp_path_factory.mktemp("expected")
    shutil.copytree(home, place / "home")
    matter = Workspace(place / "home").open("acme")
    folder = produce(matter, place / "out", specification(**OUTSIDE))
    assert failing(folder, matter) == {}
    return bytes_of(folder)


@contextmanager
def _processes(matter: Matter, place: Path) -> Iterator[tuple[Matter, Pool]]:
    """Two worker processes of this machine."""
    pool = DaskPool(2, str(place / "dask"))
    try:
        yield matter, pool
    finally:
        pool.close()


@contextmanager
def _cluster(matter: Matter, place: Path) -> Iterator[tuple[Matter, Pool]]:
    """Two worker commands of a cluster."""
    with ExitStack() as stack:
        cluster = Cluster(place / "cluster", 2)
        stack.callback(cluster.close)
        there = Workspace(place / "home", cluster.deployment).open("acme")
        pool = ClusterPool(there, 2)
        stack.callback(pool.close)
        yield there, pool


@pytest.mark.parametrize("workers", [_processes, _cluster])
def test_whoever_renders(
    home: Path,
    expected: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    workers: Callable[[Matter, Path], Any],
) -> None:
    shutil.copytree(home, tmp_path / "home")
    for module in (plan, files):
        monkeypatch.setattr(module, "DOCUMENTS_TOGETHER", 3)
    with workers(Workspace(tmp_path / "home").open("acme"), tmp_path) as (matter, pool):
        folder = produce(matter, tmp_path / "out", specification(**OUTSIDE), pool=pool)
    assert bytes_of(folder) == expected
    assert not list(matter.scratch.glob("*")), "nothing of a renderer is left"


@pytest.mark.server("postgresql", "elasticsearch")
def test_wherever_the_matter_lies(expected: dict[str, Any], tmp_path: Path) -> None:
    search = server("elasticsearch")
    with new_database() as address:
        there = Deployment(catalog=address, index=search)
        # A name of its own on the server, where others run; nothing that is produced tells it.
        name = f"acme-{secrets.token_hex(6)}"
        workspace = Workspace(tmp_path / "home", there)
        matter = coded(workspace.create(name, title="acme", prefix="ACME"), tmp_path)
        pool = SerialPool()
        with matter.locked():
            index(matter, pool, Silent())
        pool.close()
        with index_of(matter).open() as target:
            found = target.matching(parse("coding:responsive=yes", matter.zone).tree).tolist()
        folder = produce(matter, tmp_path / "out", specification(**OUTSIDE), numbers=found)
        assert bytes_of(folder) == expected
        assert failing(folder, matter) == {}
