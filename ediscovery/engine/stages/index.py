"""Indexes."""

from __future__ import annotations

from ediscovery.engine.pool import Pool
from ediscovery.engine.progress import Progress
from ediscovery.store.workspace import Matter


def index(matter: Matter, pool: Pool, progress: Progress) -> None:
    return
