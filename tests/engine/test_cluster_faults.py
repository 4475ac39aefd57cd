"""Workers are killed and frozen, the scheduler goes, clocks jump: nothing is lost or doubled."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ediscovery.engine import run
from ediscovery.engine.pool_cluster import ClusterPool
from ediscovery.engine.progress import Silent
from ediscovery.engine.tasks import UnitTask, close_sandbox, read_unit
from ediscovery.engine.verify import verify
from ediscovery.model.errors import TryAgain
from ediscovery.store.tables import units
from ediscovery.store.workspace import Matter, Workspace
from tests.engine.clusters import CHECKOUT, Cluster, jumping_clock
from tests.engine.kills import _unused
from tests.engine.matters import QUICK, dump, ingest, make, new

pytestmark = pytest.mark.fault

PROFILE = replace(QUICK, unit_items=2)
# A worker that is silent for as long is given up; Dask does not go below five seconds.
IMPATIENT = {
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "5s",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s",
}


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("evidence") / "e", 60)


@pytest.fixture(scope="module")
def expected(evidence: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    matter = new(tmp_path_factory.mktemp("expected"))
    ingest(matter, evidence, profile=PROFILE)
    return dump(matter)


class Disturbed(ClusterPool):
    """Does something to the cluster when ``results`` units were read, and others are in work."""

    def __init__(self, matter: Matter, act: Callable[[], None], results: int = 4) -> None:
        super().__init__(matter, 3)
        self._act, self._results = act, results

    def run(self, function, tasks):  # type: ignore[no-untyped-def]
        for result in super().run(function, tasks):
            if function is read_unit:
                self._results -= 1
                if not self._results:
                    assert len(self._waiting) >= 3, "every worker has something to lose"
                    self._act()
            yield result


def disturbed(cluster: Cluster, home: Path, evidence: Path, act: Callable[[], None]) -> Matter:
    matter = cluster.matter(home)
    pool = Disturbed(matter, act)
    try:
        ingest(matter, evidence, profile=PROFILE, pool=pool)
    finally:
        pool.close()
    return matter


def undamaged(matter: Matter, expected: dict[str, list[Any]]) -> None:
    assert dump(matter) == expected
    assert verify(matter, Silent())["holds"]
    assert _unused(matter) == []
    assert not (matter.folder / "deliveries").exists()


def test_a_worker_that_is_killed_costs_its_units_only(
    evidence: Path, expected: dict[str, list[Any]], tmp_path: Path
) -> None:
    """The whole command of one worker; of another the process alone, which is replaced."""
    cluster = Cluster(tmp_path / "c", hidden=[evidence])

    def act() -> None:
        cluster.signal(cluster.workers[0], signal.SIGKILL)
        os.kill(worker_process(cluster.workers[1]), signal.SIGKILL)

    try:
        matter = disturbed(cluster, tmp_path / "w", evidence, act)
        assert cluster.workers[1].poll() is None
    finally:
        cluster.close()
    undamaged(matter, expected)


def worker_process(command: subprocess.Popen[bytes]) -> int:
    import psutil

    for process in psutil.Process(command.pid).children(recursive=True):
        if "multiprocessing.spawn" in " ".join(process.cmdline()):
            return process.pid
    raise AssertionError("no worker process")


def test_a_frozen_worker_is_given_up_and_does_no_harm_when_it_wakes(
    evidence: Path, expected: dict[str, list[Any]], tmp_path: Path
) -> None:
    cluster = Cluster(tmp_path / "c", hidden=[evidence], environment=IMPATIENT)
    frozen = cluster.workers[0]
    try:
        matter = disturbed(
            cluster, tmp_path / "w", evidence, lambda: cluster.signal(frozen, signal.SIGSTOP)
        )
        undamaged(matter, expected)
        before = {path.name: path.read_bytes() for path in matter.packs.folder.iterdir()}
        cluster.signal(frozen, signal.SIGCONT)
        # It goes on with the unit that it had, finds its scheduler's door closed, and ends.
        assert frozen.wait(120) == TryAgain.exit_code, cluster.log("worker0")
    finally:
        cluster.close()
    assert {path.name: path.read_bytes() for path in matter.packs.folder.iterdir()} == before
    undamaged(matter, expected)


def test_a_unit_that_is_read_again_after_its_commit_changes_nothing(
    evidence: Path, expected: dict[str, list[Any]], tmp_path: Path
) -> None:
    """What a worker does that wakes up late: its packs are the same bytes under the same names."""
    matter = new(tmp_path)
    ingest(matter, evidence, profile=PROFILE)
    before = {path.name: path.read_bytes() for path in matter.packs.folder.iterdir()}
    job = run.job(matter, 1)
    with matter.reader.connect() as connection:
        rows = connection.execute(select(units.c.name, units.c.kind, units.c.spec)).all()
    for row in random.Random(1).sample(rows, 8):
        outcome = read_unit(UnitTask(job, 1, row.name, row.kind, row.spec))
        assert outcome.pack == f"{row.name}.zip"
    close_sandbox()
    assert {path.name: path.read_bytes() for path in matter.packs.folder.iterdir()} == before
    undamaged(matter, expected)


def test_a_scheduler_that_goes_away_stops_the_run_and_the_same_command_goes_on(
    evidence: Path, expected: dict[str, list[Any]], tmp_path: Path
) -> None:
    cluster = Cluster(tmp_path / "c", hidden=[evidence])

    def act() -> None:
        assert cluster.scheduler is not None
        cluster.scheduler.kill()
        cluster.scheduler.wait()

    try:
        with pytest.raises(TryAgain, match="went away"):
            disturbed(cluster, tmp_path / "w", evidence, act)
        for worker in cluster.workers:
            assert worker.wait(120) == TryAgain.exit_code
        cluster.start_scheduler()
        begun = [cluster.begin_worker() for _ in range(3)]
        for name in begun:
            cluster.wait(name, "joined")
        matter = Workspace(tmp_path / "w", cluster.deployment).open("acme")
        with matter.reader.connect() as connection:
            states = list(connection.execute(select(units.c.state)).scalars())
        assert 3 <= states.count("done") < len(states)
        pool = ClusterPool(matter, 3)
        try:
            ingest(matter, evidence, profile=PROFILE, pool=pool)
        finally:
            pool.close()
    finally:
        cluster.close()
    undamaged(matter, expected)


def test_clocks_that_jump_end_nothing(
    evidence: Path, expected: dict[str, list[Any]], tmp_path: Path
) -> None:
    """The time of every process jumps by days, in both directions, all through the run."""
    jumping = jumping_clock(tmp_path / "clock")
    cluster = Cluster(tmp_path / "c", hidden=[evidence], environment=jumping)
    profile = tmp_path / "profile.yaml"
    profile.write_text("extends: fast\nlanguage: false\npersonal_data: false\nunit_items: 2\n")
    matter = cluster.matter(tmp_path / "w")
    command = cluster.command(
        "--workspace", str(tmp_path / "w"), "ingest", str(evidence), "--matter", "acme",
        "--custodian", "Jane Roe", "--profile", str(profile), "--workers", "3",
    )  # fmt: skip
    try:
        environment = os.environ | {"PYTHONPATH": f"{jumping['PYTHONPATH']}:{CHECKOUT}"}
        log = tmp_path / "log"
        with open(log, "wb") as out:
            process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
        jumps = 0
        while process.poll() is None:
            jumps += 1
            (tmp_path / "clock" / "jump").write_text(str(random.Random(jumps).choice(
                (0, 86_400 * 3, -86_400 * 3)
            )))  # fmt: skip
            time.sleep(0.2)
        assert process.returncode in (0, 3), log.read_text()
    finally:
        cluster.close()
    assert jumps > 5
    with matter.reader.connect() as connection:
        assert set(connection.execute(select(units.c.restarts)).scalars()) == {0}
    undamaged(matter, expected)


def test_a_worker_whose_disk_is_full_blames_no_document(
    evidence: Path, expected: dict[str, list[Any]], tmp_path: Path
) -> None:
    cluster = Cluster(tmp_path / "c", 2, hidden=[evidence])
    try:
        full = cluster.workers[cluster.start_worker(disk="1m")]
        fill = f"cat /dev/zero > {tmp_path / 'c' / 'worker2' / 'fill'}"
        subprocess.run(["nsenter", "-t", str(full.pid), "--mount", "sh", "-c", fill], check=False)
        matter = cluster.matter(tmp_path / "w")
        pool = ClusterPool(matter, 3)
        try:
            with pytest.raises(TryAgain, match=r"disk|space"):
                ingest(matter, evidence, profile=PROFILE, pool=pool)
        finally:
            pool.close()
        cluster.signal(full, signal.SIGKILL)
        full.wait()
        pool = ClusterPool(matter, 2)
        try:
            ingest(matter, evidence, profile=PROFILE, pool=pool)
        finally:
            pool.close()
    finally:
        cluster.close()
    undamaged(matter, expected)
