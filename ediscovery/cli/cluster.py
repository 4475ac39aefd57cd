"""``ediscovery scheduler`` and ``ediscovery worker``: the two halves of a Dask cluster."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from ediscovery.cli.common import deployment, note


@click.command()
@click.option("--listen", default="", metavar="HOST",
              help="Where to listen; default: the host that the deployment names.")  # fmt: skip
def scheduler(listen: str) -> None:
    """Run the scheduler of a Dask cluster, at the address that the deployment names.

    \b
    ediscovery --config cluster scheduler
    ediscovery --config cluster scheduler --listen 0.0.0.0

    It runs until it is stopped by Ctrl-C or SIGTERM. Its dashboard, on port 8787, shows no evidence
    and asks for no password: keep that port inside your network.
    """
    from ediscovery.engine.cluster import serve_scheduler

    def ready(address: str, dashboard: str) -> None:
        note(f"Scheduler at {address}; dashboard: {dashboard}")

    serve_scheduler(deployment(), listen, ready)


@click.command()
@click.option("--workers", type=click.IntRange(1, 512), default=1, show_default=True,
              help="Worker processes, one unit of work at a time each.")  # fmt: skip
@click.option("--scratch", type=click.Path(path_type=Path, file_okay=False),
              help="Folder of this machine for files in the making; default: one below the "
                   "system's temporary folder.")  # fmt: skip
def worker(workers: int, scratch: Path | None) -> None:
    """Run worker processes that take work from the scheduler of the deployment.

    \b
    ediscovery --config cluster worker --workers 8 --scratch /var/tmp/ediscovery

    They need this package in the scheduler's version, the deployment's file and its secrets, and
    the network to scheduler, catalog, packs and index; no folder is shared. Join and leave at any
    time: what a worker had when it went away is done by another. Ends with exit code 75 when the
    scheduler goes away, to be started again.
    """
    from ediscovery.engine.cluster import serve_workers

    chosen = deployment()

    def ready() -> None:
        note(f"{workers} workers joined {chosen.scheduler}")

    if scratch is not None:
        serve_workers(chosen, workers, scratch.absolute(), ready)
        return
    with tempfile.TemporaryDirectory(prefix="ediscovery-worker-") as folder:
        serve_workers(chosen, workers, Path(folder), ready)
