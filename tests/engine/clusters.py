"""A cluster of real processes on this machine: scheduler, workers in mounts of their own."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

from ediscovery.model.deployment import load
from ediscovery.store.workspace import Matter, Workspace
from tests.engine.kills import COMMAND

CHECKOUT = Path(__file__).parents[2]
# Far beyond what a start takes on a busy machine.
_PATIENCE = 240.0


@cache
def _can_hide() -> bool:
    done = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "none", tempfile.gettempdir()],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def port() -> int:
    """A port of this machine that is free now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Cluster:
    """A scheduler and ``count`` worker commands of one process each, all in sessions of their own.

    Each worker has a file system of its own for scratch, and instead of each of ``hidden`` it sees
    an empty folder.
    """

    def __init__(
        self,
        place: Path,
        count: int = 3,
        *,
        hidden: Sequence[Path] = (),
        scheme: str = "tcp",
        environment: Mapping[str, str] | None = None,
        shared_sources: bool = False,
        config: Path | None = None,
    ) -> None:
        self.place = place
        place.mkdir(parents=True, exist_ok=True)
        self.hidden, self.environment = hidden, environment or {}
        if config is None:
            config = place / "test.yaml"
            config.write_text(
                f"scheduler: {scheme}://127.0.0.1:{port()}\n"
                f"dashboard: http://127.0.0.1:{port()}/status\n"
                f"shared_sources: {str(shared_sources).lower()}\n"
            )
        self.config, self.deployment = config, load(str(config))
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []
        try:
            self.start_scheduler()
            begun = [self.begin_worker() for _ in range(count)]
            for name in begun:
                self.wait(name, "joined")
        except BaseException:
            self.close()
            raise

    def command(self, *arguments: str) -> tuple[str, ...]:
        """The product's command on this cluster's deployment."""
        return (*COMMAND, "--config", str(self.config), *arguments)

    def start_scheduler(self) -> None:
        self.scheduler = self._start("scheduler", self.command("scheduler"))
        self.wait("scheduler", "Scheduler at")

    def start_worker(self, hidden: Sequence[Path] | None = None, *, disk: str = "100%") -> int:
        """One more worker, and wait until it has joined; returns its place in ``workers``."""
        self.wait(self.begin_worker(hidden, disk=disk), "joined")
        return len(self.workers) - 1

    def begin_worker(self, hidden: Sequence[Path] | None = None, *, disk: str = "100%") -> str:
        """``disk``: how much its scratch holds, as ``mount`` takes it."""
        if not _can_hide():
            pytest.skip("needs the right to mount, to hide folders from workers")
        name = f"worker{len(self.workers)}"
        scratch = self.place / name
        scratch.mkdir(exist_ok=True)
        covered = (*(self.hidden if hidden is None else hidden), scratch)
        steps = [
            f"mount -t tmpfs -o size={disk} none {shlex.quote(str(folder))}" for folder in covered
        ]
        run = shlex.join(self.command("worker", "--scratch", str(scratch)))
        line = " && ".join([*steps, f"exec {run}"])
        self.workers.append(
            self._start(name, ("unshare", "--mount", "sh", "-c", line), cwd=self.place)
        )
        return name

    def _start(
        self, name: str, command: Sequence[str], cwd: Path | None = None
    ) -> subprocess.Popen[bytes]:
        path = os.pathsep.join(filter(None, [self.environment.get("PYTHONPATH"), str(CHECKOUT)]))
        with open(self.place / f"{name}.log", "ab") as log:
            return subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True, cwd=cwd,
                env=os.environ | dict(self.environment) | {"PYTHONPATH": path},
            )  # fmt: skip

    def log(self, name: str) -> str:
        """What a process said."""
        path = self.place / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def wait(self, name: str, words: str) -> None:
        """Until a process has said ``words``; fails when it ends before."""
        until = time.monotonic() + _PATIENCE
        process = self.scheduler if name == "scheduler" else self.workers[int(name[6:])]
        while words not in self.log(name):
            assert process is not None
            assert process.poll() is None, f"{name} ended: {self.log(name)}"
            assert time.monotonic() < until, f"{name} does not come up: {self.log(name)}"
            time.sleep(0.05)

    def signal(self, process: subprocess.Popen[bytes], number: int) -> None:
        """Send a signal to a command and all processes below it."""
        os.killpg(process.pid, number)

    def matter(self, home: Path) -> Matter:
        """A new matter in a workspace at ``home`` on this cluster."""
        return Workspace(home, self.deployment).create("acme")

    def close(self) -> None:
        """End everything."""
        for process in [*self.workers, self.scheduler]:
            if process is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def jumping_clock(place: Path) -> dict[str, str]:
    """An environment whose processes add to the time what stands in the file ``place/jump``."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "jump").write_text("0")
    (place / "sitecustomize.py").write_text(
        "import time\n"
        "real = time.time\n"
        "def jumped():\n"
        "    try:\n"
        f"        return real() + float(open({str(place / 'jump')!r}).read())\n"
        "    except (OSError, ValueError):\n"
        "        return real()\n"
        "time.time = jumped\n"
    )
    return {"PYTHONPATH": str(place)}
