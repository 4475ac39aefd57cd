"""Pools give each task's result once, replace what dies, and take tasks from nobody else."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import distributed
import psutil
import pytest

from ediscovery.engine.pool import DaskPool, Pool, SerialPool, ThreadPool, open_pool
from ediscovery.model.deployment import Deployment, Workers
from ediscovery.model.errors import TryAgain
from ediscovery.store.workspace import Workspace


@pytest.fixture(scope="module", params=["serial", "threads", "dask"])
def pool(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pool]:
    kinds: dict[str, Callable[[], Pool]] = {
        "serial": SerialPool,
        "threads": lambda: ThreadPool(2),
        "dask": lambda: dask_pool(tmp_path_factory),
    }
    made = kinds[request.param]()
    yield made
    made.close()


def dask_pool(tmp_path_factory: pytest.TempPathFactory) -> DaskPool:
    return DaskPool(2, str(tmp_path_factory.mktemp("dask")))


def square(n: int) -> int:
    return n * n


def full(_: int) -> int:
    raise TryAgain("The disk is full.", "Free some.")


def killed_once(mark: str) -> int:
    """The process that runs it first dies."""
    if not os.path.exists(mark):
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def test_each_task_comes_back_once(pool: Pool) -> None:
    assert sorted(pool.run(square, range(50))) == [(n, n * n) for n in range(50)]
    assert list(pool.run(square, [])) == []
    assert pool.in_work() == []


def test_tasks_are_taken_as_they_are_needed(pool: Pool) -> None:
    taken: list[int] = []

    def endless() -> Iterator[int]:
        while True:
            taken.append(len(taken))
            yield taken[-1]

    results = pool.run(square, endless())
    for count in range(1, 20):
        task, result = next(results)
        assert result == task * task
        assert len(taken) <= count + 4
    results.close()  # type: ignore[attr-defined]


def test_what_a_task_raises_is_raised_here_whole(pool: Pool) -> None:
    with pytest.raises(TryAgain) as raised:
        list(pool.run(full, [1]))
    assert (raised.value.message, raised.value.next_step) == ("The disk is full.", "Free some.")


def test_a_worker_that_dies_is_replaced_and_its_task_done(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    pool = dask_pool(tmp_path_factory)
    try:
        ((_, pid),) = pool.run(killed_once, [str(tmp_path / "mark")])
        assert psutil.pid_exists(pid)
    finally:
        pool.close()


def together(folder: str) -> int:
    """Waits, up to two minutes, for another process that runs it."""
    Path(folder, str(os.getpid())).touch()
    for _ in range(1200):
        if len(os.listdir(folder)) > 1:
            break
        time.sleep(0.1)
    return os.getpid()


def test_processes_come_as_there_is_work(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    pool = DaskPool(2, str(tmp_path_factory.mktemp("dask")), fewest=0)
    try:
        assert pool._cluster.scheduler_info["workers"] == {}
        assert len({pid for _, pid in pool.run(together, [str(tmp_path)] * 4)}) == 2
    finally:
        pool.close()


def test_the_deployment_chooses_the_pool(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, Deployment(workers=Workers(1, 2)))
    workspace.create("acme")
    assert isinstance(open_pool(workspace.open("acme"), 0), SerialPool)
    pool = open_pool(workspace.open("acme"), None)
    try:
        assert isinstance(pool, DaskPool)
        assert pool.workers == 2 and len(pool._cluster.workers) <= 2
        assert pool._cluster._adaptive is not None
    finally:
        pool.close()


def test_nobody_else_may_give_our_workers_tasks(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    pool = dask_pool(tmp_path_factory)
    try:
        address = pool._cluster.scheduler_address
        assert address.startswith("tls://127.0.0.1:")
        stranger = distributed.Security.temporary()
        for where, security in ((address, stranger), (address.replace("tls", "tcp"), None)):
            with pytest.raises((OSError, TimeoutError, TypeError)):
                distributed.Client(where, security=security, timeout="1s")
        mine = {psutil.Process(), *psutil.Process().children(recursive=True)}
        for process in mine:
            for connection in process.net_connections("inet"):
                assert connection.laddr.ip in ("127.0.0.1", "::1"), connection
    finally:
        pool.close()


def test_nothing_runs_after_close(tmp_path_factory: pytest.TempPathFactory) -> None:
    before = {p.pid for p in psutil.Process().children(recursive=True)}
    pool = dask_pool(tmp_path_factory)
    list(pool.run(square, range(4)))
    pool.close()
    until = time.monotonic() + 20
    while time.monotonic() < until:
        left = [p for p in psutil.Process().children(recursive=True) if p.pid not in before]
        if not [p for p in left if "resource_tracker" not in " ".join(p.cmdline())]:
            return
        time.sleep(0.1)
    raise AssertionError(left)
