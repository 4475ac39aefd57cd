"""Where tasks run: on Dask workers of this machine, or one after the other in this process."""

from __future__ import annotations

import contextlib
import logging
import pickle
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any, Protocol, TypeVar

from ediscovery.model.errors import TryAgain

T = TypeVar("T")
R = TypeVar("R")
_STARTS = 3
_ENVIRONMENT = {
    **{f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")},
    # The index's threads come and go; each with an arena of its own, memory grew with every slice.
    "MALLOC_ARENA_MAX": "1",
}


class Pool(Protocol):
    """Runs a function over tasks; results come as they finish."""

    workers: int

    def run(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[tuple[T, R]]:
        """Yield each task with its result, in no particular order.

        ``tasks`` is taken lazily, a few ahead of what is being worked on, so it may be endless. An
        exception of a task is raised here.
        """
        ...

    def in_work(self) -> list[Any]:
        """The tasks handed out and not yet returned."""
        ...

    def close(self) -> None: ...


class SerialPool:
    """One task at a time in this process: for small jobs, and to look at a failure."""

    workers = 1

    def __init__(self) -> None:
        self._current: list[Any] = []

    def run(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[tuple[T, R]]:
        for task in tasks:
            self._current = [task]
            result = function(task)
            self._current = []
            yield task, result

    def in_work(self) -> list[Any]:
        return self._current

    def close(self) -> None:
        from ediscovery.engine.tasks import close_sandbox

        close_sandbox()


def _call(packed: bytes) -> bytes:
    """Run one task in a worker. Both ways it travels as one piece of bytes.

    Of anything else Dask measures, inspects and serialises every element, which for a list of two
    thousand file records takes ten times as long as reading the files.
    """
    function, task = pickle.loads(packed)  # noqa: S301 - made by the coordinator
    return pickle.dumps(function(task), pickle.HIGHEST_PROTOCOL)


class DaskPool:
    """Tasks on a Dask cluster: worker processes of this machine, one thread each."""

    def __init__(self, workers: int, folder: str) -> None:
        import dask
        import distributed

        untyped: Any = distributed

        # Worker processes that are killed are replaced, and their tasks run again elsewhere.
        dask.config.set(
            {
                "distributed.scheduler.allowed-failures": 10,
                "distributed.worker.daemon": True,
                "distributed.worker.profile.enabled": False,
                # What these watch is shown by the dashboard, which is off.
                "distributed.admin.system-monitor.interval": "10s",
                "distributed.admin.tick.interval": "1s",
                # Dask's own has malloc give memory back at once: 1 MiB read is 1 MiB faulted in.
                "distributed.nanny.pre-spawn-environ": _ENVIRONMENT,
                "distributed.admin.log-format": "%(message)s",
                "distributed.scheduler.http.routes": [],
                "distributed.worker.http.routes": [],
                "temporary-directory": folder,
            }
        )
        for name in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self.workers = workers

        def start() -> Any:
            return untyped.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                dashboard_address="127.0.0.1:0",  # it can't be left out; without routes it is empty
                scheduler_kwargs={"dashboard": False},
                memory_limit=0,  # the sandbox bounds what evidence may take
                # Keys of this run only: else any user of this machine could give our workers tasks.
                security=True,
                silence_logs=logging.CRITICAL,
                host="127.0.0.1",
            )

        self._cluster: Any = None
        self._client: Any = None
        try:
            with _undisturbed():
                self._cluster = _started(start)
                self._client = untyped.Client(self._cluster)
        except KeyboardInterrupt:
            self.close()
            raise
        self._waiting: dict[Any, Any] = {}

    def run(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[tuple[T, R]]:
        import distributed

        source = iter(tasks)
        untyped: Any = distributed
        done = untyped.as_completed(with_results=True)
        ahead = self.workers * 2

        def fill() -> None:
            while len(self._waiting) < ahead:
                task = next(source, None)
                if task is None:
                    return
                future = self._client.submit(_call, pickle.dumps((function, task)), pure=False)
                self._waiting[future] = task
                done.add(future)

        try:
            fill()
            while self._waiting:
                future, packed = next(done)
                task = self._waiting.pop(future)
                future.release()
                fill()
                yield task, pickle.loads(packed)  # noqa: S301 - made by our workers
                fill()
        except untyped.KilledWorker as error:
            raise TryAgain(
                f"The worker processes do not stay up: {error}",
                "Look for free memory, then run the same command again.",
            ) from error
        finally:
            if self._waiting:
                self._client.cancel(list(self._waiting))
                self._waiting.clear()

    def in_work(self) -> list[Any]:
        return list(self._waiting.values())[: self.workers]

    def close(self) -> None:
        # Everything is committed by now; workers that a busy machine can't stop in time are daemons
        # and end with this process.
        for part in (self._client, self._cluster):
            with contextlib.suppress(TimeoutError, OSError):
                if part is not None:
                    part.close(timeout=20)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let Ctrl-C wait for the end of the block, and keep it from processes started in it, or later.

    It goes to every process of the terminal and is this one's to handle: the cluster's thread, and
    so all workers that it ever starts, inherit that the signal is blocked.
    """
    resource_tracker.ensure_running()  # started later, it would unblock the signal
    came: list[int] = []
    here = threading.current_thread() is threading.main_thread()
    # Threads of libraries may take the signal although this one blocks it; hence the handler too.
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number)) if here else None
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        if here:
            signal.signal(signal.SIGINT, before)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    if came:
        raise KeyboardInterrupt


def _started(start: Callable[[], Any]) -> Any:
    """The cluster that ``start`` makes; a worker that dies meanwhile is worth another try.

    Raises :class:`TryAgain` when it does not come up.
    """
    for attempt in range(_STARTS):
        try:
            return start()
        except (OSError, RuntimeError, TimeoutError) as error:
            if attempt == _STARTS - 1:
                cause: BaseException = error
                while cause.__cause__ is not None:
                    cause = cause.__cause__
                raise TryAgain(
                    f"The worker processes do not start: {cause}",
                    "Look for free disk space and memory, then run the same command again.",
                ) from error
    return None


def open_pool(workers: int, folder: str) -> Pool:
    """A Dask pool of ``workers`` processes, or the serial one for 0."""
    return DaskPool(workers, folder) if workers else SerialPool()
