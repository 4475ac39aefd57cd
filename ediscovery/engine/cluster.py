"""A Dask cluster of ours: how its parts find and trust each other, the scheduler, the workers.

Whoever may speak to a scheduler may run any code on its workers. With ``tls://`` that takes a
certificate that the cluster's own authority signed; ``tcp://`` knows no authentication at all and
is refused beyond this machine unless the environment says that it is wanted.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import ipaddress
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ediscovery import __version__
from ediscovery.engine import place
from ediscovery.model.deployment import DASHBOARD_PORT, Deployment
from ediscovery.model.errors import TryAgain, UsageError

CONNECT_SECONDS = 30
_INSECURE = "EDISCOVERY_SCHEDULER_INSECURE"
_FILES = ("EDISCOVERY_SCHEDULER_CA", "EDISCOVERY_SCHEDULER_CERT", "EDISCOVERY_SCHEDULER_KEY")
_PORT = 8786
_ENVIRONMENT = {
    **{f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")},
    # The index's threads come and go; each with an arena of its own, memory grew with every slice.
    "MALLOC_ARENA_MAX": "1",
}


def configure() -> None:
    """Set what every process of ours that speaks Dask needs."""
    import dask
    import distributed

    dask.config.set(
        {
            "distributed.worker.daemon": True,
            "distributed.worker.profile.enabled": False,
            # Dask's own has malloc give memory back at once: 1 MiB read is 1 MiB faulted in.
            "distributed.nanny.pre-spawn-environ": _ENVIRONMENT,
            "distributed.admin.log-format": "%(message)s",
            "distributed.worker.http.routes": [],
            # Worker processes that are killed are replaced, and their tasks run again elsewhere.
            "distributed.scheduler.allowed-failures": 10,
        }
    )
    # These may be set by Dask's own means, see docs/administrator.md.
    dask.config.update_defaults(
        {"distributed": {"scheduler": {"worker-ttl": "60s", "no-workers-timeout": "120s"}}}
    )
    assert distributed
    for name in ("distributed", "tornado", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def security(address: str) -> Any:
    """What Dask needs to speak to the scheduler at ``address``; ``None`` without encryption.

    Raises :class:`UsageError` when a certificate is missing, or ``tcp://`` leaves this machine.
    """
    return _TRUST[urlsplit(address).scheme](address)


def _tcp(address: str) -> None:
    host = urlsplit(address).hostname or ""
    if not _loopback(host) and os.environ.get(_INSECURE) != "1":
        raise UsageError(
            f"{address} has no authentication: whoever reaches it runs code on every worker.",
            f"Use tls:// (docs/administrator.md), or set {_INSECURE}=1 on a network of your own.",
        )


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tls(address: str) -> Any:
    import distributed

    paths = [os.environ.get(name, "") for name in _FILES]
    for name, path in zip(_FILES, paths, strict=True):
        if not path or not os.access(path, os.R_OK):
            raise UsageError(
                f"{address} needs {name}: "
                + (f"{path} can't be read." if path else "it is not set."),
                "Give the path of a PEM file; docs/administrator.md makes one step by step.",
            )
    authority, certificate, key = paths
    untyped: Any = distributed
    made = untyped.Security(
        require_encryption=True,
        tls_ca_file=authority,
        **{f"tls_{role}_cert": certificate for role in ("client", "scheduler", "worker")},
        **{f"tls_{role}_key": key for role in ("client", "scheduler", "worker")},
    )
    try:
        made.get_connection_args("client")
    except OSError as error:
        raise UsageError(
            f"The certificates in {', '.join(_FILES)} can't be used: {error}.",
            "See docs/administrator.md for how they are made.",
        ) from error
    return made


_TRUST: dict[str, Callable[[str], Any]] = {"tcp": _tcp, "tls": _tls}


def _address(deployment: Deployment) -> str:
    if urlsplit(deployment.scheduler).scheme not in _TRUST:
        raise UsageError(
            f"Deployment {deployment.name!r} names no scheduler of a cluster.",
            "Give one that says scheduler: tls://host:8786, e.g. --config cluster",
        )
    return deployment.scheduler


def agree(version: Any, who: str) -> None:
    """Raises :class:`UsageError` when a scheduler runs another version of this package."""
    if version != __version__:
        raise UsageError(
            f"The scheduler runs ediscovery {version or '(no version)'}, {who} {__version__}.",
            "Install the same version everywhere; start schedulers by: ediscovery scheduler",
        )


def unreachable(address: str, error: BaseException) -> TryAgain:
    """What it means that the scheduler at ``address`` does not answer."""
    cause = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return TryAgain(
        f"The scheduler at {address} does not answer: {cause or type(cause).__name__}.",
        "See that it runs, that its port is open and that the certificates are of one authority.",
    )


def serve_scheduler(deployment: Deployment, listen: str, ready: Callable[[str, str], None]) -> None:
    """Run the scheduler until SIGTERM or SIGINT. ``listen``: host to bind, ``""``: as deployed.

    ``ready`` gets its address and that of its dashboard. Raises :class:`TryAgain` when the port is
    taken.
    """
    import distributed

    configure()
    address = _address(deployment)
    parts = urlsplit(address)
    trust = security(address)
    page = urlsplit(deployment.dashboard_url)
    host = listen or parts.hostname or ""
    untyped: Any = distributed

    async def run() -> None:
        stop = _stop_signal()
        try:
            scheduler = await untyped.Scheduler(
                host=host,
                port=parts.port or _PORT,
                protocol=f"{parts.scheme}://",
                security=trust,
                dashboard=True,
                dashboard_address=f"{host}:{page.port or DASHBOARD_PORT}",
            )
        except (OSError, ValueError) as error:
            raise TryAgain(
                f"The scheduler can't listen on {host}:{parts.port or _PORT}: {error}.",
                "Stop what uses that port, or name another host by --listen.",
            ) from error
        scheduler.handlers["ediscovery_version"] = _version
        ready(scheduler.address, deployment.dashboard_url)
        await stop.wait()
        await scheduler.close(reason="stopped")

    asyncio.run(run())


def _version() -> str:
    return __version__


def serve_workers(
    deployment: Deployment, workers: int, scratch: Path, ready: Callable[[], None]
) -> None:
    """Run ``workers`` worker processes until SIGTERM or SIGINT, or until the scheduler goes away.

    A process that dies is replaced. ``ready`` is called when all have joined. Raises
    :class:`TryAgain` when the scheduler does not answer or goes away, :class:`UsageError` when it
    runs another version.
    """
    import dask
    import distributed

    configure()
    address = _address(deployment)
    trust = security(address)
    dask.config.set({"temporary-directory": str(scratch)})
    untyped: Any = distributed

    def nanny() -> Any:
        return untyped.Nanny(
            address,
            nthreads=1,
            security=trust,
            memory_limit=0,  # the sandbox bounds what evidence may take
            local_directory=str(scratch),
            dashboard=False,
            silence_logs=logging.CRITICAL,
        )

    async def run() -> bool:
        stop = _stop_signal()
        await _same_version(address, trust)
        nannies = [nanny() for _ in range(workers)]
        try:
            try:
                await asyncio.gather(*nannies)
            except (OSError, RuntimeError, TimeoutError) as error:
                raise unreachable(address, error) from error
            ready()
            asked = asyncio.create_task(stop.wait())
            left = asyncio.gather(*(one.finished() for one in nannies))
            left.add_done_callback(lambda _: asked.cancel())
            with contextlib.suppress(asyncio.CancelledError):
                await asked
            return stop.is_set()
        finally:
            await asyncio.gather(
                *(one.close(timeout=10, reason="stopped") for one in nannies),
                return_exceptions=True,
            )

    with _own_scratch(scratch):
        wanted = asyncio.run(run())
    if not wanted:
        raise TryAgain(
            f"The scheduler at {address} went away.", "Start this command again when it is back."
        )


@contextmanager
def _own_scratch(scratch: Path) -> Iterator[None]:
    """Hold a scratch folder for one worker command; no evidence stays in it."""
    scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(scratch / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"Other workers use {scratch}.", "Give each worker command a --scratch of its own."
            ) from None
        place.empty(scratch)
        try:
            yield
        finally:
            place.empty(scratch)


async def _same_version(address: str, trust: Any) -> None:
    from distributed import core

    arguments = {} if trust is None else {"connection_args": trust.get_connection_args("worker")}
    untyped: Any = core
    async with untyped.rpc(address, timeout=CONNECT_SECONDS, **arguments) as scheduler:
        try:
            version = await scheduler.ediscovery_version()
        except (OSError, TimeoutError) as error:
            raise unreachable(address, error) from error
        except Exception:  # one that does not know the question
            version = ""
    agree(version, f"this worker on {socket.gethostname()}")


def _stop_signal() -> asyncio.Event:
    """Set when SIGTERM or SIGINT comes."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
