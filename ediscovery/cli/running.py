"""Starts and stops long work: the pool, Ctrl-C."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from ediscovery.engine.pool import Pool, open_pool
from ediscovery.model.errors import Interrupted
from ediscovery.store.workspace import Matter


@contextmanager
def pool_for(matter: Matter, workers: int | None) -> Iterator[Pool]:
    """A pool for one run: ``workers`` processes, one a processor for ``None``.

    Ctrl-C lets it close in order; a second one ends everything at once.
    """
    if workers is None:
        workers = len(os.sched_getaffinity(0))
    pool = open_pool(workers, str(matter.folder / "dask"))
    try:
        yield pool
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, _leave)
        raise
    finally:
        pool.close()
        for left in (matter.scratch, matter.folder / "dask"):
            shutil.rmtree(left, ignore_errors=True)  # of workers that were killed


def _leave(_signal: int, _frame: object) -> None:
    os.write(2, b"Stopped at once; run the same command again to go on.\n")
    os._exit(Interrupted.exit_code)  # workers and parsers die with this process


@contextmanager
def stoppable(how_to_go_on: str) -> Iterator[None]:
    """Turn Ctrl-C into a message that says what stays and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted("Stopped. What was committed stays;", how_to_go_on + ".") from None
