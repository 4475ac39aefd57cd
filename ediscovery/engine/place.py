"""Where this process puts files in the making: a worker of a cluster has a place of its own."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ediscovery.store.workspace import Matter

_own: Path | None = None


def take(folder: Path) -> None:
    """Use ``folder`` from now on, whatever the matter."""
    global _own
    _own = folder


def scratch(matter: Matter) -> Path:
    """This process's folder for files in the making."""
    return _own or matter.scratch


def received(matter: Matter) -> Path:
    """For source files of ``matter`` that came to this machine; its worker processes share it."""
    which = hashlib.sha256(os.fsencode(matter.folder)).hexdigest()[:8]
    return scratch(matter).parent / "received" / f"{matter.name}-{which}"
