"""Where tasks run: on Dask workers here or elsewhere, or one after the other in this process."""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ediscovery.model.errors import TryAgain
from ediscovery.store.workspace import Matter

T = TypeVar("T")
R = TypeVar("R")
_STARTS = 3


class Pool(Protocol):
    """Runs a function over tasks; results come as they finish.

    ``workers``: how many tasks it works on at once, at this moment. ``sees_sources``: whether they
    can open the source files that this process sees.
    """

    @property
    def workers(self) -> int: ...

    @property
    def sees_sources(self) -> bool: ...

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
    sees_sources = True

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


class ThreadPool:
    """Threads of this process, for tasks that wait for files that only this machine sees."""

    sees_sources = True

    def __init__(self) -> None:
        self.workers = min(32, 4 * len(os.sched_getaffinity(0)))
        self._waiting: dict[Any, Any] = {}

    def run(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[tuple[T, R]]:
        source = iter(tasks)
        with ThreadPoolExecutor(self.workers) as threads:
            try:
                while True:
                    for task in islice(source, self.workers - len(self._waiting)):
                        self._waiting[threads.submit(function, task)] = task
                    if not self._waiting:
                        return
                    for done in wait(self._waiting, return_when=FIRST_COMPLETED).done:
                        yield self._waiting.pop(done), done.result()
            finally:
                for future in self._waiting:
                    future.cancel()
                self._waiting.clear()

    def in_work(self) -> list[Any]:
        return list(self._waiting.values())

    def close(self) -> None:
        return


def call(packed: bytes) -> bytes:
    """Run one task in a worker. Both ways it travels as one piece of bytes.

    Of anything else Dask measures, inspects and serialises every element, which for a list of two
    thousand file records takes ten times as long as reading the files.
    """
    function, task = pickle.loads(packed)  # noqa: S301 - made by the coordinator
    return pickle.dumps(function(task), pickle.HIGHEST_PROTOCOL)


class Submitting:
    """What pools on Dask have in common: a client that submits tasks, a few ahead."""

    workers: int

    def __init__(self) -> None:
        self._client: Any = None
        self._waiting: dict[Any, Any] = {}

    def _pack(self, function: Callable[[T], R], task: T) -> tuple[Callable[[bytes], bytes], bytes]:
        """What is called in a worker, with what."""
        return call, pickle.dumps((function, task))

    def run(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[tuple[T, R]]:
        import distributed

        source = iter(tasks)
        untyped: Any = distributed
        done = untyped.as_completed(with_results=True, loop=self._client.loop)

        def fill() -> None:
            while len(self._waiting) < self.workers * 2:
                task = next(source, None)
                if task is None:
                    return
                future = self._client.submit(*self._pack(function, task), pure=False)
                self._waiting[future] = task
                done.add(future)

        try:
            fill()
            while self._waiting:
                future, packed = next(done)
                if isinstance(packed, BaseException):
                    raise packed
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
                with contextlib.suppress(TimeoutError, OSError):
                    self._client.cancel(list(self._waiting))
                self._waiting.clear()

    def in_work(self) -> list[Any]:
        return list(self._waiting.values())[: self.workers]


class DaskPool(Submitting):
    """Tasks on a Dask cluster: worker processes of this machine, one thread each.

    There are ``workers`` of them, or with ``fewest`` as many between the two as there is work for.
    """

    sees_sources = True

    def __init__(self, workers: int, folder: str, fewest: int | None = None) -> None:
        import dask
        import distributed

        from ediscovery.engine import cluster

        super().__init__()
        untyped: Any = distributed
        cluster.configure()
        dask.config.set(
            {
                "distributed.scheduler.http.routes": [],
                "temporary-directory": folder,
                # What these watch is shown by the dashboard, which is off.
                "distributed.admin.system-monitor.interval": "10s",
                "distributed.admin.tick.interval": "1s",
            }
        )
        self.workers = workers

        def start() -> Any:
            return untyped.LocalCluster(
                n_workers=workers if fewest is None else fewest,
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
        try:
            with undisturbed():
                self._cluster = _started(start)
                self._client = untyped.Client(self._cluster)
                if fewest is not None:
                    self._cluster.adapt(minimum=fewest, maximum=workers)
        except KeyboardInterrupt:
            self.close()
            raise

    def close(self) -> None:
        # Everything is committed by now; workers that a busy machine can't stop in time are daemons
        # and end with this process.
        for part in (self._client, self._cluster):
            with contextlib.suppress(TimeoutError, OSError):
                if part is not None:
                    part.close(timeout=20)


@contextmanager
def undisturbed() -> Iterator[None]:
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


def open_pool(matter: Matter, workers: int | None) -> Pool:
    """The pool that the matter's deployment names; the serial one for 0 ``workers``.

    Here they are the processes to start, one a processor for ``None``; on a cluster those to wait
    for, one for ``None``. Raises :class:`TryAgain` when they do not come.
    """
    if workers == 0:
        return SerialPool()
    return _OPENERS[matter.deployment.scheduler.partition("://")[0]](matter, workers)


def dask_folder(matter: Matter) -> Path:
    """What Dask itself writes when it runs on this machine."""
    return matter.folder / "dask"


def _local(matter: Matter, workers: int | None) -> Pool:
    bounds = matter.deployment.workers
    if workers is None and bounds.maximum:
        return DaskPool(bounds.maximum, str(dask_folder(matter)), bounds.minimum)
    return DaskPool(workers or len(os.sched_getaffinity(0)), str(dask_folder(matter)))


def _cluster(matter: Matter, workers: int | None) -> Pool:
    from ediscovery.engine.pool_cluster import ClusterPool

    return ClusterPool(matter, workers or 1)


_OPENERS: dict[str, Callable[[Matter, int | None], Pool]] = {
    "local": _local,
    "tcp": _cluster,
    "tls": _cluster,
}
