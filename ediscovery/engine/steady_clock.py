"""Has Dask measure time by a clock that does not jump. Workers load it before they start.

Dask and Tornado reckon waiting by the time of day: set back by an hour, they send nothing for an
hour; set forward, they take every worker for lost. Here they get a clock that begins at the time of
day and from then on runs as the monotonic one does.
"""

from __future__ import annotations

import sys
import time
from typing import Any

_BEGAN = time.time() - time.monotonic()


def steady() -> float:
    """Seconds since 1970 as of the start of this process, plus what has passed since."""
    return _BEGAN + time.monotonic()


def install() -> None:
    """Put the clock into every module of Dask in this process, and into Tornado's loops."""
    import distributed.metrics
    import tornado.ioloop

    jumping = distributed.metrics.time
    for name, module in list(sys.modules.items()):
        if name.startswith("distributed") and getattr(module, "time", None) is jumping:
            vars(module)["time"] = steady
    loops: Any = tornado.ioloop.IOLoop
    loops.time = lambda _loop: steady()


def dask_setup(_worker: Any) -> None:
    """What Dask calls in each worker process."""
    install()
