"""Starts and stops long work: the pool, Ctrl-C."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from ediscovery.cli.common import note
from ediscovery.engine.pool import Pool, dask_folder, open_pool
from ediscovery.model.errors import Interrupted
from ediscovery.store.workspace import Matter


@contextmanager
def pool_for(matter: Matter, workers: int | None) -> Iterator[Pool]:
    """A pool for one run on the matter's deployment; see ``open_pool`` for ``workers``.

    Ctrl-C lets it close in order; a second one ends everything at once.
    """
    pool = open_pool(matter, workers)
    if matter.deployment.dashboard_url:
        note(f"Dashboard: {matter.deployment.dashboard_url}")
    try:
        yield pool
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, _leave)
        raise
    finally:
        pool.close()
        for left in (matter.scratch, dask_folder(matter)):
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
