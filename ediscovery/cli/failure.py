"""What a user sees of a bug: an id on the screen, the trace in a log."""

from __future__ import annotations

import traceback
import uuid
from pathlib import Path

import click

from ediscovery.cli.common import safe
from ediscovery.model.errors import (
    EdiscoveryError,
    FinishedWithExceptions,
    Interrupted,
    TryAgain,
    our_disk_failed,
)
from ediscovery.store.workspace import default_workspace


def say(error: EdiscoveryError) -> None:
    """Print what went wrong and what to do; names from evidence are escaped.

    A finished run and a stop that was asked for are no errors, and are not called so.
    """
    no_error = isinstance(error, FinishedWithExceptions | Interrupted)
    for line in f"{'' if no_error else 'Error: '}{error.message}".split("\n"):
        click.echo(safe(line), err=True)
    for line in error.next_step.split("\n"):
        if line:
            click.echo(f"  {safe(line)}", err=True)


def infrastructure(error: Exception) -> EdiscoveryError | None:
    """The failure of this machine that ``error`` stands for, when it is one and not a bug."""
    if our_disk_failed(error):
        return TryAgain(
            f"This machine's disk failed: {error}.",
            "Free disk space, then run the same command again; what was committed stays.",
        )
    return None


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
