"""What more workers bring: two against one, and a model of many from what can't be shared out.

Reading, hashing and indexing are shared out; what the coordinator does between the results is not,
and neither are the stages that are set operations over the catalog. While workers read, the
coordinator commits, so a stage takes as long as the slower of the two.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.mail import ingest, prepare
from benchmarks.measure import Figure, Settings, median
from ediscovery.engine import collect
from ediscovery.engine import run as runs
from ediscovery.engine.pool import SerialPool
from ediscovery.engine.progress import Silent
from ediscovery.engine.stages import cull, dedupe, index, number, read, settle
from ediscovery.model.profile import load
from ediscovery.store.workspace import Workspace

_MANY = (4, 16, 64)


class Measured(SerialPool):
    """One task at a time: seconds inside tasks, and around them, by the tasks' function."""

    def __init__(self, *, sees_sources: bool) -> None:
        super().__init__()
        self.sees_sources = sees_sources
        self.inside: Counter[str] = Counter()
        self.around: Counter[str] = Counter()

    def run(self, function: Any, tasks: Any) -> Iterator[tuple[Any, Any]]:
        name = function.__name__

        def timed(task: Any) -> Any:
            started = perf_counter()
            try:
                return function(task)
            finally:
                self.inside[name] += perf_counter() - started

        started, before = perf_counter(), self.inside[name]
        yield from super().run(timed, tasks)
        self.around[name] += perf_counter() - started - (self.inside[name] - before)


@dataclass
class Costs:
    """Seconds a document: of a stage's tasks, of the coordinator beside them, of stages alone."""

    shared: dict[str, float]
    beside: dict[str, float]
    alone: dict[str, float]

    def seconds(self, workers: int) -> tuple[float, str]:
        """Seconds a document with so many workers, and what takes the most of them."""
        parts = {f"{name} by the coordinator": cost for name, cost in self.alone.items()}
        for name, cost in self.shared.items():
            kept, given = self.beside[name], cost / workers
            parts[f"{name} by {'the coordinator' if kept > given else 'workers'}"] = max(
                kept, given
            )
        return sum(parts.values()), max(parts, key=lambda part: parts[part])


def costs(settings: Settings, folder: Path, count: int, *, sees_sources: bool) -> Costs:
    """Measure every part of one ingest of ``folder``, one after the other in this process."""
    home = settings.scratch / "home"
    shutil.rmtree(home, ignore_errors=True)
    matter = Workspace(home).create("bench")
    profile = load("fast")
    pool = Measured(sees_sources=sees_sources)
    alone: dict[str, float] = {}

    def timed(name: str, function: Any, *arguments: Any) -> Any:
        started, before = perf_counter(), sum(pool.inside.values()) + sum(pool.around.values())
        result = function(*arguments)
        pooled = sum(pool.inside.values()) + sum(pool.around.values()) - before
        alone[name] = alone.get(name, 0.0) + perf_counter() - started - pooled
        return result

    with matter.locked():
        begun = timed("listing files", runs.begin, matter, [folder], "Jane Roe", profile)
        chosen = begun.collection
        timed(
            "custody", collect.take_custody, matter, chosen, begun.entries, pool, Silent()
        )  # fmt: skip
        job = runs.job(matter, chosen)
        timed("cutting units", read.plan, matter, chosen, profile)
        timed("reading", read.read, matter, chosen, job, pool, Silent())
        timed("settling", settle.settle, matter, chosen)
        timed("culling", cull.cull, matter, chosen, profile)
        timed("numbering", number.number, matter, chosen)
        timed("duplicates", dedupe.dedupe, matter, profile.dedupe)
        timed("finishing", runs.finish, matter, chosen)
        timed("indexing", index.index, matter, pool, Silent())
    pool.close()
    names = {"hash_files": "custody", "read_unit": "reading", "index_slice": "indexing"}
    return Costs(
        {names[name]: seconds / count for name, seconds in pool.inside.items()},
        {names[name]: seconds / count for name, seconds in pool.around.items()},
        {name: seconds / count for name, seconds in alone.items()},
    )


def run(settings: Settings) -> None:
    """Two workers against one; then four, sixteen and sixty-four by the model."""
    count = int(20_000 * settings.scale)
    folder = prepare(settings, count)
    times = {
        n: median(settings.runs, lambda n=n: ingest(settings, folder, workers=n)[0])[0]  # type: ignore[misc]
        for n in (1, 2)
    }
    share = times[1] / (2 * times[2])
    settings.figures.append(
        Figure(
            f"two workers against one, {count:,} EML", "80% efficiency", f"{share:.0%}",
            share >= 0.8, f"{times[1]:.1f} s and {times[2]:.1f} s",
        )
    )  # fmt: skip
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})  # what is started from here inherits it
    alone = median(settings.runs, lambda: ingest(settings, folder, workers=1)[0])[0]
    os.sched_setaffinity(0, cores)
    settings.figures.append(
        Figure(
            "two workers on two cores against one worker on one", "-",
            f"{alone / (2 * times[2]):.0%}", None,
            f"{alone:.1f} s; a worker, its parser and the coordinator take turns on that core",
        )
    )  # fmt: skip
    here = costs(settings, folder, count, sees_sources=True)
    apart = costs(settings, folder, count, sees_sources=False)
    for title, found in (("folder seen by workers", here), ("folder delivered", apart)):
        serial = found.alone | {f"{name} beside": cost for name, cost in found.beside.items()}
        parts = ", ".join(
            f"{name} {cost * 1e6:,.0f}"
            for name, cost in sorted(serial.items(), key=lambda item: -item[1])
            if cost >= 1e-6
        )
        settings.figures.append(
            Figure(
                f"done by the coordinator, {title}", "-",
                f"{sum(serial.values()) * 1e6:,.0f} µs a document", None, parts,
            )
        )  # fmt: skip
        for workers in _MANY:
            seconds, most = found.seconds(workers)
            gain = found.seconds(1)[0] / seconds
            settings.figures.append(
                Figure(
                    f"{workers} workers by the model, {title}", "-",
                    f"{1 / seconds:,.0f} documents/s", None,
                    f"{gain / workers:.0%} efficiency; most: {most}",
                )
            )  # fmt: skip
