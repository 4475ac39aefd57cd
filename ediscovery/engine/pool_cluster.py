"""Tasks on workers that run elsewhere and come and go as they like, behind a scheduler."""

from __future__ import annotations

import contextlib
import pickle
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from ediscovery.engine import cluster, place, tasks
from ediscovery.engine.pool import Submitting, call, undisturbed
from ediscovery.engine.sight import Sight, blind, seen_from
from ediscovery.model.errors import TryAgain
from ediscovery.store import deliveries
from ediscovery.store.workspace import Matter

T = TypeVar("T")
R = TypeVar("R")
_LOOK_SECONDS = 2.0
_JOIN_SECONDS = 60


class ClusterPool(Submitting):
    """Tasks of one matter on the cluster that its deployment names.

    Workers that join later are given tasks; what a worker had when it was lost runs on another.
    """

    def __init__(self, matter: Matter, workers: int, patience: float = _JOIN_SECONDS) -> None:
        """Wait ``patience`` seconds for ``workers``, and see that all see what this process sees.

        Raises :class:`TryAgain` when scheduler or workers are missing or see another catalog or
        other packs, :class:`UsageError` when certificates or versions do not fit.
        """
        import distributed

        super().__init__()
        self._matter = matter
        self._address = matter.deployment.scheduler
        self.sees_sources = matter.deployment.shared_sources
        self._count, self._looked = 0, 0.0
        self._sight: Sight | None = None
        untyped: Any = distributed
        cluster.configure()
        trust = cluster.security(self._address)
        try:
            with undisturbed():
                try:
                    self._client = untyped.Client(
                        self._address, security=trust, timeout=cluster.CONNECT_SECONDS,
                        set_as_default=False,
                    )  # fmt: skip
                except (OSError, TimeoutError, RuntimeError) as error:
                    raise cluster.unreachable(self._address, error) from error
            cluster.agree(self._version(), "this machine")
            try:
                self._client.wait_for_workers(workers, timeout=patience)
            except TimeoutError as error:
                raise TryAgain(
                    f"The scheduler at {self._address} has {self.workers} workers, "
                    f"and {workers} were asked for.",
                    "Start workers: ediscovery --config … worker; then run the same command again.",
                ) from error
            self._sight = seen_from(matter)
            self._look_around()
        except BaseException:
            self.close()
            raise

    @property
    def workers(self) -> int:  # type: ignore[override]
        """Workers that the scheduler has now, looked up every two seconds; at least 1."""
        if time.monotonic() - self._looked > _LOOK_SECONDS or not self._looked:
            self._count = len(self._client.ncores())
            self._looked = time.monotonic()
        return max(1, self._count)

    def _version(self) -> Any:
        try:
            return self._client.sync(self._client.scheduler.ediscovery_version)
        except (OSError, TimeoutError) as error:
            raise cluster.unreachable(self._address, error) from error
        except Exception:  # a scheduler of Dask's own does not know the question
            return ""

    def _look_around(self) -> None:
        """Raise :class:`TryAgain` when a worker does not see the catalog or the packs."""
        answers = self._client.run(_answer, self._sight, on_error="return")
        problems = [
            f"Worker {worker}: {answer}" for worker, answer in sorted(answers.items()) if answer
        ]
        if problems:
            raise TryAgain(
                "\n".join(problems),
                "See docs/administrator.md, what a worker machine needs; "
                "then run the same command again.",
            )

    def _pack(self, function: Callable[[T], R], task: T) -> tuple[Callable[[bytes], bytes], bytes]:
        return _call, pickle.dumps((self._sight, pickle.dumps((function, task))))

    def run(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[tuple[T, R]]:
        from asyncio import CancelledError

        from distributed.client import FutureCancelledError
        from distributed.scheduler import NoWorkerError

        try:
            yield from super().run(function, tasks)
        except (CancelledError, FutureCancelledError) as error:
            raise TryAgain(
                f"The scheduler at {self._address} went away.",
                "What was committed stays; run the same command again when it is back.",
            ) from error
        except NoWorkerError as error:
            raise TryAgain(
                f"The scheduler at {self._address} has no worker any more.",
                "Start workers, then run the same command again; what was committed stays.",
            ) from error

    def close(self) -> None:
        if self._client is None:
            return
        with contextlib.suppress(Exception):  # workers clean up after themselves too
            if self._client.status == "running":
                self._client.run(tasks.forget, self._matter.identity, on_error="ignore")
        with contextlib.suppress(TimeoutError, OSError):
            self._client.close(timeout=20)
        if self._sight is not None:
            with contextlib.suppress(TryAgain):
                deliveries.of(self._matter).clear()


_seen: set[str] = set()  # probes of the runs whose stores this worker sees


def _answer(sight: Sight) -> str:
    """What this worker does not see, as a sentence; ``""`` when all is well."""
    if sight.probe in _seen:
        return ""
    found = blind(sight)
    if not found:
        _seen.add(sight.probe)
    return found


def _call(packed: bytes) -> bytes:
    """As :func:`call`, in a worker that may have joined a moment ago."""
    import distributed

    sight, inner = pickle.loads(packed)  # noqa: S301 - made by the coordinator
    untyped: Any = distributed
    worker = untyped.get_worker()
    place.take(Path(worker.local_directory))
    problem = _answer(sight)
    if problem:
        raise TryAgain(
            f"Worker {worker.address}: {problem}",
            "See docs/administrator.md, what a worker machine needs; "
            "then run the same command again.",
        )
    return call(inner)
