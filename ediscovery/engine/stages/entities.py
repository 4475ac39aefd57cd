"""Tags documents."""

from __future__ import annotations

from ediscovery.engine.pool import Pool
from ediscovery.engine.progress import Progress
from ediscovery.model.profile import Profile
from ediscovery.store.workspace import Matter


def tag(matter: Matter, profile: Profile, pool: Pool, progress: Progress) -> bool:
    return False
