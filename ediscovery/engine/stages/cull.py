"""Sets documents aside by the profile's rules, before they are numbered; each keeps its rule."""

from __future__ import annotations

from ediscovery.model.profile import Profile
from ediscovery.store.workspace import Matter


def cull(matter: Matter, collection: int, profile: Profile) -> None:
    return
