"""Runs the product's command as a user would, and measures time and memory of its process tree."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

COMMAND = [sys.executable, "-c", "from ediscovery.cli import main; main()"]


@dataclass
class Run:
    """One run: wall and CPU seconds, peak resident bytes of coordinator and of each worker."""

    seconds: float
    cpu_seconds: float
    coordinator_peak: int
    worker_peak: int
    output: str = ""


@dataclass
class Figure:
    """One line of the table."""

    what: str
    target: str
    value: str
    reached: bool | None
    detail: str = ""


@dataclass
class Settings:
    """What the command line of the benchmarks decided."""

    corpora: Path
    scratch: Path
    runs: int = 3
    scale: float = 1.0
    figures: list[Figure] = field(default_factory=list)


def ediscovery(home: Path, *arguments: str, watch: bool = False) -> Run:
    """Run one command in workspace ``home``; raises when it fails (exit code 3 is no failure)."""
    environment = os.environ | {"EDISCOVERY_HOME": str(home)}
    started = time.perf_counter()
    before = os.times()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([*COMMAND, *arguments], env=environment, stdout=out, stderr=out)
        peaks = _Peaks(process.pid) if watch else None
        code = process.wait()
        after = os.times()
        seconds = time.perf_counter() - started
        if peaks:
            peaks.stop()
        out.seek(0)
        output = out.read().decode(errors="replace")
    if code not in (0, 3):
        raise SystemExit(f"{' '.join(arguments)} ended with {code}:\n{output[-3000:]}")
    cpu = (after.children_user + after.children_system) - (
        before.children_user + before.children_system
    )
    return Run(
        seconds, cpu, peaks.coordinator if peaks else 0, peaks.worker if peaks else 0, output
    )


class _Peaks(threading.Thread):
    """Samples the resident memory of a process and its descendants ten times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(pid)
        self._done = threading.Event()
        self.coordinator = self.worker = 0
        self.start()

    def run(self) -> None:
        while not self._done.wait(0.1):
            try:
                self.coordinator = max(self.coordinator, self._process.memory_info().rss)
                for child in self._process.children(recursive=True):
                    self.worker = max(self.worker, child.memory_info().rss)
            except psutil.Error:
                continue

    def stop(self) -> None:
        self._done.set()
        self.join()


def median(runs: int, once: Callable[[], float]) -> tuple[float, list[float]]:
    """The median of ``runs`` results of ``once``, and all of them."""
    values = [once() for _ in range(runs)]
    return statistics.median(values), values


def machine() -> str:
    """The machine and the interpreter in one line."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    memory = psutil.virtual_memory().total / 2**30
    cores = len(os.sched_getaffinity(0))
    python = f"CPython {platform.python_version()}, {addition():.0f} ns an addition"
    system = f"{platform.system()} {platform.release()}"
    return f"{model}, {cores} cores, {memory:.0f} GiB, {system}, {python}"


def addition() -> float:
    """Nanoseconds of one turn of a bare loop: what this interpreter makes of this machine."""
    turns = 2_000_000
    started, total = time.process_time(), 0
    for number in range(turns):
        total += number
    return (time.process_time() - started) / turns * 1e9
