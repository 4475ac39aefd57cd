"""What a user sees of a bug: an id on the screen, the trace in a log."""

from __future__ import annotations

import traceback
import uuid
from pathlib import Path

import click

from ediscovery.store.workspace import default_workspace


def report_bug(error: Exception, workspace: Path | None) -> None:
    """Write the trace of ``error`` to the workspace's log and tell where it stands."""
    identity = uuid.uuid4().hex[:8]
    log = (workspace or default_workspace()) / "errors.log"
    trace = "".join(traceback.format_exception(error))
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{identity}\n{trace}\n")
        where = f"The trace is in {log}"
    except OSError:
        click.echo(trace, err=True)
        where = "The trace stands above"
    click.echo(
        f"Error {identity}: this is a bug of ediscovery ({type(error).__name__}). {where}, "
        f"under {identity}; nothing that was committed is lost.",
        err=True,
    )
