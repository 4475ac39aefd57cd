"""What one work unit is, as plain data that travels between processes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ediscovery.model.profile import Profile, from_dict


@dataclass(slots=True)
class Source:
    """Where the bytes of a unit's root lie: in a source file or as a member of a pack."""

    path: bytes
    offset: int = 0
    length: int | None = None  # None: to the end
    method: int = 0  # ZIP method of a pack's member
    shown: str = ""  # full path text of the item
    position: str = ""
    sha256: str = ""  # as in the manifest; another one now means that the file changed
    modified_ns: int | None = None
    accessed_ns: int | None = None
    state: str = "ok"  # of the manifest: unreadable, special and changed files are not opened
    message: str = ""


@dataclass(slots=True)
class Unit:
    """One task: some source files, a range of a container's children, or one item again.

    ``known`` is the row of a container that was read before (kind ``range``); ``root`` is the row
    of the item to be read again (kind ``retry``).
    """

    collection: int
    name: str
    kind: str
    sources: list[Source]
    start: int = 0
    stop: int = 0
    hint: Any = None
    known: list[Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Unit:
        return Unit(**{**data, "sources": [Source(**s) for s in data["sources"]]})


@dataclass(slots=True)
class Job:
    """What all units of a run share."""

    profile: dict[str, Any]
    passwords: tuple[str, ...]
    packs: str  # folder of the finished packs
    scratch: str
    readable: tuple[str, ...]  # folders of the sources, for the sandbox

    def loaded(self) -> Profile:
        return from_dict(self.profile)


@dataclass(slots=True)
class Outcome:
    """What a finished unit gives the coordinator.

    ``batches`` are MessagePack arrays of item rows in the order of ``model.items.COLUMNS``, JSON
    columns already as text. ``cuts`` are containers left for other units: row and ranges.
    ``note`` is what went wrong with the container of a range: state and message.
    """

    name: str
    batches: list[bytes]
    cuts: list[tuple[list[Any], list[tuple[int, int, Any]]]]
    note: tuple[str, str] | None
    items: int
    bytes: int
    pack: str
    pack_sha256: str
    seconds: float
    cpu_seconds: float
    restarts: int
    isolation: str
