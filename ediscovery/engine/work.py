"""What one work unit is, as plain data that travels between processes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from ediscovery.model.profile import Profile, from_dict
from ediscovery.store.workspace import Identity

# Kinds of units of a received production: its load files, and the records that these name.
LOAD_FILE, RECORDS = "load-file", "records"
RECORD = "record"  # relation of the item that a record becomes


class Source(NamedTuple):
    """Where the bytes of a unit's root lie: in a source file or as a member of a pack.

    ``length`` ``None`` means to the end; ``method`` is a pack member's ZIP method; ``shown`` the
    full path text; ``sha256`` that of the manifest, so that a change since shows; ``state`` that
    of the manifest: unreadable and special files are not opened.
    """

    path: bytes
    position: str
    shown: str
    sha256: str = ""
    modified_ns: int | None = None
    accessed_ns: int | None = None
    state: str = "ok"
    message: str = ""
    offset: int = 0
    length: int | None = None
    method: int = 0


@dataclass(slots=True)
class Unit:
    """What one task reads: some source files, a range of a container's children, or one item again.

    ``records`` are those of a received production (kinds ``records`` and ``retry``), whose files
    ``sources`` then are: see :mod:`ediscovery.engine.received`. ``known`` is the record of the
    container (kind ``range``) or item (kind ``retry``) as it was read before, its values in the
    order of ``model.items.COLUMNS``.
    """

    collection: int
    name: str
    kind: str
    sources: list[Source]
    start: int = 0
    stop: int = 0
    hint: Any = None
    known: list[Any] | None = None
    records: list[dict[str, Any]] | None = None

    @property
    def is_received(self) -> bool:
        """Whether it is of a received production: a load file or records."""
        return self.records is not None or self.kind == LOAD_FILE

    def packed(self) -> list[Any]:
        """Plain data for the parser process; :meth:`unpacked` reads it back."""
        return [getattr(self, f.name) for f in fields(self)]

    @staticmethod
    def unpacked(data: list[Any]) -> Unit:
        unit = Unit(*data)
        unit.sources = [Source(*source) for source in unit.sources]
        return unit


@dataclass(slots=True)
class Job:
    """What all units of a run share."""

    matter: Identity
    profile: dict[str, Any]
    passwords: tuple[str, ...]
    readable: tuple[str, ...]  # folders of the sources, for the sandbox
    delivered: bool = False  # the sources come to the worker, which can't see those folders

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
    pack_size: int
    records: str  # digest of the rows, see store/records.py
    seconds: float
    cpu_seconds: float
    restarts: int
    isolation: str
