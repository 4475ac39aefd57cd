"""Where this process puts files in the making: a worker of a cluster has a place of its own."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from ediscovery.store.workspace import Matter

_RECEIVED = "received"
_DASK = "dask-scratch-space"  # Dask gives each worker process a folder below it
_folder: Path | None = None
_own: Path | None = None


def empty(folder: Path) -> None:
    """Remove what worker processes wrote to a ``--scratch`` folder; traces of parsers stay."""
    for name in (_RECEIVED, _DASK):
        shutil.rmtree(folder / name, ignore_errors=True)


def take(own: Path) -> None:
    """Use ``own``, as Dask made it for this worker process, from now on, whatever the matter."""
    global _folder, _own
    _folder, _own = own.parent.parent, own


def scratch(matter: Matter) -> Path:
    """This process's folder for files in the making."""
    return _own or matter.scratch


def received(matter: Matter) -> Path:
    """For source files of ``matter`` that came to this machine; its worker processes share it."""
    which = hashlib.sha256(os.fsencode(matter.folder)).hexdigest()[:8]
    return (_folder or matter.scratch) / _RECEIVED / f"{matter.name}-{which}"


def traces(matter: Matter) -> Path:
    """The file that keeps what parsers said when they died, for whoever mends them."""
    return (_folder or matter.folder) / "parser.log"
